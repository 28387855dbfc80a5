"""What ``shelfwise shelf`` prints: a report for people, CSV, JSON or a COCO dataset for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from shelfwise.cli.result_file import Style
from shelfwise.cli.rows import csv_line, path_cell, percent
from shelfwise.shelf.coco import MarkedPhoto, coco_dataset
from shelfwise.shelf.facings import Named, Run
from shelfwise.shelf.gaps import Gap
from shelfwise.shelf.planogram import Comparison
from shelfwise.shelf.share import board_length
from shelfwise.text import many, printable
from shelfwise.workflows.shelf_count import ShelfCount
from shelfwise.workflows.shelf_photos import CountedPhoto

__all__ = ["FORMATS", "Writer"]


_NO_CATEGORY: Final = "without category"
_NOT_SURE: Final = "not sure"


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
        lines += _gaps(counted.count.arrangement.gaps)
        lines += _planogram(counted.count.arrangement.comparison, self.style)
        if counted.picture is not None:
            lines.append(f"  picture: {printable(str(counted.picture))}")
        return above + "\n".join(lines) + "\n"


def _summary(count: ShelfCount) -> str:
    rows, gaps = len(count.arrangement.rows), len(count.arrangement.gaps)
    parts = [f"{many(len(count), 'facing')} in {many(rows, 'row')}" if rows else "no product found"]
    parts += [many(gaps, "gap")] if gaps else []
    if count.model is not None:
        parts += [f"{count.asked:,} to ask about"] if count.asked else []
        parts += [f"{count.unknown:,} unknown"] if count.unknown else []
    return ", ".join(parts)


def _counts(count: ShelfCount, style: Style) -> Iterator[str]:
    """Facings and share of the shelf by category, facings by product below each, and last what is not sure."""
    sure: dict[str | None, list[Run]] = {}
    for run in count.arrangement.runs:
        if run.named.answer == "accept":
            sure.setdefault(run.named.category, []).append(run)
    if not sure:
        return
    doubtful = [run for run in count.arrangement.runs if run.named.answer != "accept"]
    names = [printable(name) for name in (*count.categories, *(f"  {product}" for product in count.products))]
    width = max(len(name) for name in (*names, *([_NO_CATEGORY] if None in sure else []), _NOT_SURE))
    yield style(f"  {'category':{width}}  facings  of the shelf", "bright_black")
    order = sorted(sure, key=lambda name: (name is None, -_length(count, sure[name]), name or ""))
    for category in order:
        label = f"{_NO_CATEGORY if category is None else printable(category):{width}}"
        coloured = label if category is None else style(label, "green")
        yield f"  {coloured}  {_figures(count, sure[category])}"
        yield from _products(sure[category], width)
    if doubtful:
        yield f"  {_NOT_SURE:{width}}  {_figures(count, doubtful)}"


def _figures(count: ShelfCount, runs: Sequence[Run]) -> str:
    """How many facings runs have, and their share of the shelf."""
    share = _length(count, runs) / board_length(count.facings)
    # Not rounded down as a confidence is: shares are parts of one whole.
    return f"{sum(map(len, runs)):7,}  {100 * share:10.1f} %"


def _length(count: ShelfCount, runs: Sequence[Run]) -> float:
    return board_length(count.facings[i] for run in runs for i in run.members)


def _products(runs: Sequence[Run], width: int) -> Iterator[str]:
    counts: dict[str, int] = {}
    for run in runs:
        if run.named.product is not None:
            counts[run.named.product] = counts.get(run.named.product, 0) + len(run)
    for product in sorted(counts, key=lambda name: (-counts[name], name)):
        yield f"    {printable(product):{width - 2}}  {counts[product]:7,}"


def _gaps(gaps: Sequence[Gap]) -> Iterator[str]:
    """Where something is missing, and what most likely."""
    for gap in gaps:
        likeliest = gap.likeliest
        what = ""
        if likeliest is not None and likeliest.label is not None:
            how = "planned" if gap.planned else f"perhaps, {percent(likeliest.confidence).strip()}"
            what = f" of {printable(likeliest.label)} ({how})"
        yield f"  gap: row {gap.row}, position {gap.position}: room for {many(gap.facings, 'facing')}{what}"


def _planogram(comparison: Comparison | None, style: Style) -> Iterator[str]:
    """How much is as planned, and what to do, first things first."""
    if comparison is None:
        return
    best = ""
    if comparison.unsure:
        best = f", {percent(comparison.compliance_at_best / 100).strip()} if all that is not sure is right"
    right = f"{comparison.right:,} of {many(comparison.planned, 'planned facing')}"
    yield f"  planogram: {percent(comparison.compliance / 100).strip()}, {right}{best}"
    if comparison.unseen:
        rows = ", ".join(map(str, comparison.unseen))
        yield f"    not on the photo: row{'' if len(comparison.unseen) == 1 else 's'} {rows} of the planogram"
    for number, fix in enumerate(comparison.fixes, start=1):
        yield f"    {style(f'{number}.', 'yellow')} {printable(fix.text)}"


class CsvWriter(Writer):
    """Comma-separated values (RFC 4180), UTF-8, one line a run of neighbouring facings of the same product."""

    def header(self) -> str:
        """Names of the columns."""
        names = [
            "photo",
            "row",
            "position",
            "level",
            "product",
            "category",
            "facings",
            "answer",
            "confidence",
        ]
        return csv_line([*names, "gtin", "error"])

    def photo(self, counted: CountedPhoto) -> str:
        """A line a run, without ``answer`` where nothing was named; a photo that cannot be read has its ``error``.

        Position and level are those of the run's first facing: no other line of the photo has the same place.
        """
        where = path_cell(counted.photo)
        if counted.count is None:
            return csv_line([where, *[""] * 9, counted.reason or ""])
        facings, named = counted.count.facings, counted.count.model is not None
        return "".join(
            csv_line([where, *_run_cells(run, facings[run.members[0]].level, named)])
            for run in counted.count.arrangement.runs
        )


def _run_cells(run: Run, level: int, is_named: bool) -> list[str]:
    named: Named = run.named
    return [
        str(run.row),
        str(run.first),
        str(level),
        path_cell(named.product or ""),
        path_cell(named.category or ""),
        str(len(run)),
        named.answer if is_named else "",
        f"{named.confidence:.6f}" if is_named else "",
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
            named = counted.count.model is not None
            self._photos.append(MarkedPhoto(name, found.width, found.height, counted.count.facings, named))
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
