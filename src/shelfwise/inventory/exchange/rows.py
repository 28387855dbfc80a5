"""A file's rows as values by column, and everything in them that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shelfwise.inventory.exchange.columns import COLUMNS, Column, Table, header_names
from shelfwise.inventory.exchange.reading import rows_of
from shelfwise.inventory.exchange.records import RowProblem

__all__ = ["PROBLEMS", "GivenRow", "GivenTable", "read_rows"]

PROBLEMS: Final = 1000
"""Problems named at most: who has more has mistaken the file."""


@dataclass(frozen=True, slots=True)
class GivenRow:
    """One row.

    Attributes:
        line: its line in the file; the header's is the first.
        values: those of the columns that the file has; None for a cell that is empty or wrong.
        problems: what is wrong with the cells by themselves.
    """

    line: int
    values: Mapping[str, Any]
    problems: tuple[RowProblem, ...] = ()

    def is_wrong(self, *columns: str) -> bool:
        """Whether a cell of one of these columns is wrong, so that nothing can follow from it."""
        return any(problem.column in columns for problem in self.problems)


@dataclass(frozen=True, slots=True)
class GivenTable:
    """What a file holds.

    Attributes:
        rows: its rows.
        problems: what is wrong with the header, or that there are no rows.
        headings: what the file calls each column.
    """

    rows: Sequence[GivenRow]
    problems: Sequence[RowProblem]
    headings: Mapping[str, str]


def read_rows(table: Table, data: bytes, filename: str) -> GivenTable:
    """The rows of a table.

    Raises:
        EntryError: of the field ``file``: it is no CSV or XLSX file, or too large.
    """
    given = rows_of(data, filename)
    line, headings = next(given)
    found, wrong = header_names(table, headings)
    if wrong:
        return GivenTable([], [RowProblem(line, None, reason) for reason in wrong], {})
    required = {column.name for column in COLUMNS[table] if column.required}
    rows: list[GivenRow] = []
    for line, cells in given:
        values, unreadable = _row(line, found, cells)
        told = {problem.column for problem in unreadable}
        empty = [name for name in values if name in required - told and values[name] is None]
        problems = unreadable + [RowProblem(line, name, "is empty") for name in empty]
        rows.append(GivenRow(line, values, tuple(problems)))
    # A heading of one's own is as long as one likes; of what a message needs, this is plenty.
    names = {
        column.name: " ".join(heading.split())[:40]
        for column, heading in zip(found, headings, strict=True)
        if column is not None
    }
    return GivenTable(
        rows, [] if rows else [RowProblem(line, None, "there are no rows below the header")], names
    )


def _row(
    line: int, columns: Sequence[Column | None], cells: Sequence[str]
) -> tuple[Mapping[str, Any], list[RowProblem]]:
    # Spreadsheets leave out empty cells at a row's end.
    values: dict[str, Any] = {column.name: None for column in columns if column is not None}
    problems = [
        RowProblem(line, None, f"{cell[:40]!r} stands in a column without a heading")
        for cell in cells[len(columns) :]
        if cell.strip()
    ]
    for column, cell in zip(columns, cells, strict=False):
        if column is None or not cell.strip():
            continue
        try:
            values[column.name] = column.read(cell)
        except ValueError as error:
            problems.append(RowProblem(line, column.name, str(error)))
    return values, problems
