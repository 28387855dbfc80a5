"""Rows into CSV and XLSX files that spreadsheets open as they are meant."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import IO, Any, Final, Literal, get_args

from shelfwise.inventory.exchange.cells import shown

__all__ = ["FORMATS", "FORMULA", "MEDIA_TYPES", "Format", "guarded", "write_table"]

Format = Literal["csv", "xlsx"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
_WIDE: Final = 28
_NARROW: Final = 14


def write_table(
    out: IO[bytes], kind: Format, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Write a table, row by row, and return how many rows it has.

    Args:
        out: where to; it stays open.
        kind: the format.
        title: name of the XLSX file's sheet.
        headings: names of the columns.
        rows: values, as many as there are headings.
    """
    return _write_csv(out, headings, rows) if kind == "csv" else _write_xlsx(out, title, headings, rows)


def guarded(value: Any) -> str:
    """A value for a CSV file; text that a spreadsheet would run as a formula gets an apostrophe before it."""
    text = shown(value)
    # Text that begins with such an apostrophe itself gets another one, or imports would take it off.
    return f"'{text}" if isinstance(value, str) and text.lstrip("'").startswith(FORMULA) else text


def _write_csv(out: IO[bytes], headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    # The mark lets spreadsheets know that it is UTF-8.
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(headings)
    count = 0
    for row in rows:
        writer.writerow([guarded(value) for value in row])
        count += 1
    text.detach()
    return count


def _write_xlsx(out: IO[bytes], title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    from shelfwise.extras import require

    require("openpyxl", what="Writing XLSX", extra="stock")
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for position, heading in enumerate(headings):
        sheet.column_dimensions[_letter(position)].width = _WIDE if heading in _LONG else _NARROW
    head = []
    for heading in headings:
        cell = WriteOnlyCell(sheet, heading)
        cell.font = Font(bold=True)
        head.append(cell)
    sheet.append(head)
    count = 0
    for row in rows:
        sheet.append([_xlsx_cell(sheet, value) for value in row])
        count += 1
    book.save(out)
    return count


_LONG: Final = frozenset(
    {"name", "product", "category", "location", "to_location", "reason", "time", "booked_at"}
)


def _letter(position: int) -> str:
    from openpyxl.utils import get_column_letter

    return get_column_letter(position + 1)


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    match value:
        case None:
            return None
        case Decimal():
            return float(value) if value != value.to_integral_value() else int(value)
        case bool() | datetime():
            return shown(value)
        case int() | float():
            return value
    cell = WriteOnlyCell(sheet, shown(value))
    # Text stays text, whatever it begins with: GTINs keep their zeros, and nothing is run.
    cell.data_type = "s"
    return cell
