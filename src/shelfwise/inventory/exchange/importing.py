"""From a file into the book: all of its rows or none, with every bad one named."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from shelfwise.database import Database
from shelfwise.errors import EntryError
from shelfwise.inventory.exchange.changes import count_changes, kind_sums
from shelfwise.inventory.exchange.columns import Table
from shelfwise.inventory.exchange.movement_import import GivenMovements, problem_of, read_movements
from shelfwise.inventory.exchange.product_import import take_products
from shelfwise.inventory.exchange.records import ImportReport, RowProblem
from shelfwise.inventory.exchange.rows import PROBLEMS, GivenRow, read_rows
from shelfwise.inventory.ledger import book_in, undo_in
from shelfwise.inventory.product_rows import check_store
from shelfwise.inventory.records import Booking, Line
from shelfwise.inventory.upkeep import Kept, Key, lock_levels

__all__ = ["import_file"]


class _TakenBack(Exception):  # noqa: N818  # no error: it undoes what was tried
    def __init__(self, report: ImportReport) -> None:
        self.report = report


def import_file(
    database: Database,
    table: Table,
    data: bytes,
    filename: str,
    *,
    store_id: int | None = None,
    user: str,
    dry_run: bool = False,
    key: str | None = None,
) -> ImportReport:
    """Import a table from a CSV or XLSX file.

    A dry run does all of it and takes it back, so that it finds what a real run would. Both tell what changes.

    Args:
        table: which table the file holds.
        data: the file's content.
        filename: its name, for messages.
        store_id: the store that counts and movements are booked in; products are those of every store.
        user: who imports it.
        dry_run: only tell what would happen.
        key: idempotency key of the booking; by default counts and movements have one made from the file and the
            store, so that the same file is not booked twice by mistake.

    Raises:
        EntryError: of the field ``file``: it is no CSV or XLSX file, or too large; of ``store_id``: counts or
            movements come without one.
        NotFoundError: there is no such store.
        KeyReusedError: something else was booked with the key.
        ConflictError: somebody else has just changed a product of the file, or given another one its name or
            GTIN: import it again.
    """
    file = read_rows(table, data, filename)
    rows = file.rows
    # The book is asked for the rest of what is wrong, unless more is wrong already than is told.
    unreadable = [problem for row in rows for problem in row.problems]
    if file.problems or len(unreadable) >= PROBLEMS:
        return _headed(
            ImportReport(table, len(rows), problems=tuple(file.problems or unreadable)), file.headings
        )
    digest = hashlib.sha256(data).hexdigest()
    booking_key = key or f"file:{table}:{store_id}:{digest}"

    def work(connection: Connection) -> ImportReport:
        if store_id is not None:
            check_store(connection, store_id)
        if table == "products":
            report = take_products(connection, rows)
        elif store_id is None:
            raise EntryError("store_id", f"say which store the {table} are of")
        else:
            given = read_movements(connection, table, rows, store_id)
            report = _book(connection, table, given, len(rows), store_id, user, booking_key)
        if dry_run or report.problems:
            raise _TakenBack(_headed(report, file.headings))
        return replace(report, done=True)

    try:
        return database.write(work)
    except _TakenBack as tried:
        return tried.report


def _headed(report: ImportReport, headings: Mapping[str, str]) -> ImportReport:
    """The first problems, with their columns as the file calls them."""
    told = [
        replace(each, heading=headings.get(each.column or ""))
        for each in itertools.islice(report.problems, PROBLEMS)
    ]
    return replace(report, problems=tuple(told))


def _book(
    connection: Connection,
    table: Table,
    given: GivenMovements,
    rows: int,
    store_id: int,
    user: str,
    key: str,
) -> ImportReport:
    if given.problems:
        return ImportReport(table, rows, problems=given.problems)
    before: dict[Key, Kept] = {}
    if table == "counts":
        # Locked from here on, so that what is told is what the counts replace.
        before = lock_levels(connection, {_key(line): store_id for line in given.lines})
    try:
        booking = book_in(connection, given.lines, user=user, key=key)
    except EntryError as error:
        return ImportReport(table, rows, problems=(_problem_of(error, given.rows),))
    if booking.repeated:
        return ImportReport(table, rows, unchanged=rows, booking_id=booking.id, repeated=True)
    report = ImportReport(table, rows, added=rows, booking_id=booking.id)
    if table == "counts":
        changes = count_changes(connection, given.rows, booking, before)
        return replace(report, changes=changes.first, changes_total=changes.total)
    numbers = _first_movements(given, booking)
    for place, reason in given.undone:
        undo_in(connection, numbers[place], user=user, reason=reason)
    return replace(report, kinds=kind_sums(given.lines, [place for place, _ in given.undone]))


def _key(line: Line) -> Key:
    return line.product_id, line.location_id


def _first_movements(given: GivenMovements, booking: Booking) -> list[int]:
    """The number of each line's movement; of a move's two, the first."""
    numbers: list[int] = []
    position = 0
    for line in given.lines:
        numbers.append(booking.movements[position].id)
        position += 2 if line.kind == "moved" else 1
    return numbers


def _problem_of(error: EntryError, rows: Sequence[GivenRow]) -> RowProblem:
    """The row that the ledger refused: its field is ``lines.NUMBER.NAME``."""
    match error.field.split("."):
        case ["lines", number, _] if number.isdecimal() and int(number) < len(rows):
            return problem_of(error, rows[int(number)])
        case _:
            return RowProblem(rows[0].line, None, str(error))
