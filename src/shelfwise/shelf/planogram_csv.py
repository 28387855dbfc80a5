"""Planograms as CSV: one line an entry, as spreadsheets write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Final

from shelfwise.errors import PlanogramError, ProductError
from shelfwise.gtin import parse_gtin
from shelfwise.shelf.planned import MAX_ENTRIES, MAX_FACINGS, MAX_NAME, MAX_ROWS, Entry, Planogram
from shelfwise.text import nearest

__all__ = ["entry_of", "from_csv", "to_csv"]

_COLUMNS: Final = ("row", "position", "product", "facings", "category", "gtin")
_NEEDED: Final = ("row", "position", "facings")
_OTHERS: Final = {"shelf": "row", "place": "position", "name": "product", "ean": "gtin", "barcode": "gtin"}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def entry_of(
    product: str | None, facings: int, category: str | None = None, gtin: str | None = None
) -> Entry:
    """An entry of checked texts; empty ones are None.

    Raises:
        ValueError: a text cannot be shown or is too long, the GTIN is wrong, or nothing says what stands there.
    """
    try:
        number = parse_gtin(gtin) if gtin and gtin.strip() else None
    except ProductError as error:
        raise ValueError(str(error)) from error
    entry = Entry(_words("product", product), facings, _words("category", category), number)
    if not entry.label:
        raise ValueError("nothing says what stands there: give a product, a category or a GTIN")
    return entry


def _words(name: str, text: str | None) -> str | None:
    clean = " ".join((text or "").split())
    if len(clean) > MAX_NAME or not clean.isprintable():
        raise ValueError(f"{name} {clean[:40]!r} must have at most {MAX_NAME} printable characters")
    return clean or None


def from_csv(text: str) -> Planogram:
    """Read a planogram from CSV divided by commas, semicolons or tabs.

    Raises:
        PlanogramError: it is wrong; the message names the line.
    """
    head = text.lstrip("\r\n").partition("\n")[0]
    lines = _lines(text, max(",;\t", key=head.count))
    columns = _columns(next(lines, (1, []))[1])
    rows: dict[int, dict[int, Entry]] = {}
    for line, cells in lines:
        if len(cells) > len(columns):
            raise PlanogramError(
                f"line {line} has {len(cells)} cells, but there are {len(columns)} columns: "
                "put a text that holds the separator in quotation marks"
            )
        values = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name}
        _add(rows, line, values)
    return Planogram(_in_order(rows))


def _lines(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that hold anything, with their numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise PlanogramError(f"line {line} is no CSV: {error}") from error


def _columns(heading: list[str]) -> list[str]:
    names = [_OTHERS.get(name, name) for name in (cell.strip().casefold() for cell in heading)]
    for name in names:
        if name and name not in _COLUMNS:
            meant = nearest(name, _COLUMNS)
            hint = f"; is {meant!r} meant?" if meant else ""
            raise PlanogramError(f"line 1: {name[:40]!r} is none of the columns {', '.join(_COLUMNS)}{hint}")
        if name and names.count(name) > 1:
            raise PlanogramError(f"line 1: the column {name!r} is there twice; leave one out")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise PlanogramError(
            f"line 1: no column {' and no '.join(map(repr, missing))}; head the columns with {','.join(_COLUMNS)}"
        )
    return names


def _add(rows: dict[int, dict[int, Entry]], line: int, values: Mapping[str, str]) -> None:
    try:
        row = _number("row", values.get("row", ""), MAX_ROWS)
        position = _number("position", values.get("position", ""), 10**6)
        facings = _number("facings", values.get("facings", ""), MAX_FACINGS)
        entry = entry_of(
            _without_guard(values.get("product", "")),
            facings,
            _without_guard(values.get("category", "")),
            values.get("gtin"),
        )
    except ValueError as error:
        raise PlanogramError(f"line {line}: {error}") from error
    entries = rows.setdefault(row, {})
    if position in entries:
        raise PlanogramError(f"line {line}: row {row} has position {position} already; give another one")
    entries[position] = entry
    if len(entries) > MAX_ENTRIES:
        raise PlanogramError(f"line {line}: row {row} has more than {MAX_ENTRIES} entries; divide it")


def _number(name: str, text: str, most: int) -> int:
    # Spreadsheets write a whole number as 3.0 at times.
    digits = text.removesuffix(".0").removesuffix(",0")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8 and 1 <= int(digits) <= most):
        raise ValueError(f"{name} is {text[:40]!r}: give a whole number from 1 to {most}")
    return int(digits)


def _in_order(rows: Mapping[int, Mapping[int, Entry]]) -> tuple[tuple[Entry, ...], ...]:
    if not rows:
        raise PlanogramError("there is no line below the heading; give one for each product of each row")
    gap = next(number for number in range(1, len(rows) + 2) if number not in rows)
    if gap <= len(rows):
        raise PlanogramError(f"there is no row {gap}: number the rows from 1 at the top without gaps")
    return tuple(
        tuple(rows[number][position] for position in sorted(rows[number])) for number in sorted(rows)
    )


def to_csv(planogram: Planogram) -> str:
    """A planogram as CSV with commas, and the mark that tells spreadsheets that it is UTF-8."""
    out = io.StringIO("\ufeff")
    out.seek(1)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row, entries in enumerate(planogram.rows, 1):
        for position, entry in enumerate(entries, 1):
            product, category = _guarded(entry.product or ""), _guarded(entry.category or "")
            writer.writerow((row, position, product, entry.facings, category, entry.gtin or ""))
    return out.getvalue()


def _guarded(text: str) -> str:
    """With an apostrophe before what a spreadsheet would take for a formula."""
    return "'" + text if text.lstrip("'").startswith(_FORMULA) else text


def _without_guard(text: str) -> str:
    return text[1:] if text[:1] == "'" and text.lstrip("'").startswith(_FORMULA) else text
