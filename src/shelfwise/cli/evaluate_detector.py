"""What ``shelfwise evaluate`` prints of a detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shelfwise.cli.tables import table
from shelfwise.text import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from shelfwise.training.detect.measures import DetectionFigures
    from shelfwise.workflows.evaluate_detector import DetectorEvaluation

__all__ = ["print_detector"]

SHOWN = 10
"""Unreadable photos in the table."""


def print_detector(printer: Console, run: DetectorEvaluation) -> None:
    """Print the figures of a detector as tables."""
    figures, whole = run.result.figures, run.photos.whole
    where = f"{figures.photos:,} photos of {whole.root}, part {run.part}"
    printer.print(printable(f"{run.bundle.name} ({run.bundle.id}) on {where}"), style="bold", soft_wrap=True)
    if whole.rendered:
        printer.print("Rendered pictures: these figures say nothing about a real shop.", style="yellow")
    if figures.nothing:
        from shelfwise.training.detect.report.nothing import MORE_NEEDED, nothing_found

        printer.print(f"{nothing_found(figures)} {MORE_NEEDED}", style="yellow", soft_wrap=True)
    for section in (_headline(figures), _sizes(figures)):
        printer.print()
        printer.print(section)
    for error in run.result.errors[:SHOWN]:
        printer.print(printable(f"error: {error}"), style="red", soft_wrap=True)
    if len(run.result.errors) > SHOWN:
        printer.print(f"… and {len(run.result.errors) - SHOWN:,} more: see --format json")


def _headline(figures: DetectionFigures) -> Table:
    rows = table("Figure", ">Value", "")
    every, counts, (low, high) = figures.sizes["all"], figures.counts, figures.interval
    rows.add_row("AP50", _percent(every.ap50), f"{_percent(low)} to {_percent(high)} (95 % interval)")
    rows.add_row("AP75", _percent(every.ap75), "")
    rows.add_row("AP50:95", _percent(every.ap), "")
    rows.add_row("Found (recall)", _percent(figures.recall), f"of products, score from {figures.threshold:g}")
    right = "–" if figures.right is None else _percent(figures.right)
    rows.add_row("Right (precision)", right, "no boxes" if figures.nothing else "of these boxes")
    rows.add_row("Count error, median", _percent(counts.median_error), f"over {counts.photos:,} photos")
    rows.add_row("Count error, mean", _percent(counts.mean_error), "")
    rows.add_row("Count bias", _percent(counts.bias), "too few" if counts.bias < 0 else "too many")
    rows.add_row("Counted to the one", _percent(counts.exact), "of the photos")
    rows.add_row("Products", f"{counts.products:,}", f"{counts.counted:,} counted")
    return rows


def _sizes(figures: DetectionFigures) -> Table:
    rows = table("Products by size", ">Products", ">AP50", ">AP75", ">AP50:95", ">Found at all")
    for name, size in figures.sizes.items():
        shares = [_percent(value) for value in size[1:]]
        rows.add_row(name, f"{size.products:,}", *shares)
    return rows


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
