"""Parts of the rows that commands write, one photo at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["csv_line", "json_line", "path_cell", "percent"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t")


def percent(confidence: float) -> str:
    """A share from 0 to 1 as per cent, rounded down, so that 100 % stands for certainty alone."""
    return f"{int(confidence * 1000) / 10:5.1f} %"


def path_cell(path: str) -> str:
    """The same path, written so that a spreadsheet does not take it for a formula."""
    return f"./{path}" if path.startswith(_FORMULA_STARTS) and path != "-" else path


def csv_line(values: Sequence[str]) -> str:
    """One line of comma-separated values (RFC 4180), with its end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def json_line(value: Mapping[str, Any]) -> str:
    """One JSON object on a line; bytes of a file name that are no UTF-8 can stand there only as escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return (text if _encodable(text) else json.dumps(value)) + "\n"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
