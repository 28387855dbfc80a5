"""What an import did, or would do."""

from __future__ import annotations

from dataclasses import dataclass

from shelfwise.inventory.exchange.columns import Table

__all__ = ["ImportReport", "RowProblem"]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be taken.

    Attributes:
        line: the row's line in the file; the header's is the first.
        column: the column that is wrong, None where the whole row is.
        reason: a clause that follows the column's name, or a sentence about the row.
    """

    line: int
    column: str | None
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {f'{self.column} ' if self.column else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do.

    Attributes:
        rows: rows that hold something, without the header.
        added: products or movements that are new.
        changed: products that are changed.
        unchanged: products that are in the book as they are in the file.
        problems: what has to be mended first, in the order of the file; nothing is imported while there is any.
        done: whether the book has it now.
        booking_id: the booking of counts and movements.
        repeated: the same file was imported with the same key before.
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
