"""Options of the commands on the stock book, and from names that people write to what they mean."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from shelfwise.cli.shop_options import open_book
from shelfwise.cli.stock_names import path_meant, products_meant, question
from shelfwise.errors import ConfigError, EntryError, NotFoundError, ProductError
from shelfwise.text import printable

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from shelfwise.database import Database
    from shelfwise.inventory.catalogue import Catalogue
    from shelfwise.inventory.differences import Record
    from shelfwise.inventory.records import Category, Location, Page, Product, Store

__all__ = [
    "AtOption",
    "FormatOption",
    "KeyOption",
    "LimitOption",
    "Opened",
    "PlaceOption",
    "ProductArgument",
    "QuantityArgument",
    "ReasonOption",
    "StoreOption",
    "UserOption",
    "all_pages",
    "at_terminal",
    "bound",
    "find_category",
    "find_place",
    "find_product",
    "find_store",
    "moment",
    "number",
    "opened",
    "print_rows",
    "user_name",
]

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="NAME", help="The store; not needed where there is one alone."),
]
PlaceOption = Annotated[
    str | None,
    typer.Option(
        "--place",
        metavar="PATH",
        help="Where in the store, such as 'Aisle 3 / Shelf 2'; else the store itself.",
    ),
]
ProductArgument = Annotated[str, typer.Argument(metavar="PRODUCT", help="The product's name or GTIN.")]
QuantityArgument = Annotated[str, typer.Argument(metavar="QUANTITY", help="How much, such as 12 or 0.75.")]
AtOption = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="When it happened, ISO 8601; UTC without a zone. By default now."
    ),
]
ReasonOption = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="A note.")]
KeyOption = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="KEY",
        help="Idempotency key: the same key books only once, however often it is sent.",
    ),
]
UserOption = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="Who books it. By default the system's user.")
]
LimitOption = Annotated[int, typer.Option("--limit", metavar="N", help="Rows at most; 0 for all.", min=0)]
FormatOption = Annotated[
    Literal["table", "csv", "json"],
    typer.Option("--format", help="How to print: for people, or for programs."),
]

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Opened:
    """The stock book, open for a command."""

    database: Database
    catalogue: Catalogue

    def tell(self, action: str, subject: str, **details: object) -> None:
        """Write into the audit log what was changed, in the name of this machine's user at its terminal."""
        from shelfwise.accounts.audit import AuditLog

        AuditLog(self.database).record(at_terminal(), action, subject, details)

    def tell_change(self, connection: Connection, before: Record | None, after: Record) -> None:
        """Write into the audit log, in the change's transaction, what was added or changed of the catalogue."""
        from shelfwise.accounts.audit import AuditLog
        from shelfwise.inventory.differences import entry_of

        AuditLog(self.database).record_in(connection, at_terminal(), *entry_of(before, after))


@contextmanager
def opened(home: Path | None, database: str | None) -> Iterator[Opened]:
    """The stock book and its catalogue. Raises DatabaseError where there is none; it says what to run."""
    with open_book(home, database) as book:
        from shelfwise.inventory.catalogue import Catalogue

        yield Opened(book, Catalogue(book))


def user_name(given: str | None) -> str:
    """Who is said to have booked it."""
    if given:
        return given
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def at_terminal() -> str:
    """Who is said in the audit log to have done it."""
    return f"{user_name(None)} (terminal)"


def find_store(catalogue: Catalogue, name: str | None, *, archived: bool = False) -> Store:
    """The store of a name, or the only one; with ``archived``, of those that were put away.

    Raises:
        NotFoundError: there is none.
        ConfigError: there are several and none was named.
    """
    stores = catalogue.stores(archived)
    if not stores and archived:
        raise NotFoundError("no store is archived")
    if not stores:
        raise NotFoundError("there is no store yet. Add one with: shelfwise stock add-store NAME")
    names = ", ".join(store.name for store in stores)
    if name is None:
        if len(stores) > 1:
            raise ConfigError(f"there are several stores: name one with --store ({names})")
        return stores[0]
    for store in stores:
        if store.name.casefold() == name.strip().casefold():
            return store
    raise NotFoundError(f"there is no store {name!r}; there are: {names}")


def find_place(catalogue: Catalogue, store: Store, path: str | None) -> Location:
    """The place of a path, or the store itself. Raises NotFoundError; it names the place that was meant."""
    if path is None:
        return catalogue.location(store.root_id)
    try:
        return catalogue.location_at(store.id, path)
    except NotFoundError as error:
        meant = path_meant(path, (place.path for place in catalogue.locations(store.id)))
        raise NotFoundError(f"{error}{question(meant)}") from error


def find_product(catalogue: Catalogue, text: str) -> Product:
    """The product of a name or a GTIN. Raises NotFoundError; it names the product that was meant."""
    from shelfwise.gtin import parse_gtin

    try:
        return catalogue.product_by_gtin(parse_gtin(text))
    except (ProductError, NotFoundError):
        pass
    try:
        return catalogue.product_by_name(text)
    except NotFoundError as error:
        raise NotFoundError(f"{error}{question(*products_meant(catalogue, text))}") from error


def find_category(catalogue: Catalogue, name: str, *, archived: bool = False) -> Category:
    """The category of a name; with ``archived``, of those that were put away. Raises NotFoundError."""
    there = catalogue.categories(archived)
    for category in there:
        if category.name.casefold() == name.strip().casefold():
            return category
    what = f"there is no {'archived ' if archived else ''}category {name!r}"
    if meant := path_meant(name, (category.name for category in there)):
        raise NotFoundError(f"{what}{question(meant)}")
    listed = "shelfwise stock categories" + (" --archived" if archived else "")
    raise NotFoundError(f"{what}. List them with: {listed}")


def number(text: str, what: str = "quantity") -> Decimal:
    """A quantity as it was written. Raises EntryError."""
    from shelfwise.inventory.exchange.cells import quantity

    try:
        return quantity(text)
    except ValueError as error:
        raise EntryError(what, str(error)) from error


def moment(text: str | None) -> datetime | None:
    """A time as it was written. Raises EntryError."""
    if text is None:
        return None
    from shelfwise.inventory.exchange.cells import time

    try:
        return time(text)
    except ValueError as error:
        raise EntryError("at", str(error)) from error


def bound(text: str | None, field: str) -> datetime | None:
    """Where a time that is looked at begins or ends: a date alone is its beginning, in UTC. Raises EntryError."""
    if text is None:
        return None
    from shelfwise.inventory.exchange.cells import day, time

    try:
        return day(text) or time(text)
    except ValueError as error:
        raise EntryError(field, str(error)) from error


def all_pages(ask: Any, limit: int) -> Iterator[Any]:
    """The items of a list that comes in pages, ``limit`` at most (0: all).

    Args:
        ask: gives a page for a ``cursor`` and a ``limit``.
    """
    cursor: str | None = None
    left = limit
    while True:
        page: Page[Any] = ask(cursor=cursor, limit=min(left, _PAGE) if limit else _PAGE)
        yield from page.items
        left -= len(page.items)
        cursor = page.next
        if cursor is None or (limit and left <= 0):
            return


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[Any]], kind: str, empty: str) -> None:
    """Print rows as a table, CSV or one JSON object a line; ``>`` before a heading aligns it to the right.

    Args:
        empty: what to say on standard error where there is no row.
    """
    from shelfwise.inventory.exchange.writing import guarded

    names = [heading.lstrip(">") for heading in headings]
    given = iter(rows)
    first = next(given, None)
    if first is None:
        typer.echo(empty, err=True)
    found = given if first is None else chain([first], given)
    if kind == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([guarded(value) for value in row] for row in found)
    elif kind == "json":
        for row in found:
            typer.echo(json.dumps(dict(zip(names, map(_plain, row), strict=True)), ensure_ascii=False))
    elif first is not None:
        from shelfwise.cli.tables import console, table

        made = table(*headings)
        for row in found:
            made.add_row(*(printable(_for_people(value)) for value in row))
        console().print(made)


def _for_people(value: Any) -> str:
    from shelfwise.inventory.exchange.cells import shown

    # In UTC and with its sign: what is read here can be typed into --at or --since as it is.
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%MZ}" if isinstance(value, datetime) else shown(value)


def _plain(value: Any) -> Any:
    from shelfwise.inventory.exchange.cells import shown

    return value if value is None or isinstance(value, bool | int) else shown(value)
