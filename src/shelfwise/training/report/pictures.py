"""Which plots a report has, what each shows in words, and how they get into the page."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from shelfwise.training.decision_figures import DecisionFigures
from shelfwise.training.metrics import Evaluation
from shelfwise.training.report import plots
from shelfwise.training.report.confusion import confusion_figure, shown_categories
from shelfwise.training.report.data import ReportData
from shelfwise.training.report.gallery_figure import gallery_figure
from shelfwise.training.report.names import percent
from shelfwise.training.report.style import DARK, LIGHT, PIXELS_PER_INCH, Theme, png

__all__ = ["Picture", "Plot", "data_uri", "draw", "plots_of"]

Draw = Callable[[Theme], Figure]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot to draw.

    Attributes:
        name: of its file, without the ending.
        draw: gives the figure in a theme.
        alt: what it shows, in words.
        embedded: whether the page shows it; otherwise it is a file only.
        photos: whether it shows photos, which need all colours.
    """

    name: str
    draw: Draw
    alt: str
    embedded: bool = True
    photos: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot in the page: a light and a dark variant as data URIs, and its size in pixels of the page."""

    light: str
    dark: str
    width: int
    height: int
    alt: str


def data_uri(data: bytes, kind: str) -> str:
    """Bytes as the address of an image in the page."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def draw(plot: Plot) -> tuple[bytes, Picture | None]:
    """The light PNG for the file, and both variants for the page if it shows the plot."""
    figure = plot.draw(LIGHT)
    light = png(figure, scale=1.5, photos=True) if plot.photos else png(figure)
    if not plot.embedded:
        return light, None
    width, height = (round(inches * PIXELS_PER_INCH) for inches in figure.get_size_inches())
    dark = png(plot.draw(DARK))
    return light, Picture(data_uri(light, "png"), data_uri(dark, "png"), width, height, plot.alt)


def plots_of(data: ReportData) -> list[Plot]:
    """All plots that ``data`` has something for."""
    evaluation = data.main.evaluation
    found = [*_history(data), *_evaluation(evaluation), *_decisions(data.main.decisions)]
    if data.counts_before:
        found.append(
            Plot(
                "counts",
                partial(plots.counts_figure, data.counts_before, data.counts_after),
                _counts_alt(data.counts_before),
            )
        )
    found.append(
        Plot(
            "gallery",
            partial(gallery_figure, data),
            "Photos with their true and predicted category.",
            embedded=False,
            photos=True,
        )
    )
    return found


def _history(data: ReportData) -> Sequence[Plot]:
    if not data.history:
        return ()
    best = data.best_epoch if data.best_epoch is not None else plots.best_epoch_of(data.history)
    last = data.history[-1]
    return [
        Plot(
            name,
            partial(plots.history_figure, data.history, name, best),
            f"{name.capitalize()} against epoch; in the last epoch, {last['epoch']:.0f}: training "
            f"{last[f'train_{name}']:.3f}, validation {last[f'val_{name}']:.3f}; best epoch: {best}.",
        )
        for name in ("loss", "accuracy")
    ]


def _evaluation(evaluation: Evaluation) -> Sequence[Plot]:
    curve = evaluation.risk_coverage
    shown = len(shown_categories(evaluation))
    half = float(curve.risk[min(len(curve.risk) - 1, int((curve.coverage < 0.5).sum()))])
    return [
        Plot(
            "confusion-matrix",
            partial(confusion_figure, evaluation),
            f"Confusion matrix of {shown} categories: {percent(evaluation.accuracy)} of photos on the diagonal. "
            "The categories' figures and the most confused pairs are listed in tables of this page.",
        ),
        Plot(
            "calibration",
            partial(plots.reliability_figure, evaluation),
            f"Reliability diagram: accuracy against confidence in {len(evaluation.calibration)} bins; "
            f"expected calibration error {percent(evaluation.ece)}.",
        ),
        Plot(
            "risk-coverage",
            partial(plots.risk_figure, evaluation),
            f"Wrong answers against photos answered: {percent(half)} wrong when the surer half is answered, "
            f"{percent(curve.risk[-1])} when all are.",
        ),
        Plot(
            "categories",
            partial(plots.category_figure, evaluation.per_category),
            "Precision, recall and F1 of each category.",
            embedded=False,
        ),
    ]


def _decisions(decisions: DecisionFigures | None) -> Sequence[Plot]:
    if decisions is None:
        return ()
    total = decisions.total
    right = f", {percent(total.precision)} of them right" if total.accepted else ""
    return [
        Plot(
            "precision-coverage",
            partial(plots.decision_figure, decisions),
            f"Right answers against photos answered: {percent(total.coverage)} of photos are accepted{right}; "
            f"{percent(decisions.target)} are aimed at.",
        )
    ]


def _counts_alt(before: Mapping[str, int]) -> str:
    return f"Training photos by category: from {min(before.values()):,} to {max(before.values()):,}."
