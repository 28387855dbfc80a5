"""What ``shelfwise shelf`` prints: a report for people, CSV, JSON or a COCO dataset for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from shelfwise.cli.result_file import Style
from shelfwise.cli.rows import csv_line, path_cell, percent
from shelfwise.shelf.coco import MarkedPhoto, coco_dataset
from shelfwise.shelf.facings import Named, Run
from shelfwise.text import many, printable
from shelfwise.workflows.shelf_count import ShelfCount
from shelfwise.workflows.shelf_photos import CountedPhoto

__all__ = ["FORMATS", "Writer"]


class Writer:
    """Turns counts into text.

    Args:
        style: colours a text where that is wanted.
    """

    def __init__(self, style: Style) -> None:
        self.style = style

    def header(self) -> str:
        """What stands above all photos."""
        return ""

    def photo(self, counted: CountedPhoto) -> str:
        """One photo's part, with its line end."""
        raise NotImplementedError

    def footer(self) -> str:
        """What stands below all photos."""
        return ""


class TableWriter(Writer):
    """A report for people, a paragraph a photo."""

    def __init__(self, style: Style) -> None:
        super().__init__(style)
        self._begun = False

    def photo(self, counted: CountedPhoto) -> str:
        """The photo, what is on it by category and product, and what is missing."""
        above = "\n" if self._begun else ""
        self._begun = True
        name = printable(counted.photo)
        if counted.count is None:
            return f"{above}{name}: {self.style(str(counted.reason), 'red')}\n"
        lines = [f"{name}: {_summary(counted.count)}", *_counts(counted.count, self.style)]
        if counted.picture is not None:
            lines.append(f"  picture: {printable(str(counted.picture))}")
        return above + "\n".join(lines) + "\n"


def _summary(count: ShelfCount) -> str:
    rows = len(count.arrangement.rows)
    parts = [f"{many(len(count), 'facing')} in {many(rows, 'row')}"]
    if count.names is not None:
        parts += [f"{count.asked:,} to ask about"] if count.asked else []
        parts += [f"{count.unknown:,} unknown"] if count.unknown else []
    return ", ".join(parts)


def _counts(count: ShelfCount, style: Style) -> Iterator[str]:
    """Facings by category, and by product below each."""
    accepted = [facing.named for facing in count.facings if facing.named.answer == "accept"]
    below: dict[str, dict[str, int]] = {}
    for named in accepted:
        products = below.setdefault(named.category or "without a category", {})
        if named.product is not None:
            products[named.product] = products.get(named.product, 0) + 1
    totals = {
        name: sum((each.category or "without a category") == name for each in accepted) for name in below
    }
    width = max((len(printable(name)) + 2 for name in (*totals, *count.products)), default=0)
    for name in sorted(totals, key=lambda name: (-totals[name], name)):
        share = percent(totals[name] / len(count))
        yield f"  {style(f'{printable(name):{width}}', 'green')}  {totals[name]:5,}  {share}"
        for product in sorted(below[name], key=lambda product: (-below[name][product], product)):
            yield f"    {printable(product):{width - 2}}  {below[name][product]:5,}"


class CsvWriter(Writer):
    """Comma-separated values (RFC 4180), UTF-8, one line a run of neighbouring facings of the same product."""

    def header(self) -> str:
        """Names of the columns."""
        names = ["photo", "row", "position", "product", "category", "facings", "answer", "confidence"]
        return csv_line([*names, "gtin", "error"])

    def photo(self, counted: CountedPhoto) -> str:
        """A line a run; a photo that cannot be read has one line with its reason under ``error``."""
        where = path_cell(counted.photo)
        if counted.count is None:
            return csv_line([where, *[""] * 8, counted.reason or ""])
        return "".join(csv_line([where, *_run_cells(run)]) for run in counted.count.arrangement.runs)


def _run_cells(run: Run) -> list[str]:
    named: Named = run.named
    return [
        str(run.row),
        str(run.first),
        path_cell(named.product or ""),
        path_cell(named.category or ""),
        str(len(run)),
        named.answer,
        f"{named.confidence:.6f}",
        named.gtin or "",
        "",
    ]


class JsonWriter(Writer):
    """One JSON object with all photos, UTF-8."""

    def __init__(self, style: Style) -> None:
        super().__init__(style)
        self._begun = False

    def header(self) -> str:
        """The object's beginning."""
        return '{"photos": ['

    def photo(self, counted: CountedPhoto) -> str:
        """One object a photo; of one that cannot be read it has its reason as ``error`` alone."""
        value: dict[str, Any] = {"photo": counted.photo, "error": counted.reason}
        value["picture"] = None if counted.picture is None else str(counted.picture)
        value |= {} if counted.count is None else counted.count.to_dict()
        between = ",\n" if self._begun else "\n"
        self._begun = True
        return between + _json(value)

    def footer(self) -> str:
        """The object's end."""
        return "\n]}\n"


class CocoWriter(Writer):
    """A COCO dataset of all photos that can be read, UTF-8."""

    def __init__(self, style: Style) -> None:
        super().__init__(style)
        self._photos: list[MarkedPhoto] = []

    def photo(self, counted: CountedPhoto) -> str:
        """Nothing yet: categories are known at the end."""
        if counted.count is not None:
            found = counted.count.found
            name = counted.photo.replace("\\", "/")
            self._photos.append(MarkedPhoto(name, found.width, found.height, counted.count.facings))
        return ""

    def footer(self) -> str:
        """All of it."""
        return _json(coco_dataset(self._photos)) + "\n"


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes of a file name that are no UTF-8 can stand there only as escapes
        return json.dumps(value)
    return text


FORMATS: Final[dict[str, type[Writer]]] = {
    "table": TableWriter,
    "csv": CsvWriter,
    "json": JsonWriter,
    "coco": CocoWriter,
}
