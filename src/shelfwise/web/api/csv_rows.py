"""Tables as CSV that a spreadsheet opens safely, written row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from fastapi.responses import StreamingResponse

from shelfwise.inventory.records import Page

__all__ = ["Cell", "csv_answer", "every"]

Cell = str | None
T = TypeVar("T")
_ROWS_AT_ONCE: Final = 200


def every(page: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """All items of a paged list. The first page is read at once, so that its errors come before any answer."""
    first = page(None)

    def rest() -> Iterator[T]:
        current = first
        yield from current.items
        while current.next is not None:
            current = page(current.next)
            yield from current.items

    return rest()


def csv_answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingResponse:
    """Stream a table as a CSV file in UTF-8; None is an empty cell.

    Cells are written as they are: pass words of people through
    :func:`shelfwise.inventory.exchange.writing.guarded`, and numbers not.
    """
    return StreamingResponse(
        _lines(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for number, row in enumerate(rows, start=1):
        writer.writerow(row)
        if number % _ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
