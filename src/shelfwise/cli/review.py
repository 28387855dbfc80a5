"""``shelfwise review``: the answers that a person should look at, and what people said as a set to train on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.cli.stock_options import (
    FormatOption,
    LimitOption,
    StoreOption,
    all_pages,
    find_store,
    opened,
    print_rows,
)
from shelfwise.cli.tables import examples_text
from shelfwise.text import printable, some

if TYPE_CHECKING:
    from shelfwise.answers.records import Answer
    from shelfwise.workflows.review_dataset import ReviewExport
    from shelfwise.workflows.shelf_dataset import ShelfExport

__all__ = ["EXAMPLES", "app"]

EXAMPLES: Final = (
    "shelfwise review list --kind ask",
    "shelfwise review export photos/reviewed",
    "shelfwise train photos/reviewed --out runs/reviewed",
    "shelfwise review export photos/shelves --shelves",
    "shelfwise train photos/shelves --task detect --out runs/shelves",
)

app = typer.Typer(
    help="Answers to look at; what people said of them as photos to train on.",
    pretty_exceptions_enable=False,
)

_HEADINGS: Final = (">answer", "kind", "category", ">sure", "product", "perhaps", "user", "at", "photo")


@app.command("list", epilog=examples_text(["shelfwise review list", "shelfwise review list --format csv"]))
def list_(
    kind: Annotated[
        Literal["accept", "ask", "unknown"] | None,
        typer.Option("--kind", help="Only answers of this kind: relied on, a question, or nothing known."),
    ] = None,
    store: StoreOption = None,
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List the answers that nobody has judged yet, the most doubtful first.

    People judge them in the browser, on the page Review. Without --store, those of all stores are listed.
    """
    with opened(home, database) as book:
        from shelfwise.answers.book import AnswerBook

        ask = partial(
            AnswerBook(book.database).review_queue,
            None if store is None else [find_store(book.catalogue, store).id],
            kinds=None if kind is None else [kind],
        )
        rows = (_row(each) for each in all_pages(ask, limit))
        print_rows(_HEADINGS, rows, output, "No answer waits for a person.")


@app.command(epilog=examples_text(EXAMPLES[1:]))
def export(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A new folder, or one of an earlier export, which is brought up to date."
        ),
    ],
    shelves: Annotated[
        bool,
        typer.Option(
            "--shelves", help="Shelf photos with the boxes that people corrected, in COCO form, instead."
        ),
    ] = False,
    names: Annotated[
        Literal["one", "category", "product"],
        typer.Option(
            "--names",
            help="With --shelves: call all boxes product, as a detector learns from, or name them and leave out"
            " those that nobody named.",
        ),
    ] = "one",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write the photos that people judged into a folder per category, for shelfwise train.

    The folder appears when it is complete; an earlier export gives way as a whole. Photos are linked where that is
    possible, so it takes little room. Photos of unknown things and of products without a category are left out.

    With --shelves it is the shelf photos that people corrected or booked, for shelfwise train --task detect: photos
    in images/, and their boxes in annotations.json. What was corrected on photos that were put together is on the
    single photos.
    """
    with opened(home, database) as book:
        from shelfwise.answers.book import AnswerBook
        from shelfwise.images.photo_store import PhotoStore
        from shelfwise.settings import Settings
        from shelfwise.workflows.review_dataset import export_reviewed

        photos = PhotoStore((home or Settings().home) / "photos")
        if shelves:
            from shelfwise.answers.shelf_book import ShelfBook
            from shelfwise.workflows.shelf_dataset import export_shelves

            _tell_shelves(export_shelves(ShelfBook(book.database), photos, folder, names))
            return
        _tell(export_reviewed(AnswerBook(book.database), photos, folder))


def _row(answer: Answer) -> tuple[Any, ...]:
    # Products of one category are guesses of their own, which have one name here.
    perhaps = " or ".join(dict.fromkeys(each.category for each in answer.candidates if each.category))
    return (
        answer.id,
        answer.kind,
        answer.category,
        f"{answer.confidence:.0%}",
        answer.product,
        perhaps,
        answer.user,
        answer.at,
        answer.photo[:12],
    )


def _tell_shelves(done: ShelfExport) -> None:
    photos = "1 shelf photo" if done.photos == 1 else f"{done.photos:,} shelf photos"
    categories = "1 category" if done.categories == 1 else f"{done.categories:,} categories"
    typer.echo(f"{printable(str(done.folder))}: {photos}, {done.boxes:,} boxes of {categories}")
    if done.left_out:
        numbers = some([str(number) for number in done.left_out])
        typer.echo(
            f"note: left out shelf photo {numbers}: an older Shelfwise put it together from others, and did not keep "
            "how; put these together again, and correct that",
            err=True,
        )


def _tell(done: ReviewExport) -> None:
    photos = "1 photo" if done.photos == 1 else f"{done.photos:,} photos"
    categories = "1 category" if len(done.categories) == 1 else f"{len(done.categories):,} categories"
    typer.echo(
        f"{printable(str(done.folder))}: {photos} in {categories} "
        f"({done.added:,} new, {done.moved:,} moved, {done.removed:,} removed)"
    )
    for category, reason in sorted(done.refused.items()):
        typer.echo(f"note: left out {printable(category)}: {printable(reason)}", err=True)
    if done.missing:
        typer.echo(f"note: {len(done.missing):,} photos are no longer kept: {some(done.missing)}", err=True)
    if len(done.categories) < 2:
        typer.echo("note: training needs at least two categories", err=True)
