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
    bound,
    find_category,
    find_place,
    find_product,
    find_store,
    opened,
    print_rows,
)
from shelfwise.errors import EntryError

__all__ = ["COMMANDS", "PANEL"]

PANEL: Final = "Look up"

CategoryOption = Annotated[
    str | None, typer.Option("--category", metavar="NAME", help="Only this category and those within it.")
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="From this time on; a date alone is its beginning."),
]
UntilOption = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Before this time; a date alone is its beginning."),
]
DaysOption = Annotated[
    int,
    typer.Option("--days", metavar="N", help="Days of sales that the rate is taken from.", min=1, max=366),
]


def list_(
    query: Annotated[
        str, typer.Argument(metavar="[WORDS]", help="Words of the name or category; a GTIN.")
    ] = "",
    store: StoreOption = None,
    all_stores: Annotated[
        bool, typer.Option("--all-stores", help="Of every store that is not archived.")
    ] = False,
    place: PlaceOption = None,
    category: CategoryOption = None,
    state: Annotated[
        Literal["out", "low", "ok"] | None,
        typer.Option("--state", help="Only what is out, what is low, or what there is enough of (ok)."),
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

        if all_stores and (store or place):
            raise EntryError("store", "give either --all-stores, or a store and a place")
        shop = None if all_stores else find_store(book.catalogue, store)
        ask = partial(
            Levels(book.database).stock_list,
            store_id=shop.id if shop else None,
            location_id=find_place(book.catalogue, shop, place).id if shop and place else None,
            category_id=find_category(book.catalogue, category).id if category else None,
            query=query,
            state=state,
            order=order,
        )
        found, headings = all_pages(ask, limit), _LEVEL
        rows = (_level(each) for each in found)
        if all_stores:
            names = {each.id: each.name for each in book.catalogue.stores()}
            headings = ("store", *_LEVEL)
            rows = ((names.get(each.store_id), *_level(each)) for each in found)
        print_rows(headings, rows, output, "Nothing like that in the book.")


_LEVEL: Final[tuple[str, ...]] = ("product", "category", "gtin", ">level", "unit", ">minimum", "state")


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


def summary(
    store: StoreOption = None,
    by_category: Annotated[
        bool, typer.Option("--by-category", help="A row for each category instead of each store.")
    ] = False,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Count products, what is out and what is low, for each store or each category of a store."""
    with opened(home, database) as book:
        from shelfwise.inventory.levels import Levels

        levels = Levels(book.database)
        rows: list[tuple[Any, ...]]
        if by_category:
            shop = find_store(book.catalogue, store)
            rows = [
                (
                    each.category.name if each.category else "(none)",
                    each.products,
                    each.out,
                    each.low,
                    each.quantity,
                )
                for each in levels.by_category(shop.id)
            ]
        else:
            shops = [find_store(book.catalogue, store)] if store else book.catalogue.stores()
            sums = [(each.name, levels.summary(each.id)) for each in shops]
            rows = [(name, found.products, found.out, found.low, found.units) for name, found in sums]
        headings = ("category" if by_category else "store", ">products", ">out", ">low", ">units")
        print_rows(headings, rows, output, "Nothing is kept yet.")


def series(
    product: ProductArgument,
    store: StoreOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    points: Annotated[
        int, typer.Option("--points", metavar="N", help="How many times.", min=2, max=1000)
    ] = 29,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Show how a product's level went: at evenly spaced times, by default of the last 28 days."""
    with opened(home, database) as book:
        from shelfwise.inventory.levels import Levels

        end = bound(until, "until") or datetime.now(UTC)
        start = bound(since, "since") or end - timedelta(days=28)
        shop, found = find_store(book.catalogue, store), find_product(book.catalogue, product)
        rows = (
            (each.at, each.quantity)
            for each in Levels(book.database).series(found.id, shop.id, start, end, points)
        )
        print_rows(("time", ">level"), rows, output, "Nothing is kept yet.")


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
            since=bound(since, "since"),
            until=bound(until, "until"),
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
    product: Annotated[
        str | None, typer.Option("--product", metavar="NAME", help="Only this product.")
    ] = None,
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
            product_id=find_product(book.catalogue, product).id if product else None,
        )
        names = {
            each.id: each.path
            for archived in (False, True)
            for each in book.catalogue.locations(shop.id, archived)
        }
        rows = ((*_level(each)[:5], names.get(each.location_id or 0)) for each in all_pages(ask, limit))
        print_rows((*_LEVEL[:5], "place"), rows, output, "Nothing was there.")


def _end_of(text: str) -> datetime:
    from shelfwise.inventory.exchange.cells import day

    found = bound(text, "time")
    if found is None:
        raise EntryError("time", "give a day such as 2026-03-01")
    return found + timedelta(days=1, microseconds=-1) if day(text) else found


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

        end = bound(until, "until") or datetime.now(UTC)
        start = bound(since, "since") or end - timedelta(days=90)
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
    cover: Annotated[
        int, typer.Option("--cover", metavar="N", help="Days that the stock should last.", min=1, max=366)
    ] = 7,
    limit: LimitOption = 50,
    output: FormatOption = "table",
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Propose what to order, from levels, targets and what sells a day."""
    with opened(home, database) as book:
        from shelfwise.inventory.planning import Planning

        ask = partial(
            Planning(book.database).reorder, find_store(book.catalogue, store).id, days=days, cover=cover
        )
        rows = (
            (
                each.product.name, each.level, each.product.unit, each.per_day, each.days_of_cover, each.order,
                each.product.pack_size,
            )
            for each in all_pages(ask, limit)
        )  # fmt: skip
        headings = ("product", ">level", "unit", ">a day", ">days of cover", ">order", ">pack")
        print_rows(headings, rows, output, "Nothing needs to be ordered.")


COMMANDS: Final[tuple[Callable[..., None], ...]] = (
    list_, summary, level, series, history, past, shrinkage, reorder,
)  # fmt: skip
