"""What the rows of a file change in the book, for people to look at before they let them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, select

from shelfwise.database.lists import among
from shelfwise.inventory.exchange.cells import shown
from shelfwise.inventory.exchange.records import FieldChange, KindSum, RowChange
from shelfwise.inventory.exchange.rows import GivenRow
from shelfwise.inventory.past import levels_at
from shelfwise.inventory.records import KINDS, Booking, Line, Movement, Product
from shelfwise.inventory.tables import movements
from shelfwise.inventory.upkeep import Kept, Key

__all__ = ["CHANGES", "NEW", "PRODUCT_FIELDS", "Changes", "count_changes", "kind_sums", "product_change"]

CHANGES: Final = 200
"""Rows told at most: who wants to see all of them compares the file with an export."""

NEW: Final = 20
"""New products and categories told at most: a look at the first shows whether the columns are what they seem."""

PRODUCT_FIELDS: Final = ("name", "category", "gtin", "unit", "pack_size", "minimum", "target")
"""The columns of products that an import takes, and a product's fields of the same names."""


class Changes:
    """Gathers the rows that change something: all are counted, the first are kept."""

    def __init__(self) -> None:
        self.total = 0
        self.emptied: Counter[str] = Counter()
        self._losing: list[RowChange] = []
        self._others: list[RowChange] = []

    def add(self, change: RowChange) -> None:
        """Take one row."""
        self.total += 1
        self.emptied.update(each.column for each in change.fields if not each.after)
        kept = self._losing if change.empties else self._others
        if len(kept) < CHANGES:
            kept.append(change)

    @property
    def first(self) -> tuple[RowChange, ...]:
        """Those to be told; what is lost comes before the rest, or it would be overlooked."""
        return (*self._losing, *self._others)[:CHANGES]


def product_change(line: int, before: Product, after: Product) -> RowChange | None:
    """What became different of a product; None for nothing."""
    fields = tuple(
        FieldChange(name, shown(old), shown(new))
        for name in PRODUCT_FIELDS
        if (old := getattr(before, name)) != (new := getattr(after, name))
    )
    return RowChange(line, before.name, fields) if fields else None


# Each count's own moment: the rows above it in the file have happened by then, as in the list of shrinkage.
_EXPECTED: Final = levels_at(
    select(movements.c.product_id, movements.c.location_id, movements.c.at, movements.c.id.label("place"))
    .where(among(movements.c.id, "counts"))
    .subquery("moments")
)
_AT_ONCE: Final = 500


def count_changes(
    connection: Connection, rows: Sequence[GivenRow], booking: Booking, before: Mapping[Key, Kept]
) -> Changes:
    """The counts of a booking that differ from what the book expected just before each.

    Args:
        connection: the transaction that booked them.
        rows: the row of each movement.
        booking: counts alone.
        before: the levels of all that is counted, as they were before the booking.
    """
    expected = _expected(connection, booking.movements, before)
    changes = Changes()
    for row, count in zip(rows, booking.movements, strict=True):
        if difference := count.quantity - expected[count.id]:
            quantity = FieldChange("quantity", shown(expected[count.id]), shown(count.quantity))
            changes.add(RowChange(row.line, count.product, (quantity,), count.location, difference))
    return changes


def _expected(
    connection: Connection, counts: Sequence[Movement], before: Mapping[Key, Kept]
) -> dict[int, Decimal]:
    """What the book expected just before each count, by the count's number."""
    rows = Counter((count.product_id, count.location_id) for count in counts)
    expected: dict[int, Decimal] = {}
    earlier: list[int] = []
    for count in counts:
        key = (count.product_id, count.location_id)
        level = before[key]
        # Mostly the count is the newest there is. Adding up movements would hold up all who book meanwhile.
        if rows[key] == 1 and (level.last_at is None or count.at > level.last_at):
            expected[count.id] = level.quantity
        else:
            earlier.append(count.id)
    for start in range(0, len(earlier), _AT_ONCE):
        found = connection.execute(_EXPECTED, {"counts": earlier[start : start + _AT_ONCE]})
        expected |= {row.place: row.quantity for row in found}
    return expected


def kind_sums(lines: Sequence[Line], undone: Iterable[int]) -> tuple[KindSum, ...]:
    """The movements of a file by kind.

    Args:
        lines: what is booked.
        undone: the places in ``lines`` of what rows further down undo.
    """
    by_kind: dict[str, list[Decimal]] = {kind: [] for kind in (*KINDS, "undone")}
    for line in lines:
        by_kind[line.kind].append(line.quantity)
    by_kind["undone"] = [lines[place].quantity for place in undone]
    return tuple(KindSum(kind, len(each), sum(each, Decimal(0))) for kind, each in by_kind.items() if each)
