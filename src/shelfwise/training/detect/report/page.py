"""The page of a detector's report: plots and values into the template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import shelfwise
from shelfwise.training.detect.matching import Matched
from shelfwise.training.detect.measures import DetectionFigures
from shelfwise.training.detect.report import gallery
from shelfwise.training.detect.report.data import DetectorReport
from shelfwise.training.detect.report.nothing import MORE_NEEDED, nothing_found
from shelfwise.training.detect.report.plots import detector_plots
from shelfwise.training.report.names import percent
from shelfwise.training.report.page import TEMPLATES, environment_of, whole_text, write_page
from shelfwise.training.report.pictures import Picture, data_uri
from shelfwise.training.report.view import Card

__all__ = ["render", "write"]

_OWN_TEMPLATES: Final = Path(__file__).parent / "templates"
PHOTOS: Final = 8
"""In each gallery."""
SHOWN_ERRORS: Final = 50


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the page but the plots."""

    lead: str
    cards: list[Card]
    random: list[gallery.PhotoView]
    worst: list[gallery.PhotoView]


def write(folder: Path, data: DetectorReport) -> Path:
    """Draw the plots, write them and the page."""
    return write_page(folder, detector_plots(data), lambda pictures, files: render(data, pictures, files))


def render(data: DetectorReport, pictures: dict[str, Picture], files: list[str]) -> str:
    """The page as HTML. What is no character, as in names that are not UTF-8, is replaced."""
    environment = environment_of([_OWN_TEMPLATES, TEMPLATES])
    environment.filters["jpeg_uri"] = lambda content: data_uri(content, "jpeg")
    html = environment.get_template("detector.html.j2").render(
        data=data,
        figures=data.main,
        view=_view(data),
        pictures=pictures,
        files=files,
        errors=data.errors[:SHOWN_ERRORS],
        errors_left=max(0, len(data.errors) - SHOWN_ERRORS),
        colours={"found": gallery.FOUND, "false": gallery.FALSE, "missed": gallery.MISSED},
        sections=_sections(data),
        version=shelfwise.__version__,
    )
    return whole_text(html)


def _sections(data: DetectorReport) -> list[tuple[str, str]]:
    """Anchor and heading of each section that has something to show, in order."""
    return [
        (anchor, heading)
        for anchor, heading, there in (
            ("figures", "Figures", True),
            ("training", "Training", bool(data.history)),
            ("finding", "Finding and counting", True),
            ("photos", "Photos", True),
            ("errors", "Unreadable", bool(data.errors)),
            ("facts", "Facts", bool(data.facts)),
        )
        if there
    ]


def _view(data: DetectorReport) -> View:
    figures = data.main

    def shown(photos: list[Matched]) -> list[gallery.PhotoView]:
        return [gallery.view_of_photo(each, figures.threshold) for each in photos]

    return View(
        _lead(figures),
        list(_cards(figures)),
        shown(gallery.random_photos(figures.matched, PHOTOS, data.seed)),
        shown(gallery.worst_photos(figures.matched, figures.threshold, PHOTOS)),
    )


def _lead(figures: DetectionFigures) -> str:
    counts = figures.counts
    if figures.nothing:
        return f"{nothing_found(figures)} {MORE_NEEDED}"
    half = f"with an error of at most {percent(counts.median_error)}" if counts.median_error else "to the one"
    return (
        f"The detector finds {percent(figures.recall)} of {counts.products:,} products on {figures.photos:,} photos,"
        f" and {percent(figures.precision)} of its boxes are products. Half of the photos or more are counted {half}."
    )


def _cards(figures: DetectionFigures) -> Iterator[Card]:
    every, counts = figures.sizes["all"], figures.counts
    low, high = figures.interval
    yield Card("AP50", f"{percent(every.ap50)}", f"{percent(low)} to {percent(high)} (95\N{NO-BREAK SPACE}%)")
    yield Card("AP50:95", f"{percent(every.ap)}", "mean over ten overlaps")
    yield Card(
        "Found", f"{percent(figures.recall)}", f"of products, with a score from {figures.threshold:.2f}"
    )
    yield Card("Right", percent(figures.right), "no boxes" if figures.nothing else "of these boxes")
    yield Card("Count error", f"{percent(counts.median_error)}", f"median; mean {percent(counts.mean_error)}")
    few = "too few" if counts.bias < 0 else "too many"
    yield Card("Count bias", f"{100 * counts.bias:+.1f}\N{NO-BREAK SPACE}%", f"{few} on average")
