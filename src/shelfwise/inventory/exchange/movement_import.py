"""Counts and movements from a file, as lines to be booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    numbers: dict[int, int] = {}
    problems: list[RowProblem] = []
    for row in rows:
        if (undoes := row.values.get("undoes")) is not None:
            if undoes in numbers:
                undone.append((numbers.pop(undoes), row.values.get("reason")))
            else:
                problems.append(
                    RowProblem(row.line, "undoes", f"is {undoes}, the id of no row above that stands")
                )
            continue
        line, wrong = reader.line(table, row)
        problems += wrong
        if line is not None:
            if row.values.get("id") is not None:
                numbers[row.values["id"]] = len(lines)
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
        """What is to be booked for a row, or why that cannot be."""
        problems: list[RowProblem] = []

        def wrong(column: str | None, reason: str) -> None:
            problems.append(RowProblem(row.line, column, reason))

        values = row.values
        kind: Kind = "counted" if table == "counts" else values["kind"]
        product = self._product(values, wrong)
        place = self._place(values.get("location"), "location", wrong)
        target = None
        if kind == "moved":
            target = self._place(values.get("to_location"), "to_location", wrong)
        elif values.get("to_location"):
            wrong("to_location", f"is for moved, not for {kind}")
        if problems or product is None or place is None:
            return None, problems
        line = Line(
            kind=kind,
            product_id=product.id,
            location_id=place,
            quantity=values["quantity"],
            at=values.get("time"),
            reason=values.get("reason"),
            photo=values.get("photo"),
            model=values.get("model"),
            confidence=values.get("confidence"),
            to_location_id=target,
        )
        try:
            # What the book would refuse is told here, for every row and not for the first one alone.
            return checked_line("line", line, self._now), []
        except EntryError as error:
            return None, [problem_of(error, row)]

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
