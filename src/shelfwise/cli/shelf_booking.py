"""``shelfwise shelf --book``: shows what a stock-take would change, asks, and books it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from shelfwise.errors import ConfigError
from shelfwise.text import many, printable

if TYPE_CHECKING:
    from decimal import Decimal

    from shelfwise.cli.stock_options import Opened
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.records import Booking, Location, Store
    from shelfwise.workflows.shelf_booking import StockTake
    from shelfwise.workflows.shelf_count import ShelfCount
    from shelfwise.workflows.stock_lines import StockLine

__all__ = ["Asked", "StockBook", "booking"]


class StockBook(NamedTuple):
    """The stock book, open to book in.

    Attributes:
        catalogue: its catalogue.
        home: the shop's folder; None where there is none.
        book: shows what the counts change, asks, and books it.
    """

    catalogue: Catalogue
    home: Path | None
    book: Callable[[Sequence[ShelfCount]], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user said of the booking; fields as the options of the same names."""

    store: str | None
    place: str | None
    depth: int
    everything: bool
    yes: bool
    at: str | None
    key: str | None
    user: str | None
    home: Path | None
    database: str | None


@contextmanager
def booking(asked: Asked) -> Iterator[StockBook]:
    """The stock book, open before any photo is looked at, so that what is wrong there is told at once.

    Raises:
        ConfigError: there is nobody to ask, or several stores and none was named.
        DatabaseError: there is no stock book.
        NotFoundError: there is no such store or place.
        EntryError: the time cannot be read.
    """
    from shelfwise.cli.stock_options import find_place, find_store, moment, opened

    at = moment(asked.at)
    with opened(asked.home, asked.database) as book:
        store = find_store(book.catalogue, asked.store)
        place = find_place(book.catalogue, store, asked.place)
        if not asked.yes and not _is_asked():
            raise ConfigError("--book asks before it books and there is no terminal to answer at: add --yes")
        yield StockBook(
            book.catalogue, _home(asked.home), lambda counts: _book(book, store, place, counts, asked, at)
        )


def _home(given: Path | None) -> Path | None:
    """The shop's folder. A database that is named needs no home folder."""
    from shelfwise.settings import Settings

    try:
        return (given or Settings().home).expanduser()
    except ConfigError:
        return None


def _is_asked() -> bool:
    """Whether somebody is there to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _book(
    book: Opened,
    store: Store,
    place: Location,
    counts: Sequence[ShelfCount],
    asked: Asked,
    at: datetime | None,
) -> None:
    from shelfwise.cli.stock_options import user_name
    from shelfwise.workflows.shelf_booking import book_stock_take, booked_stock_take, plan_stock_take

    where = store.name + (f" / {place.path}" if place.path else "")
    user, once, everything = user_name(asked.user), asked.key, asked.everything
    done = booked_stock_take(
        book.database, counts, place, asked.depth, user=user, everything=everything, at=at, key=once
    )
    if done is None:
        plan = plan_stock_take(book.database, book.catalogue, counts, place, asked.depth)
        _show(plan, where, everything)
        if not plan.seen and not (everything and plan.unseen):
            typer.echo("nothing is booked: no facing is a product of the stock book for sure", err=True)
            return
        if not asked.yes and not typer.confirm(f"Book this as a stock-take of {printable(where)}?", err=True):
            typer.echo("nothing is booked", err=True)
            raise typer.Exit(1)
        done = book_stock_take(book.database, plan, user=user, everything=everything, at=at, key=once)
    _tell(done, where)


def _tell(done: Booking, where: str) -> None:
    """What was booked, now or before, and how to take it back."""
    numbers = [movement.id for movement in done.movements]
    said = "booked before" if done.repeated else "booked"
    listed = str(numbers[0]) if len(numbers) == 1 else f"{min(numbers)} to {max(numbers)}"
    typer.echo(
        printable(
            f"{said}: {many(len(numbers), 'product')} at {where}, {'movement' if len(numbers) == 1 else 'movements'}"
            f" {listed}; to take one back: shelfwise stock undo NUMBER"
        ),
        err=True,
    )


def _show(plan: StockTake, where: str, everything: bool) -> None:
    """What changes, what stays, and what is left out."""
    from shelfwise.cli.tables import console, table

    lines = (*plan.seen, *(plan.unseen if everything else ()))
    if lines:
        made = table(
            "product", ">facings", ">counted", ">in the book", ">change", title=f"Stock-take of {where}"
        )
        for line in lines:
            made.add_row(*(printable(cell) for cell in _cells(line)))
        console(sys.stderr).print(made)
    if plan.seen:
        alone = "the facings alone; with goods behind them, say how deep they stand with --depth"
        deep = alone if plan.depth == 1 else f"{plan.depth} units for each facing"
        typer.echo(f"counted: {deep}", err=True)
    if plan.unseen and not everything:
        typer.echo(
            f"not seen, and left as they are (--all sets them to 0): {_listed(plan.unseen)}",
            err=True,
        )
    for reason, facings in plan.left_out:
        typer.echo(printable(f"not booked: {many(facings, 'facing')} ({reason})"), err=True)


def _cells(line: StockLine) -> list[str]:
    from shelfwise.inventory.exchange.cells import shown

    difference: Decimal = line.quantity - line.expected
    sign = "+" if difference > 0 else ""
    return [
        line.product.name,
        str(line.facings),
        shown(line.quantity),
        shown(line.expected),
        f"{sign}{shown(difference)}" if difference else "–",
    ]


def _listed(lines: Sequence[StockLine]) -> str:
    from shelfwise.inventory.exchange.cells import shown
    from shelfwise.text import some

    return some((printable(f"{each.product.name} ({shown(each.expected)})") for each in lines), 8)
