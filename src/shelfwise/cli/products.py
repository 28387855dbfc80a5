"""``shelfwise products``: learn new products from a few photos, without training, and find them on others."""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from shelfwise.cli.result_file import on_one_terminal
from shelfwise.cli.tables import examples_text
from shelfwise.text import printable

if TYPE_CHECKING:
    from shelfwise.cli.progress import Progress
    from shelfwise.errors import ProductIndexError
    from shelfwise.workflows.products import Addition, ProductBook

__all__ = ["EXAMPLES", "app"]

EXAMPLES: Final = (
    "shelfwise products add 'Oat drink' oat-1.jpg oat-2.jpg --category drinks/milk --gtin 4006381333931",
    "shelfwise products match shelf/ --format csv",
    "shelfwise products correct 3fa1b2c4d5 'Oat drink'",
)

app = typer.Typer(help="Learn new products from a few photos; find them.", pretty_exceptions_enable=False)

ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="BUNDLE",
        help="The trained model. By default $SHELFWISE_MODEL, else the one that comes with Shelfwise.",
    ),
]
IndexOption = Annotated[
    Path | None,
    typer.Option(
        "--index",
        metavar="DIR",
        help="The index of products. By default $SHELFWISE_PRODUCTS or else the model's own.",
    ),
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="The product's name; capitals do not count.")
]
PhotosArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTO",
        help="Photos, folders, patterns in quotes; - is standard input: a picture or a list of paths.",
        show_default=False,
    ),
]
AnswerArgument = Annotated[
    str,
    typer.Argument(metavar="ANSWER", help="The answer's number in match or classify, or the photo's path."),
]


@app.command(
    epilog=examples_text(
        [
            "shelfwise products add 'Oat drink' oat-1.jpg oat-2.jpg oat-3.jpg",
            "shelfwise products add 'Oat drink' photos/oat/ --category drinks/milk --gtin 4006381333931",
            "shelfwise products add 'Oat drink' misplaced.jpg --move",
        ]
    )
)
def add(
    name: NameArgument,
    photos: PhotosArgument,
    category: Annotated[
        str | None, typer.Option(metavar="C", help="Its category, levels joined by /, as in drinks/milk.")
    ] = None,
    gtin: Annotated[
        str | None, typer.Option(metavar="G", help="The number under its barcode: 8, 12, 13 or 14 digits.")
    ] = None,
    move: Annotated[bool, typer.Option("--move", help="Take photos away from other products.")] = False,
    model: ModelOption = None,
    index: IndexOption = None,
) -> None:
    """Teach a product: add photos of it to the index.

    A product of a new name is made. Photos that are there already change nothing. A copy of each photo is kept, so
    that the index can be made anew for another model. A photo that cannot be read is named with its reason, the
    others are added, and the exit code is 1.
    """
    from shelfwise.cli.progress import Progress
    from shelfwise.workflows.photos import PhotoFinder

    with Progress() as progress:
        found = PhotoFinder(photos)
        count = found.count()
        book = _book(model, index, count)
        stage = progress.stage("Adding photos", count)
        addition = book.add(name, found, category=category, gtin=gtin, move=move, progress=stage)
        _tell_errors(addition, progress)
    _tell_addition(addition)
    if addition.errors:
        raise typer.Exit(1)


@app.command(
    "list",
    epilog=examples_text(["shelfwise products list", "shelfwise products list --format csv > products.csv"]),
)
def list_products(
    output: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How to write them.")
    ] = "table",
    model: ModelOption = None,
    index: IndexOption = None,
) -> None:
    """List the products of an index."""
    from shelfwise.cli.product_output import list_text
    from shelfwise.inference.products.store import ProductStore

    folder = _folder(model, index)
    there = ProductStore(folder).read_products()
    if there is None:
        raise _no_index(folder, model)
    made_by, products = there
    if output == "table":
        from shelfwise.cli.product_output import list_table
        from shelfwise.cli.tables import console

        console().print(list_table(products))
        typer.echo(
            f"They are in {printable(str(folder))}, made with the model {made_by.name} ({made_by.id})."
        )
        return
    typer.echo(list_text(products, output), nl=False)


@app.command(
    epilog=examples_text(
        ["shelfwise products remove 'Oat drink'", "shelfwise products remove 'Oat drink' --photo wrong.jpg"]
    )
)
def remove(
    name: NameArgument,
    photo: Annotated[
        Path | None, typer.Option("--photo", metavar="PHOTO", help="Remove only this photo of it.")
    ] = None,
    model: ModelOption = None,
    index: IndexOption = None,
) -> None:
    """Remove a product with its photos, or one photo of it."""
    from shelfwise.workflows.product_edits import remove_product

    product = remove_product(_folder(model, index), name, photo)
    left = f"; {_photos(len(product.photos))} left" if photo else f" with {_photos(len(product.photos))}"
    what = f"{printable(str(photo))} from {product.name}" if photo else product.name
    typer.echo(f"Removed {what}{left}")


@app.command(epilog=examples_text(["shelfwise products rename 'Oat drink' 'Oat drink 1 l'"]))
def rename(
    name: NameArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")],
    model: ModelOption = None,
    index: IndexOption = None,
) -> None:
    """Give a product another name."""
    from shelfwise.workflows.product_edits import rename_product

    product = rename_product(_folder(model, index), name, new)
    typer.echo(f"Renamed to {product.name}")


@app.command(
    epilog=examples_text(
        ["shelfwise products match photo.jpg", "shelfwise products match shelf/ --top 3 --format jsonl"]
    )
)
def match(
    photos: PhotosArgument,
    top: Annotated[int, typer.Option(metavar="K", min=1, help="Tell the K most similar products.")] = 1,
    output: Annotated[
        Literal["table", "csv", "jsonl"], typer.Option("--format", help="How to write the answers.")
    ] = "table",
    model: ModelOption = None,
    index: IndexOption = None,
) -> None:
    """Say which product is on each photo, or that it is an unknown one.

    Each answer has a number, by which `shelfwise products confirm` and `shelfwise products correct` find it again. A
    photo that cannot be read is named with its reason, the rest is done, and the exit code is 1.
    """
    from shelfwise.cli.product_output import FORMATS
    from shelfwise.cli.progress import Progress
    from shelfwise.errors import ConfigError
    from shelfwise.workflows.photos import PhotoFinder
    from shelfwise.workflows.product_folder import has_index

    folder = _folder(model, index)
    if not has_index(folder):
        raise _no_index(folder, model)
    found = PhotoFinder(photos)
    count = found.count()
    book = _book(model, folder, count)
    there = book.store.read_products()
    writer = FORMATS[output](there[1] if there else (), top)
    # Where the table and the errors go to the same terminal, the table's row says it already.
    row_is_enough = output == "table" and on_one_terminal()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    total = failed = 0
    with Progress() as progress:
        stage = progress.stage("Looking", count)
        for answer in book.match(found, top=max(top, 1), tell=progress.note):
            if answer.reason is not None:
                failed += 1
                if not row_is_enough:
                    progress.note(f"error: {printable(answer.photo)}: {printable(answer.reason)}")
            # Looked up each time: a progress bar puts itself in the place of standard output.
            sys.stdout.write(("" if total else writer.header()) + writer.row(answer))
            sys.stdout.flush()
            total += 1
            stage.advance()
    if total == 0:
        raise ConfigError(f"no photo found in {' '.join(map(printable, photos))}")
    if failed:
        raise typer.Exit(1)


@app.command(
    epilog=examples_text(["shelfwise products confirm 3fa1b2c4d5", "shelfwise products confirm photo.jpg"])
)
def confirm(answer: AnswerArgument, model: ModelOption = None, index: IndexOption = None) -> None:
    """Say that an answer was right: its photo is added to the product that it named."""
    _tell_addition(_book(model, index, 1).confirm(answer))


@app.command(
    epilog=examples_text(
        [
            "shelfwise products correct 3fa1b2c4d5 'Oat drink'",
            "shelfwise products correct photo.jpg 'Rice drink' --new",
        ]
    )
)
def correct(
    answer: AnswerArgument,
    name: NameArgument,
    new: Annotated[
        bool, typer.Option("--new", help="Make the product if there is none of this name.")
    ] = False,
    model: ModelOption = None,
    index: IndexOption = None,
) -> None:
    """Say what a photo really shows: it is added to that product, and taken away from any other."""
    _tell_addition(_book(model, index, 1).correct(answer, name, new=new))


@app.command(
    epilog=examples_text(["shelfwise products rebuild --model runs/new/bundle --index runs/old/products"])
)
def rebuild(model: ModelOption = None, index: IndexOption = None) -> None:
    """Make an index anew from the photos it has kept: for another model, or where it is damaged.

    A photo whose copy is lost is named and left out, and the exit code is 1.
    """
    from shelfwise.cli.progress import Progress

    with Progress() as progress:
        book = _book(model, index)
        rebuilt = book.rebuild(progress.stage("Looking at the photos"))
        for each in rebuilt.lost:
            progress.note(printable(f"error: {each}"))
    photos = sum(len(product.photos) for product in rebuilt.index.products)
    typer.echo(
        f"{len(rebuilt.index.products):,} products with {_photos(photos)} in {printable(str(book.store.folder))}, "
        f"made with the model {book.model.name} ({book.model.id})"
    )
    if rebuilt.lost:
        raise typer.Exit(1)


def _folder(model: Path | None, index: Path | None) -> Path:
    from shelfwise.settings import Settings
    from shelfwise.workflows.classify import find_bundle
    from shelfwise.workflows.product_folder import index_folder

    settings = Settings()
    given = index or settings.products
    if given is not None:
        return given
    return index_folder(find_bundle(model or settings.model), None, home=lambda: settings.products_home)


def _no_index(folder: Path, model: Path | None) -> ProductIndexError:
    """What to raise where there is no index: who has a shop looks for the products that its server learned."""
    from shelfwise.bundle import read_bundle
    from shelfwise.errors import ConfigError, ProductIndexError
    from shelfwise.settings import Settings
    from shelfwise.workflows.classify import find_bundle
    from shelfwise.workflows.product_folder import has_index

    settings = Settings()
    told = (
        f"{folder}: there is no index of products. Make one: shelfwise products add NAME PHOTO"
        ". A shop's server keeps its own in the shop's folder"
    )
    with contextlib.suppress(ConfigError):  # without a home folder there is no shop that is not named
        of_shop = settings.home / "products" / read_bundle(find_bundle(model or settings.model)).id
        if has_index(of_shop):
            return ProductIndexError(f"{told}: name that with --index {shlex.quote(str(of_shop))}")
    return ProductIndexError(f"{told}, products/MODEL: name that with --index")


def _book(model: Path | None, index: Path | None, photos: int | None = None) -> ProductBook:
    from shelfwise.inference.classifier import load
    from shelfwise.settings import Settings
    from shelfwise.workflows.classify import find_bundle
    from shelfwise.workflows.products import ProductBook

    bundle = find_bundle(model or Settings().model)
    return ProductBook(load(bundle, photos=photos), _folder(bundle, index))


def _tell_errors(addition: Addition, progress: Progress) -> None:
    for error in addition.errors:
        progress.note(f"error: {printable(error.source)}: {printable(error.reason)}")


def _tell_addition(addition: Addition) -> None:
    product, new, moved, known = addition.added
    parts = [f"{_photos(new)} added"]
    parts += [f"{_photos(moved)} moved here from another product"] if moved else []
    parts += [f"{_photos(known)} there already"] if known else []
    typer.echo(f"{product.name}: {', '.join(parts)}; {_photos(len(product.photos))} in all")


def _photos(count: int) -> str:
    return f"{count:,} photo{'' if count == 1 else 's'}"
