"""Counts and movements from a file, as lines to be booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection

from shelfwise.database import utc_now
from shelfwise.errors import EntryError
from shelfwise.inventory.exchange.columns import Table
from shelfwise.inventory.exchange.finding import Finder, path_key, places_of
from shelfwise.inventory.exchange.records import RowProblem
from shelfwise.inventory.exchange.rows import GivenRow
from shelfwise.inventory.lines import checked_line
from shelfwise.inventory.records import Kind, Line, Product

__all__ = ["GivenMovements", "problem_of", "read_movements"]

_COLUMN_OF_FIELD: Final = {
    "product_id": "product",
    "location_id": "location",
    "to_location_id": "to_location",
    "at": "time",
}
_MEANS: Final = ("product", "gtin")
"""The columns that say which product is meant."""


@dataclass(frozen=True, slots=True)
class GivenMovements:
    """What a file wants booked.

    Attributes:
        lines: to be booked, in the order of the file.
        rows: the row of each line.
        undone: places in ``lines`` of what is to be undone afterwards, with the reason.
        problems: why it cannot be.
    """

    lines: tuple[Line, ...]
    rows: tuple[GivenRow, ...]
    undone: tuple[tuple[int, str | None], ...]
    problems: tuple[RowProblem, ...]


def read_movements(
    connection: Connection, table: Table, rows: Sequence[GivenRow], store_id: int
) -> GivenMovements:
    """Find the products and places that rows name, and check what each kind of movement needs.

    A row whose ``undoes`` is the ``id`` of a row above undoes that one, as exports write it.
    """
    reader = _Reader(
        Finder(connection, [row.values for row in rows], name="product"), places_of(connection, store_id)
    )
    lines: list[Line] = []
    booked: list[GivenRow] = []
    undone: list[tuple[int, str | None]] = []
    # By their id, the place in ``lines`` of rows that stand; None of a row that is wrong itself.
    numbers: dict[int, int | None] = {}
    problems: list[RowProblem] = []
    for row in rows:
        problems += row.problems
        if row.is_wrong("undoes"):
            continue
        if (undoes := row.values.get("undoes")) is not None:
            if undoes not in numbers:
                problems.append(
                    RowProblem(row.line, "undoes", f"is {undoes}, the id of no row above that stands")
                )
            elif (place := numbers.pop(undoes)) is not None:
                undone.append((place, row.values.get("reason")))
            continue
        line, wrong = reader.line(table, row)
        problems += wrong
        if row.values.get("id") is not None:
            numbers[row.values["id"]] = None if line is None else len(lines)
        if line is not None:
            lines.append(line)
            booked.append(row)
    return GivenMovements(tuple(lines), tuple(booked), tuple(undone), tuple(problems))


def problem_of(error: EntryError, row: GivenRow) -> RowProblem:
    """What the book says of a row's line, by the column that it is about."""
    field = error.field.rpartition(".")[2]
    return RowProblem(row.line, _COLUMN_OF_FIELD.get(field, field), f"is refused: {error.message}")


class _Reader:
    def __init__(self, products: Finder, places: Mapping[str, int]) -> None:
        self._products = products
        self._places = places
        self._now = utc_now()

    def line(self, table: Table, row: GivenRow) -> tuple[Line | None, list[RowProblem]]:
        """What is to be booked for a row, or what is wrong with it beside its cells."""
        problems: list[RowProblem] = []

        def wrong(column: str | None, reason: str) -> None:
            problems.append(RowProblem(row.line, column, reason))

        values = row.values
        kind: Kind | None = "counted" if table == "counts" else values["kind"]
        product = None if row.is_wrong(*_MEANS) else self._product(values, wrong)
        place = None if row.is_wrong("location") else self._place(values.get("location"), "location", wrong)
        target = None
        if kind not in (None, "moved") and values.get("to_location"):
            wrong("to_location", f"is for moved, not for {kind}")
        elif (kind == "moved" or values.get("to_location")) and not row.is_wrong("to_location"):
            target = self._place(values.get("to_location"), "to_location", wrong)
        if problems or kind is None or product is None or place is None or row.is_wrong("to_location"):
            return None, problems
        line = Line(
            kind=kind,
            product_id=product.id,
            location_id=place,
            # What is right of a row whose quantity is wrong is looked at with one that all kinds take.
            quantity=Decimal(1) if row.is_wrong("quantity") else values["quantity"],
            at=values.get("time"),
            reason=values.get("reason"),
            photo=values.get("photo"),
            model=values.get("model"),
            confidence=values.get("confidence"),
            to_location_id=target,
        )
        try:
            # What the book would refuse is told here, for every row and not for the first one alone.
            line = checked_line("line", line, self._now)
        except EntryError as error:
            return None, [problem_of(error, row)]
        return (None if row.problems else line), []

    def _product(self, values: Mapping[str, Any], wrong: Any) -> Product | None:
        name, gtin = values.get("product"), values.get("gtin")
        by_name, by_gtin = self._products.of_name(name), self._products.of_gtin(gtin)
        if not name and not gtin:
            wrong("product", "is empty, and so is gtin")
        elif name and gtin and by_name and by_gtin and by_name.id != by_gtin.id:
            wrong("gtin", f"is that of {by_gtin.name}, not of {by_name.name}")
        elif (found := by_gtin or by_name) is None:
            wrong(
                "product" if name else "gtin", f"is none of the book's: {name or gtin}. Import products first"
            )
        elif found.archived:
            wrong("product" if name else "gtin", f"is archived: {found.name}. Restore it first")
        else:
            return found
        return None

    def _place(self, path: str | None, column: str, wrong: Any) -> int | None:
        found = self._places.get(path_key(path or ""))
        if found is None:
            wrong(column, f"is none of the store's places: {path}. Add it first")
        return found
