"""The plots of a detector's report. Each function gives a figure for one theme."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shelfwise.training.detect.measures import DetectionFigures
from shelfwise.training.detect.report.data import DetectorReport
from shelfwise.training.report.names import percent
from shelfwise.training.report.pictures import Plot
from shelfwise.training.report.style import Theme, new_figure, per_cent, style_axes, tag

__all__ = ["count_figure", "curve_figure", "detector_plots", "progress_figure"]

WIDTH, HEIGHT = 470, 380


def detector_plots(data: DetectorReport) -> list[Plot]:
    """All plots that ``data`` has something for."""
    found = []
    if data.history:
        for name, words in (("train_loss", "Loss"), ("ap50", "AP50")):
            last = data.history[-1]
            if math.isfinite(last[name]):
                alt = f"{words} against epoch; in the last epoch, {last['epoch']:.0f}: {last[name]:.3f}."
                draw = partial(progress_figure, data.history, name, words, data.best_epoch)
                found.append(Plot(name.replace("_", "-"), draw, alt))
    figures = data.main
    found.append(
        Plot(
            "precision-recall",
            partial(curve_figure, figures),
            f"Precision against recall: AP50 {percent(figures.sizes['all'].ap50)}; with the chosen threshold,"
            f" precision {percent(figures.right)} and recall {percent(figures.recall)}.",
        )
    )
    found.append(
        Plot(
            "counts",
            partial(count_figure, figures),
            "Products counted on each photo against those that are there; median error "
            f"{percent(figures.counts.median_error)}.",
        )
    )
    return found


def progress_figure(
    history: Sequence[Mapping[str, float]], name: str, words: str, best: int | None, theme: Theme
) -> Figure:
    """One figure of all epochs; the kept one marked."""
    figure = new_figure(WIDTH, HEIGHT - 40, theme)
    axes = figure.subplots()
    share = name == "ap50"
    style_axes(axes, theme, title=f"{words}, {'validation' if share else 'training'}", x="epoch")
    x, y = [row["epoch"] for row in history], [row[name] for row in history]
    colour = theme.first if share else theme.second
    axes.plot(x, y, color=colour, linewidth=2, marker="o" if len(x) < 16 else "", markersize=4)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7, min_n_ticks=1))
    if share:
        _per_cent(axes, "y")
        # Of a detector that finds nothing yet all values are 0, around which the axis would be laid.
        axes.set_ylim(0, min(1.02, 1.12 * max(y)) if max(y) > 0 else 1.0)
    else:
        # Room for the words above a loss that hardly falls, as when a trained detector learns on.
        axes.set_ylim(0, 1.2 * max(y) or 1.0)
    if len(x) == 1:
        axes.set_xlim(x[0] - 0.5, x[0] + 0.5)
    value = next((row[name] for row in history if row["epoch"] == best), math.nan)
    if best is not None and math.isfinite(value):
        axes.axvline(best, color=theme.soft, linewidth=1, linestyle=(0, (4, 3)))
        left = best > (axes.get_xlim()[0] + axes.get_xlim()[1]) / 2
        bottom, top = axes.get_ylim()
        # Where the curve is not: AP climbs and leaves the bottom free, loss falls and leaves the top free.
        place = bottom + (0.05 if share else 0.95) * (top - bottom)
        shown = percent(value) if share else f"{value:.3f}"
        options = {"xytext": (-6 if left else 6, 0), "ha": "right" if left else "left"}
        tag(axes, best, place, f"kept: epoch {best}, {shown}", theme.ink, **options)
    return figure


def curve_figure(figures: DetectionFigures, theme: Theme) -> Figure:
    """Precision against recall at an overlap of one half; what the threshold gives is marked."""
    figure = new_figure(WIDTH, HEIGHT, theme)
    axes = figure.subplots()
    title = f"Precision and recall: AP50 {percent(figures.sizes['all'].ap50)}"
    style_axes(axes, theme, title=title, x="products found (recall)", y="boxes that are right (precision)")
    curve = figures.curve
    if len(curve.recall):
        recall = np.concatenate([[0.0], curve.recall])
        precision = np.concatenate([curve.precision[:1], curve.precision])
        axes.fill_between(recall, precision, color=theme.first, alpha=0.14, linewidth=0)
        axes.plot(recall, precision, color=theme.first, linewidth=2)
    axes.set(xlim=(0, 1.005), ylim=(0, 1.02))
    _per_cent(axes, "both")
    if figures.nothing:
        tag(axes, 0.5, 0.5, f"no box has a score from {figures.threshold:.2f}", theme.second, ha="center")
        return figure
    axes.plot(
        figures.recall,
        figures.precision,
        "o",
        markersize=9,
        color=theme.second,
        markeredgecolor=theme.paper,
        markeredgewidth=2,
        clip_on=False,
    )
    lines = (
        f"score from {figures.threshold:.2f}:",
        f"{percent(figures.precision, 0)} right, {percent(figures.recall, 0)} found",
    )
    left, low = figures.recall > 0.45, figures.precision > 0.5
    for number, line in enumerate(lines):
        down = (-16 - 15 * number) if low else (31 - 15 * number)
        place = {"xytext": (-10 if left else 10, down), "ha": "right" if left else "left"}
        tag(axes, figures.recall, figures.precision, line, theme.second, **place)
    return figure


def count_figure(figures: DetectionFigures, theme: Theme) -> Figure:
    """Each photo: products counted against products that are there, around the line of right counts."""
    figure = new_figure(WIDTH, HEIGHT, theme)
    axes = figure.subplots()
    title = f"Counts: median error {percent(figures.counts.median_error)}"
    style_axes(axes, theme, title=title, x="products on the photo", y="products counted", grid="both")
    there = np.array([len(each.photo.boxes) for each in figures.matched])
    counted = np.array([each.count(figures.threshold) for each in figures.matched])
    top = max(1, int(there.max()), int(counted.max()))
    # Small counts lie on each other: those of many photos are drawn darker.
    places, number = np.unique(np.stack([there, counted], 1), axis=0, return_counts=True)
    area = 18 + 90 * np.sqrt(number / number.max())
    if top > 40:
        band = np.array([0, top])
        axes.fill_between(band, 0.9 * band, 1.1 * band, color=theme.half(theme.third, 0.16), linewidth=0)
        tag(axes, 0.62 * top, 0.62 * top * 0.78, "within 10\N{NO-BREAK SPACE}%", theme.third)
    axes.plot([0, top], [0, top], color=theme.soft, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.scatter(
        places[:, 0],
        places[:, 1],
        s=area,
        color=theme.first,
        alpha=0.72,
        edgecolors=theme.paper,
        linewidths=0.8,
        zorder=3,
    )
    margin = 0.04 * top
    axes.set(xlim=(-margin, top + margin), ylim=(-margin, top + margin))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    if number.max() > 1:
        tag(axes, 0, top, "larger dots: more photos", theme.soft, fontsize=9, xytext=(4, 0))
    return figure


def _per_cent(axes: Axes, which: str) -> None:
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        if which in (name, "both"):
            axis.set_major_formatter(per_cent())
