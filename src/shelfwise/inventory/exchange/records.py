"""What an import did, or would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from shelfwise.inventory.exchange.columns import Table

__all__ = ["FieldChange", "ImportReport", "KindSum", "NewRow", "RowChange", "RowProblem"]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be taken.

    Attributes:
        line: the row's line in the file; the header's is the first.
        column: the column that is wrong, None where the whole row is.
        reason: a clause that follows the column's name, or a sentence about the row.
        heading: what the file itself calls the column; None where the file does not have it.
    """

    line: int
    column: str | None
    reason: str
    heading: str | None = None

    def __str__(self) -> str:
        named = self.heading or self.column
        return f"line {self.line}: {f'{named} ' if named else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value that a row changes.

    Attributes:
        column: the column's name.
        before: what the book has, as a file has it; ``""`` for nothing.
        after: what it has then; ``""`` where an empty cell empties it.
    """

    column: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.column} {self.before or '(empty)'} -> {self.after or '(emptied)'}"


@dataclass(frozen=True, slots=True)
class RowChange:
    """What a row changes in the book.

    Attributes:
        line: the row's line in the file; the header's is the first.
        product: its name in the book before.
        fields: what becomes different; of a count the quantity alone: what the book expected there at that time,
            and what was counted.
        location: of a count, the path of the place; ``""`` is the store itself. None for products.
        difference: of a count, counted less expected, in the product's unit.
    """

    line: int
    product: str
    fields: tuple[FieldChange, ...]
    location: str | None = None
    difference: Decimal | None = None

    @property
    def empties(self) -> bool:
        """Whether something is lost."""
        return not all(each.after for each in self.fields)

    def __str__(self) -> str:
        if self.difference is None:
            return f"line {self.line}: {self.product}: {', '.join(map(str, self.fields))}"
        (quantity,) = self.fields
        where = f" at {self.location}" if self.location else ""
        told = f"expected {quantity.before}, counted {quantity.after} ({self.difference.normalize():+f})"
        return f"line {self.line}: {self.product}{where}: {told}"


@dataclass(frozen=True, slots=True)
class NewRow:
    """A product that a row adds.

    Attributes:
        line: the row's line in the file; the header's is the first.
        product: its name.
        category: its category's name, None without one.
    """

    line: int
    product: str
    category: str | None


@dataclass(frozen=True, slots=True)
class KindSum:
    """The movements of one kind in a file.

    Attributes:
        kind: a kind of movement, or ``undone`` for rows that undo one above them.
        rows: how many there are.
        quantity: their quantities added up, of all products in their units.
    """

    kind: str
    rows: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        rows: rows that hold something, without the header.
        added: products or movements that are new.
        changed: products that are changed.
        unchanged: products that are in the book as they are in the file.
        problems: what has to be put right first, in the order of the file; nothing is imported while there is any.
        done: whether the book has it now.
        booking_id: the booking of counts and movements.
        repeated: the same file was imported with the same key before.
        changes: the first :data:`~shelfwise.inventory.exchange.changes.CHANGES` rows that change a product, those
            that empty a field before the others; or the counts that differ from what the book expected.
        changes_total: how many such rows there are.
        emptied: for each column of products, of how many products empty cells take the value.
        kinds: the movements by kind.
        new: the first :data:`~shelfwise.inventory.exchange.changes.NEW` products that are added.
        new_categories: the first as many categories that products of the file have and the book has not yet.
        new_categories_total: how many such categories there are.
    """

    table: Table
    rows: int
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: tuple[RowProblem, ...] = ()
    done: bool = False
    booking_id: int | None = None
    repeated: bool = False
    changes: tuple[RowChange, ...] = ()
    changes_total: int = 0
    emptied: Mapping[str, int] = field(default_factory=dict)
    kinds: tuple[KindSum, ...] = ()
    new: tuple[NewRow, ...] = ()
    new_categories: tuple[str, ...] = ()
    new_categories_total: int = 0
