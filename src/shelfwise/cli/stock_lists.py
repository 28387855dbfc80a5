"""Looking things up: levels, history, past days, shrinkage, what to order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.cli.stock_options import (
    FormatOption,
    LimitOption,
    PlaceOption,
    ProductArgument,
    StoreOption,
    all_pages,
    find_place,
    find_product,
    find_store,
    moment,
    opened,
    print_rows,
)
from shelfwise.errors import EntryError, NotFoundError

__all__ = ["COMMANDS", "PANEL"]

PANEL: Final = "Look up"

CategoryOption = Annotated[
    str | None, typer.Option("--category", metavar="NAME", help="Only this category and those within it.")
]
SinceOption = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From this time on.")]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before this time.")]
DaysOption = Annotated[
    int,
    typer.Option("--days", metavar="N", help="Days of sales that the rate is taken from.", min=1, max=3650),
]


def list_(
    query: Annotated[
        str, typer.Argument(metavar="[WORDS]", help="Words of the name or category; a GTIN.")
    ] = "",
    store: StoreOption = None,
    place: PlaceOption = None,
    category: CategoryOption = None,
    state: Annotated[
        Literal["out", "low", "ok"] | None, typer.Option("--state", help="Only what is out, low or fine.")
    ] = None,
    order: Annotated[
        Literal["urgency", "name", "quantity"], typer.Option("--order", help="What comes first.")
    ] = "urgency",
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List levels, what is out or low first."""
    with opened(home, database) as book:
        from shelfwise.inventory.levels import Levels

        shop = find_store(book.catalogue, store)
        ask = partial(
            Levels(book.database).stock_list,
            store_id=shop.id,
            location_id=find_place(book.catalogue, shop, place).id if place else None,
            category_id=_category(book.catalogue, category),
            query=query,
            state=state,
            order=order,
        )
        print_rows(
            _LEVEL, (_level(each) for each in all_pages(ask, limit)), output, "Nothing like that in the book."
        )


_LEVEL: Final = ("product", "category", "gtin", ">level", "unit", ">minimum", "state")


def _level(each: Any) -> tuple[Any, ...]:
    product = each.product
    return (
        product.name, product.category, product.gtin, each.quantity, product.unit, product.minimum, each.state
    )  # fmt: skip


def level(
    product: ProductArgument,
    store: StoreOption = None,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Show where a product is, and how much of it."""
    with opened(home, database) as book:
        from shelfwise.inventory.levels import Levels

        shop = find_store(book.catalogue, store)
        found = Levels(book.database).by_location(find_product(book.catalogue, product).id, shop.id)
        names = {place.id: place.path for place in book.catalogue.locations(shop.id)}
        rows = (
            (names.get(each.location_id or 0) or "(the store itself)", each.quantity, each.counted_at)
            for each in found
        )
        print_rows(("place", ">level", "last counted"), rows, output, f"{product} was never in {shop.name}.")


def history(
    product: Annotated[
        str | None, typer.Option("--product", metavar="NAME", help="Only this product.")
    ] = None,
    store: StoreOption = None,
    place: PlaceOption = None,
    kind: Annotated[
        Literal["received", "sold", "counted", "wasted", "moved", "corrected"] | None,
        typer.Option("--kind", help="Only what happened so."),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Only what this person booked.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List movements, the newest first."""
    with opened(home, database) as book:
        from shelfwise.inventory.history import History

        shop = find_store(book.catalogue, store) if store or place else None
        ask = partial(
            History(book.database).movements,
            store_id=shop.id if shop else None,
            location_id=find_place(book.catalogue, shop, place).id if shop and place else None,
            product_id=find_product(book.catalogue, product).id if product else None,
            kind=kind,
            user=by,
            since=moment(since),
            until=moment(until),
        )
        headings = (
            ">number", "time", "kind", "product", ">quantity", ">change", "store", "place", "user", "reason", "note"
        )  # fmt: skip
        print_rows(headings, map(_movement, all_pages(ask, limit)), output, "No such movements.")


def _movement(each: Any) -> tuple[Any, ...]:
    note = (
        f"undoes {each.undoes}" if each.undoes else f"undone by {each.undone_by}" if each.undone_by else None
    )
    return (
        each.id, each.at, each.kind, each.product, each.quantity, each.change, each.store, each.location, each.user,
        each.reason, note,
    )  # fmt: skip


def past(
    at: Annotated[str, typer.Argument(metavar="TIME", help="The day (its end) or the time, ISO 8601.")],
    store: StoreOption = None,
    place: PlaceOption = None,
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Show what was there at a past time, as the book knows it now."""
    with opened(home, database) as book:
        from shelfwise.inventory.levels import Levels

        shop = find_store(book.catalogue, store)
        ask = partial(
            Levels(book.database).as_of,
            shop.id,
            _end_of(at),
            location_id=find_place(book.catalogue, shop, place).id if place else None,
        )
        rows = (_level(each)[:5] for each in all_pages(ask, limit))
        print_rows(_LEVEL[:5], rows, output, "Nothing was there.")


def _end_of(text: str) -> datetime:
    found = moment(text)
    if found is None:
        raise EntryError("time", "give a day such as 2026-03-01")
    return (
        found.replace(hour=23, minute=59, second=59, microsecond=999_999)
        if len(text.strip()) == 10
        else found
    )  # a date's length


def shrinkage(
    store: StoreOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """List what counts found missing or too many; by default of the last 90 days."""
    with opened(home, database) as book:
        from shelfwise.inventory.planning import Planning

        end = moment(until) or datetime.now(UTC)
        start = moment(since) or end - timedelta(days=90)
        ask = partial(Planning(book.database).shrinkage, find_store(book.catalogue, store).id, start, end)
        rows = (
            (
                each.counted_at, each.product.name, each.location.path, each.expected, each.counted, each.difference,
                each.previous_count_at,
            )
            for each in all_pages(ask, limit)
        )  # fmt: skip
        headings = ("counted at", "product", "place", ">expected", ">counted", ">difference", "count before")
        print_rows(headings, rows, output, "No counts in this time.")


def reorder(
    store: StoreOption = None,
    days: DaysOption = 28,
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Propose what to order, from levels, targets and what sells a day."""
    with opened(home, database) as book:
        from shelfwise.inventory.planning import Planning

        ask = partial(Planning(book.database).reorder, find_store(book.catalogue, store).id, days=days)
        rows = (
            (
                each.product.name, each.level, each.product.unit, each.per_day, each.days_of_cover, each.order,
                each.product.pack_size,
            )
            for each in all_pages(ask, limit)
        )  # fmt: skip
        headings = ("product", ">level", "unit", ">a day", ">days of cover", ">order", ">pack")
        print_rows(headings, rows, output, "Nothing needs to be ordered.")


COMMANDS: Final[tuple[Callable[..., None], ...]] = (list_, level, history, past, shrinkage, reorder)


def _category(catalogue: Any, name: str | None) -> int | None:
    if name is None:
        return None
    for category in catalogue.categories():
        if category.name.casefold() == name.strip().casefold():
            return int(category.id)
    raise NotFoundError(f"there is no category {name!r}. List them with: shelfwise stock categories")
