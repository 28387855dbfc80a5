"""Stores, places, categories and products on the command line."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.cli.stock_names import path_meant, question
from shelfwise.cli.stock_options import (
    FormatOption,
    LimitOption,
    ProductArgument,
    StoreOption,
    all_pages,
    find_category,
    find_place,
    find_product,
    find_store,
    number,
    opened,
    print_rows,
    user_name,
)
from shelfwise.cli.stock_photos import PhotoOption, give_photo, keep_photo
from shelfwise.errors import ConfigError, NotFoundError
from shelfwise.text import printable

__all__ = ["COMMANDS", "PANEL"]

PANEL: Final = "Stores, places, categories, products"

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
NewNameArgument = Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")]
PathArgument = Annotated[
    str, typer.Argument(metavar="PATH", help="Names from the top, such as 'Aisle 3 / Shelf 2'.")
]
CategoryOption = Annotated[
    str | None, typer.Option("--category", metavar="NAME", help="Its category; made if it is new.")
]
GtinOption = Annotated[
    str | None, typer.Option("--gtin", metavar="DIGITS", help="The number under its barcode.")
]
UnitOption = Annotated[
    str | None, typer.Option("--unit", metavar="UNIT", help="What is counted: piece, kg, l.")
]
PackOption = Annotated[str | None, typer.Option("--pack-size", metavar="N", help="Units in a pack.")]
MinimumOption = Annotated[
    str | None, typer.Option("--minimum", metavar="N", help="Below this it is low in a store.")
]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="N", help="What a store should have after an order.")
]
ArchivedOption = Annotated[bool, typer.Option("--archived", help="Those that were put away instead.")]


def stores(
    archived: ArchivedOption = False,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List the stores."""
    with opened(home, database) as book:
        rows = ((store.id, store.name) for store in book.catalogue.stores(archived))
        print_rows(
            (">number", "store"), rows, output, "No stores. Add one with: shelfwise stock add-store NAME"
        )


def add_store(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Add a store."""
    with opened(home, database) as book:
        store = book.catalogue.add_store(name, user_name(None), book.tell_change)
        typer.echo(printable(f"Added the store {store.name} ({store.id})"))


def rename_store(
    name: NameArgument, new: NewNameArgument, home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """Give a store another name."""
    with opened(home, database) as book:
        before = find_store(book.catalogue, name)
        store = book.catalogue.rename_store(before.id, new, book.tell_change)
        typer.echo(printable(f"The store is called {store.name}"))


def archive_store(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Put a store away; what was booked there stays."""
    with opened(home, database) as book:
        store = find_store(book.catalogue, name)
        book.catalogue.archive_store(store.id, book.tell_change)
        typer.echo(printable(f"Archived the store {store.name}"))


def restore_store(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Take an archived store back."""
    with opened(home, database) as book:
        store = find_store(book.catalogue, name, archived=True)
        book.catalogue.restore_store(store.id, book.tell_change)
        typer.echo(printable(f"The store {store.name} is back"))


def places(
    store: StoreOption = None,
    archived: ArchivedOption = False,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List the places of a store: aisles, shelves."""
    with opened(home, database) as book:
        shop = find_store(book.catalogue, store)
        found = book.catalogue.locations(shop.id, archived)
        rows = ((place.id, place.path or "(the store itself)") for place in found)
        print_rows((">number", "place"), rows, output, f"No places in {shop.name}.")


def add_place(
    path: PathArgument, store: StoreOption = None, home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """Add a place, and those above it that are missing."""
    with opened(home, database) as book:
        shop = find_store(book.catalogue, store)
        place = book.catalogue.location_at(shop.id, path, create=True, tell=book.tell_change)
        typer.echo(printable(f"{shop.name} has the place {place.path} ({place.id})"))


def rename_place(
    path: PathArgument,
    new: NewNameArgument,
    store: StoreOption = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Give a place another name; NEW is its last name alone."""
    with opened(home, database) as book:
        place = find_place(book.catalogue, find_store(book.catalogue, store), path)
        renamed = book.catalogue.rename_location(place.id, new, book.tell_change)
        typer.echo(printable(f"The place is {renamed.path}"))


def archive_place(
    path: PathArgument, store: StoreOption = None, home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """Put a place away; it has to be empty."""
    with opened(home, database) as book:
        place = find_place(book.catalogue, find_store(book.catalogue, store), path)
        book.catalogue.archive_location(place.id, book.tell_change)
        typer.echo(printable(f"Archived {place.path}"))


def restore_place(
    path: PathArgument, store: StoreOption = None, home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """Take an archived place back, without those within it."""
    with opened(home, database) as book:
        shop = find_store(book.catalogue, store)
        there = book.catalogue.locations(shop.id, archived=True)
        for place in there:
            if _same_path(place.path, path):
                book.catalogue.restore_location(place.id, book.tell_change)
                typer.echo(printable(f"The place {place.path} is back"))
                return
    if meant := path_meant(path, (place.path for place in there)):
        raise NotFoundError(f"there is no archived place {path!r}{question(meant)}")
    raise NotFoundError(
        f"there is no archived place {path!r}. List them with: shelfwise stock places --archived"
    )


def categories(
    archived: ArchivedOption = False,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List the categories."""
    with opened(home, database) as book:
        rows = ((each.id, each.name) for each in book.catalogue.categories(archived))
        print_rows((">number", "category"), rows, output, "No categories yet.")


def add_category(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Add a category; / stands between levels."""
    with opened(home, database) as book:
        category = book.catalogue.add_category(name, book.tell_change)
        typer.echo(printable(f"Added the category {category.name}"))


def rename_category(
    name: NameArgument, new: NewNameArgument, home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """Give a category another name."""
    with opened(home, database) as book:
        before = find_category(book.catalogue, name)
        category = book.catalogue.rename_category(before.id, new, book.tell_change)
        typer.echo(printable(f"The category is called {category.name}"))


def archive_category(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Put a category away that no product belongs to."""
    with opened(home, database) as book:
        category = find_category(book.catalogue, name)
        book.catalogue.archive_category(category.id, book.tell_change)
        typer.echo(printable(f"Archived the category {category.name}"))


def restore_category(name: NameArgument, home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Take an archived category back."""
    with opened(home, database) as book:
        found = find_category(book.catalogue, name, archived=True)
        book.catalogue.restore_category(found.id, book.tell_change)
        typer.echo(printable(f"The category {found.name} is back"))


def products(
    query: Annotated[
        str, typer.Argument(metavar="[WORDS]", help="Words of the name or category; a GTIN.")
    ] = "",
    archived: ArchivedOption = False,
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List or search the products."""
    with opened(home, database) as book:
        found = all_pages(partial(book.catalogue.products, query, archived=archived), limit)
        rows = (
            (
                each.id,
                each.name,
                each.category,
                each.gtin,
                each.unit,
                each.pack_size,
                each.minimum,
                each.target,
            )
            for each in found
        )
        headings = (">number", "product", "category", "gtin", "unit", ">pack", ">minimum", ">target")
        print_rows(headings, rows, output, "No such products.")


def add_product(
    name: NameArgument,
    category: CategoryOption = None,
    gtin: GtinOption = None,
    unit: UnitOption = None,
    pack_size: PackOption = None,
    minimum: MinimumOption = None,
    target: TargetOption = None,
    photo: PhotoOption = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Add a product."""
    with opened(home, database) as book:
        from shelfwise.inventory.records import NewProduct

        given = _fields(None, category, gtin, unit, pack_size, minimum, target)
        kept = None if photo is None else keep_photo(photo, home)
        product = book.catalogue.add_product(NewProduct(name=name, **given), book.tell_change)
        if kept is not None:
            give_photo(book, product, kept)
        typer.echo(printable(f"Added {product.name} ({product.id})"))


def change_product(
    product: ProductArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its new name.")] = None,
    category: CategoryOption = None,
    gtin: GtinOption = None,
    unit: UnitOption = None,
    pack_size: PackOption = None,
    minimum: MinimumOption = None,
    target: TargetOption = None,
    photo: PhotoOption = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Change a product; '' empties its category, GTIN, minimum or target."""
    with opened(home, database) as book:
        given = _fields(name, category, gtin, unit, pack_size, minimum, target)
        if not given and photo is None:
            raise ConfigError("nothing to change: give at least one option, such as --minimum 6")
        before = find_product(book.catalogue, product)
        kept = None if photo is None else keep_photo(photo, home)
        changed = book.catalogue.change_product(before.id, given, tell=book.tell_change)
        if kept is not None:
            changed = give_photo(book, changed, kept)
        typer.echo(printable(f"Changed {changed.name} ({changed.id})"))


def archive_product(
    product: ProductArgument, home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """Put a product away; what was booked of it stays."""
    with opened(home, database) as book:
        found = find_product(book.catalogue, product)
        book.catalogue.archive_product(found.id, book.tell_change)
        typer.echo(printable(f"Archived {found.name}"))


def restore_product(
    product: ProductArgument, home: HomeOption = None, database: DatabaseOption = None
) -> None:
    """Take an archived product back."""
    with opened(home, database) as book:
        found = find_product(book.catalogue, product)
        book.catalogue.restore_product(found.id, book.tell_change)
        typer.echo(printable(f"{found.name} is back"))


COMMANDS: Final[tuple[Callable[..., None], ...]] = (
    stores, add_store, rename_store, archive_store, restore_store,
    places, add_place, rename_place, archive_place, restore_place,
    categories, add_category, rename_category, archive_category, restore_category,
    products, add_product, change_product, archive_product, restore_product,
)  # fmt: skip


def _fields(
    name: str | None,
    category: str | None,
    gtin: str | None,
    unit: str | None,
    pack_size: str | None,
    minimum: str | None,
    target: str | None,
) -> dict[str, Any]:
    """The fields that were given; an empty text is None."""
    texts = {"name": name, "category": category, "gtin": gtin, "unit": unit}
    numbers = {"pack_size": pack_size, "minimum": minimum, "target": target}
    given: dict[str, Any] = {field: text or None for field, text in texts.items() if text is not None}
    given |= {
        field: number(text, field) if text else None for field, text in numbers.items() if text is not None
    }
    return given


def _same_path(one: str, other: str) -> bool:
    from shelfwise.inventory.exchange.finding import path_key

    return path_key(one) == path_key(other)
