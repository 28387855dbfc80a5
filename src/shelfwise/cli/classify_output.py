"""Rows of ``shelfwise classify``: a table for people, CSV and JSON lines for machines; one row at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shelfwise.cli import product_columns
from shelfwise.cli.rows import csv_line as _csv_line
from shelfwise.cli.rows import json_line
from shelfwise.cli.rows import path_cell as _cell
from shelfwise.cli.rows import percent as _percent
from shelfwise.text import printable
from shelfwise.workflows.classify import Answer

__all__ = ["FORMATS", "Writer"]

Style = Callable[[str, str], str]
"""Colours a text: ``style(text, colour)``."""


class Writer:
    """Turns answers into text.

    Args:
        categories: all names that may come.
        top: how many of the likeliest categories to tell.
        sorting: whether photos are copied, and so have a place to tell.
        style: colours a text where that is wanted.

    Attributes:
        products: whether to tell the products as well; set where there is an index of them.
    """

    products = False

    def __init__(self, categories: Sequence[str], top: int, sorting: bool, style: Style) -> None:
        self.top = min(top, len(categories))
        self.sorting = sorting
        self.style = style
        self.width = max(len("category"), len("unknown"), *(len(printable(name)) for name in categories))

    def header(self) -> str:
        """What stands above all rows."""
        return ""

    def row(self, answer: Answer) -> str:
        """One photo's row, with its line end."""
        raise NotImplementedError


class TableWriter(Writer):
    """Columns for people. The path stands last, so that none needs to be cut and no row waits for another."""

    def header(self) -> str:
        """Titles of the columns."""
        return self.style(f"{'category':{self.width}}     sure  photo", "bright_black") + "\n"

    def row(self, answer: Answer) -> str:
        """One line a photo, and one more for each further category asked for."""
        photo = printable(answer.photo)
        if answer.prediction is None or answer.category is None:
            mark = self.style(f"{'–':{self.width}}       –", "red")
            return f"{mark}  {photo}: {self.style(str(answer.reason), 'red')}\n"
        first, *others = answer.prediction.top(self.top)
        unsure = answer.category != first.category
        name = f"{printable(answer.category):{self.width}}"
        note = f"  (perhaps {printable(first.category)})" if unsure else ""
        if answer.copied_to is not None:
            note += f"  → {printable(str(answer.copied_to))}"
        note += product_columns.table_note(answer) if self.products else ""
        shown = self.style(name, "yellow" if unsure else "green")
        lines = [f"{shown}  {_percent(first.confidence)}  {photo}{note}"]
        lines += [f"{printable(each.category):{self.width}}  {_percent(each.confidence)}" for each in others]
        return "\n".join(lines) + "\n"


class CsvWriter(Writer):
    """Comma-separated values (RFC 4180), UTF-8, one line a photo."""

    def header(self) -> str:
        """Names of the columns."""
        names = ["path", "category", "confidence", "best_guess", "error"]
        names += ["copied_to"] if self.sorting else []
        for place in range(2, self.top + 1):
            names += [f"category_{place}", f"confidence_{place}"]
        names += product_columns.CSV_NAMES if self.products else ()
        return _csv_line(names)

    def row(self, answer: Answer) -> str:
        """One line; a photo that cannot be read has its reason under ``error`` and no category."""
        ranked = answer.prediction.top(self.top) if answer.prediction else ()
        best = ranked[0] if ranked else None
        values = [_cell(answer.photo), answer.category or "", f"{best.confidence:.6f}" if best else ""]
        values += [best.category if best else "", answer.reason or ""]
        if self.sorting:
            values.append(_cell(str(answer.copied_to)) if answer.copied_to else "")
        for place in range(1, self.top):
            each = ranked[place] if ranked else None
            values += [each.category, f"{each.confidence:.6f}"] if each else ["", ""]
        values += product_columns.csv_values(answer) if self.products else ()
        return _csv_line(values)


class JsonLinesWriter(Writer):
    """One JSON object a line, UTF-8."""

    def row(self, answer: Answer) -> str:
        """One object; every key is there in every line."""
        ranked = answer.prediction.top(self.top) if answer.prediction else ()
        value: dict[str, Any] = {
            "path": answer.photo,
            "category": answer.category,
            "confidence": round(ranked[0].confidence, 6) if ranked else None,
            "best_guess": ranked[0].category if ranked else None,
            "top": [{"category": c.category, "confidence": round(c.confidence, 6)} for c in ranked],
            "error": answer.reason,
        }
        if self.sorting:
            value["copied_to"] = str(answer.copied_to) if answer.copied_to else None
        if self.products:
            value |= product_columns.json_values(answer)
        return json_line(value)


FORMATS: dict[str, type[Writer]] = {"table": TableWriter, "csv": CsvWriter, "jsonl": JsonLinesWriter}
