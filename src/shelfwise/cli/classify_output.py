"""Rows of ``shelfwise classify``: a table for people, CSV and JSON lines for machines; one row at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from shelfwise.text import printable
from shelfwise.workflows.classify import Answer

__all__ = ["FORMATS", "Writer"]

Style = Callable[[str, str], str]
"""Colours a text: ``style(text, colour)``."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t")


class Writer:
    """Turns answers into text.

    Args:
        categories: all names that may come.
        top: how many of the likeliest categories to tell.
        sorting: whether photos are copied, and so have a place to tell.
        style: colours a text where that is wanted.
    """

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
        # Bytes of a file name that are no UTF-8 can stand in JSON only as escapes.
        text = json.dumps(value, ensure_ascii=False)
        return (text if _encodable(text) else json.dumps(value)) + "\n"


FORMATS: dict[str, type[Writer]] = {"table": TableWriter, "csv": CsvWriter, "jsonl": JsonLinesWriter}


def _percent(confidence: float) -> str:
    # Rounded down, so that 100 % stands for certainty alone.
    return f"{int(confidence * 1000) / 10:5.1f} %"


def _cell(path: str) -> str:
    """The same path, written so that a spreadsheet does not take it for a formula."""
    return f"./{path}" if path.startswith(_FORMULA_STARTS) and path != "-" else path


def _csv_line(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
