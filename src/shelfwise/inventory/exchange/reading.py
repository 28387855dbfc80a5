"""Rows of a CSV or XLSX file as text, whatever program wrote it, within limits."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from shelfwise.errors import EntryError
from shelfwise.inventory.exchange.cells import shown
from shelfwise.inventory.exchange.writing import FORMULA

__all__ = ["ROWS", "SIZE", "rows_of"]

SIZE: Final = 32 * 2**20
"""Bytes of a file at most."""
ROWS: Final = 200_000
"""Rows of a file at most."""

_UNPACKED: Final = 512 * 2**20
_COLUMNS: Final = 100
_CELL: Final = 4000
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def rows_of(data: bytes, filename: str) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows that hold anything, each with its line in the file, the header first.

    Args:
        data: the file's content.
        filename: its name, for the messages; what kind it is, its content says.

    Raises:
        EntryError: of the field ``file``, if it is empty, too large, neither of the two, or damaged.
    """
    if not data.strip():
        raise EntryError("file", f"{_name(filename)} is empty")
    if len(data) > SIZE:
        raise EntryError("file", f"{_name(filename)} is larger than {SIZE // 2**20} MiB: divide it")
    rows = _xlsx(data, filename) if data.startswith(b"PK\x03\x04") else _csv(data, filename)
    given = 0
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        given += 1
        if given > ROWS + 1:
            raise EntryError("file", f"{_name(filename)} has more than {ROWS:,} rows: divide it")
        if len(row) > _COLUMNS:
            raise EntryError("file", f"line {line} has more than {_COLUMNS} columns")
        if any(len(cell) > _CELL for cell in row):
            raise EntryError("file", f"line {line} has a cell of more than {_CELL:,} characters")
        yield line, row


def _csv(data: bytes, filename: str) -> Iterator[tuple[int, list[str]]]:
    text = _text(data, filename)
    head = text.partition("\n")[0]
    # The header has no commas, semicolons or tabs within its names: the most frequent one divides it.
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            yield line, [_without_guard(cell) for cell in row]
            line = reader.line_num + 1
    except csv.Error as error:
        raise EntryError("file", f"line {line} is no CSV: {error}") from error


def _without_guard(cell: str) -> str:
    """Without the apostrophe that exports put before what a spreadsheet would take for a formula."""
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(FORMULA) else cell


def _text(data: bytes, filename: str) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    for candidate in (encoding,) if encoding else ("utf-8", "cp1252"):
        try:
            text = data.decode(candidate)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise EntryError("file", f"{_name(filename)} is neither CSV text nor an XLSX file")


def _xlsx(data: bytes, filename: str) -> Iterator[tuple[int, list[str]]]:
    from shelfwise.extras import require

    openpyxl = require("openpyxl", what="Reading XLSX", extra="stock")
    require("defusedxml", what="Reading XLSX", extra="stock")  # openpyxl parses with it where it is there
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _UNPACKED:
                raise EntryError("file", f"{_name(filename)} is too large once unpacked")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # Some programs write a size of the sheet that is wrong.
        sheet.reset_dimensions()
        for line, row in enumerate(sheet.iter_rows(values_only=True), 1):
            if line > 2 * ROWS:
                raise EntryError("file", f"{_name(filename)} has more than {ROWS:,} rows: divide it")
            yield line, [_cell(value) for value in row]
    except _BROKEN as error:
        raise EntryError("file", f"{_name(filename)} is no XLSX file, or a damaged one") from error


_BROKEN: Final = (
    zipfile.BadZipFile,
    ParseError,
    KeyError,
    ValueError,
    IndexError,
    OSError,
    AttributeError,
    TypeError,
)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            # Spreadsheets keep 0.1 + 0.2; fifteen digits are what they show.
            return f"{Decimal(f'{value:.15g}'):f}"
        case datetime() if value.time() == time():
            # A date: spreadsheets keep it as its midnight.
            return value.date().isoformat()
        case datetime() | date():
            return value.isoformat()
        case bool():
            return shown(value)
        case _:
            return str(value)


def _name(filename: str) -> str:
    return PurePath(filename.replace("\\", "/")).name[:80] or "the file"
