"""The line and bar plots of a report. Each function gives a figure for one theme."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from shelfwise.training.decision_figures import DecisionFigures
from shelfwise.training.metrics import PRECISION_TARGET, CategoryFigures, Evaluation
from shelfwise.training.report.names import percent, shortest_names
from shelfwise.training.report.style import (
    Theme,
    fonts,
    new_figure,
    per_cent,
    printable,
    style_axes,
    tag,
    tick_names,
)

__all__ = [
    "best_epoch_of",
    "category_figure",
    "counts_figure",
    "decision_figure",
    "history_figure",
    "reliability_figure",
    "risk_figure",
]

WIDTH, HEIGHT = 470, 340
WIDE = 940
ROW = 19
"""Height of a category's row in pixels."""


def best_epoch_of(history: Sequence[Mapping[str, float]]) -> int | None:
    """The first epoch with the highest validation accuracy; None where none was measured."""
    measured = [row for row in history if math.isfinite(row["val_accuracy"])]
    if not measured:
        return None
    return int(max(measured, key=lambda row: (row["val_accuracy"], -row["epoch"]))["epoch"])


def history_figure(
    history: Sequence[Mapping[str, float]], figure_of: str, best: int | None, theme: Theme
) -> Figure:
    """``figure_of`` (``loss`` or ``accuracy``) of training and validation against the epoch; the best one marked."""
    figure = new_figure(WIDTH, HEIGHT, theme)
    axes = figure.subplots()
    style_axes(axes, theme, title=figure_of.capitalize(), x="epoch")
    ends = []
    for part, colour, word in (("train", theme.second, "training"), ("val", theme.first, "validation")):
        points = [(row["epoch"], row[f"{part}_{figure_of}"]) for row in history]
        points = [(x, y) for x, y in points if math.isfinite(y)]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, color=colour, linewidth=2, marker="o" if len(x) < 16 else "", markersize=4)
            ends.append((x[-1], y[-1], colour, word))
    if figure_of == "accuracy":
        axes.yaxis.set_major_formatter(per_cent())
        axes.set_ylim(top=min(1.0, axes.get_ylim()[1]))
    else:
        axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7, min_n_ticks=1))
    if len(history) == 1:
        axes.set_xlim(history[0]["epoch"] - 0.5, history[0]["epoch"] + 0.5)
    _mark_best(axes, history, figure_of, best, theme)
    _name_ends(axes, ends)
    return figure


def _mark_best(
    axes: Axes, history: Sequence[Mapping[str, float]], figure_of: str, best: int | None, theme: Theme
) -> None:
    value = next((row[f"val_{figure_of}"] for row in history if row["epoch"] == best), math.nan)
    if best is None or not math.isfinite(value):
        return
    axes.axvline(best, color=theme.soft, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(
        best, value, "o", markersize=8, color=theme.first, markeredgecolor=theme.paper, markeredgewidth=2
    )
    shown = f"{percent(value)}" if figure_of == "accuracy" else f"{value:.3f}"
    low, high = axes.get_xlim()
    left = best > (low + high) / 2
    bottom, top = axes.get_ylim()
    # Where the curves are not: accuracy climbs and leaves the bottom free, loss falls and leaves the top free.
    free = 0.05 if figure_of == "accuracy" else 0.96
    place = bottom + (free if len(history) > 1 else 0.5) * (top - bottom)
    options = {"xytext": (-6 if left else 6, 0), "ha": "right" if left else "left"}
    tag(axes, best, place, f"best epoch {best}: {shown}", theme.ink, **options)


def _name_ends(axes: Axes, ends: Sequence[tuple[float, float, str, str]]) -> None:
    """Each line's name after its last point, moved apart where two would overlap."""
    bottom, top = axes.get_ylim()
    near = len(ends) == 2 and abs(ends[0][1] - ends[1][1]) < 0.06 * (top - bottom)
    for i, (x, y, colour, word) in enumerate(ends):
        higher = y >= ends[1 - i][1] if len(ends) == 2 else True
        if len(ends) == 2 and ends[0][1] == ends[1][1]:
            higher = i == 0
        tag(axes, x, y, word, colour, xytext=(7, (8 if higher else -8) if near else 0), fontweight="bold")


def reliability_figure(evaluation: Evaluation, theme: Theme) -> Figure:
    """Accuracy against confidence in bins, over the number of photos in each."""
    figure = new_figure(WIDTH, HEIGHT + 40, theme)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.6, 1))
    style_axes(upper, theme, title=f"Calibration: ECE {percent(evaluation.ece)}", y="right", pad=24)
    style_axes(lower, theme, x="confidence", y="photos")
    upper.plot([0, 1], [0, 1], color=theme.soft, linewidth=1.2, linestyle=(0, (4, 3)))
    for b in evaluation.calibration:
        middle, width = (b.low + b.high) / 2, 0.92 * (b.high - b.low)
        lower.bar(middle, b.count, width, color=theme.first)
        if b.accuracy is None or b.confidence is None:
            continue
        upper.bar(
            middle, b.accuracy, width, color=theme.half(theme.first, _weight(b.count, evaluation.samples))
        )
        ends = sorted((b.accuracy, b.confidence))
        upper.plot([middle, middle], ends, color=theme.second, linewidth=3, solid_capstyle="butt")
    upper.set(xlim=(0, 1), ylim=(0, 1))
    upper.yaxis.set_major_formatter(per_cent())
    lower.xaxis.set_major_formatter(per_cent())
    lower.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=2))
    # Above the axes, where no bar can be.
    place = {"xycoords": "axes fraction", "xytext": (0, 0), "va": "bottom", "fontsize": 9}
    tag(upper, 0.0, 1.03, "how often the model is right", theme.first, **place)
    tag(upper, 1.0, 1.03, "gap to its confidence", theme.second, ha="right", **place)
    return figure


def _weight(count: int, samples: int) -> float:
    """Bins of a handful of photos are drawn paler: their accuracy is mostly chance."""
    return min(1.0, 0.35 + 0.65 * count / max(10.0, 0.02 * samples))


def risk_figure(evaluation: Evaluation, theme: Theme) -> Figure:
    """Share of wrong answers against the share of photos answered."""
    curve = evaluation.risk_coverage
    figure = new_figure(WIDTH, HEIGHT + 40, theme)
    axes = figure.subplots()
    title = f"Risk and coverage: AURC {curve.aurc:.3f}"
    style_axes(axes, theme, title=title, x="photos answered, the surest first", y="wrong answers")
    coverage = np.concatenate([[0.0], curve.coverage])
    risk = np.concatenate([curve.risk[:1], curve.risk])
    axes.fill_between(coverage, risk, color=theme.first, alpha=0.14, linewidth=0)
    axes.plot(coverage, risk, color=theme.first, linewidth=2)
    top = max(0.02, float(risk.max()) * 1.18)
    axes.set(xlim=(0, 1.005), ylim=(0, top))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(per_cent())
    _mark_target(axes, evaluation, theme, top)
    if curve.risk[-1] > 0:
        everything = f"all: {percent(curve.risk[-1])} wrong"
        axes.plot(1, curve.risk[-1], "o", markersize=7, color=theme.first, clip_on=False)
        tag(axes, 1, curve.risk[-1], everything, theme.first, xytext=(-6, 9), ha="right")
    return figure


def _mark_target(axes: Axes, evaluation: Evaluation, theme: Theme, top: float) -> None:
    found = evaluation.risk_coverage.at_precision(PRECISION_TARGET)
    level = 1 - PRECISION_TARGET
    if level > top:
        return
    axes.axhline(level, color=theme.soft, linewidth=1, linestyle=(0, (4, 3)))
    if found is None or found[0] == 1.0:
        return
    coverage, threshold = found
    axes.plot(
        coverage, level, "o", markersize=8, color=theme.second, markeredgecolor=theme.paper, markeredgewidth=2
    )
    text = f"{percent(coverage, 0)} answered, {percent(level, 0)} wrong\n(confidence from {threshold:.2f})"
    left = coverage > 0.5
    # The line break is wanted, so the text passes by the filter that would take it out.
    axes.annotate(
        text,
        (coverage, level),
        xytext=(-8 if left else 8, 12),
        textcoords="offset points",
        ha="right" if left else "left",
        va="bottom",
        color=theme.second,
        fontsize=10,
        family=fonts(),
    )


def decision_figure(decisions: DecisionFigures, theme: Theme) -> Figure:
    """Share of right answers against the share of photos that are answered; what the thresholds give is marked."""
    curve, total = decisions.curve, decisions.total
    figure = new_figure(WIDTH, HEIGHT + 40, theme)
    axes = figure.subplots()
    style_axes(axes, theme, title="Precision and coverage", x="photos answered", y="right answers")
    precision = 1 - curve.risk
    axes.plot(curve.coverage, precision, color=theme.first, linewidth=2)
    lowest = min(float(precision.min()), decisions.target, total.precision or 1.0)
    axes.set(xlim=(0, 1.005), ylim=(max(0.0, lowest - 0.03), 1.005))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(per_cent())
    axes.axhline(decisions.target, color=theme.soft, linewidth=1, linestyle=(0, (4, 3)))
    if total.precision is not None:
        axes.plot(
            total.coverage,
            total.precision,
            "o",
            markersize=8,
            color=theme.second,
            markeredgecolor=theme.paper,
        )
        left = total.coverage > 0.5
        text = f"accepted: {percent(total.coverage, 0)}, {percent(total.precision)} right"
        place = {"xytext": (-8, -14) if left else (8, 12), "ha": "right" if left else "left"}
        tag(axes, total.coverage, total.precision, text, theme.second, **place)
    return figure


def category_figure(figures: Sequence[CategoryFigures], theme: Theme) -> Figure:
    """Precision, recall and F1 of each category, the weakest first."""
    rows = sorted((f for f in figures if f.support), key=lambda f: (f.f1 or 0.0, f.category), reverse=True)
    figure = new_figure(WIDE, 110 + ROW * len(rows), theme)
    axes = figure.subplots()
    style_axes(axes, theme, title="Precision, recall and F1 by category", grid="both", size=9)
    place = np.arange(len(rows))
    f1, precision, recall = (
        np.array([value or 0.0 for value in values])
        for values in zip(*((f.f1, f.precision, f.recall) for f in rows), strict=True)
    )
    axes.hlines(
        place, np.minimum(precision, recall), np.maximum(precision, recall), color=theme.rule, linewidth=3
    )
    axes.plot(precision, place, "s", color=theme.second, markersize=5, label="precision")
    axes.plot(recall, place, "^", color=theme.third, markersize=6, label="recall")
    axes.plot(f1, place, "o", color=theme.first, markersize=7, label="F1")
    _name_rows(axes, [f.category for f in rows], [f" ({f.support:,})" for f in rows])
    axes.set_xlim(-0.01, 1.01)
    axes.xaxis.set_major_formatter(per_cent())
    _legend(axes, theme, columns=3)
    return figure


def counts_figure(before: Mapping[str, int], after: Mapping[str, int] | None, theme: Theme) -> Figure:
    """Training photos by category, and the augmented copies that were added."""
    rows = sorted(before, key=lambda name: (before[name], name))
    figure = new_figure(WIDE, 110 + ROW * len(rows), theme)
    axes = figure.subplots()
    style_axes(axes, theme, title="Training photos by category", grid="x", size=9)
    place = np.arange(len(rows))
    photos = np.array([before[name] for name in rows])
    axes.barh(place, photos, 0.68, color=theme.first, label="photos")
    most = photos
    if after is not None and any(after[name] > before[name] for name in rows):
        most = np.array([after[name] for name in rows])
        axes.barh(
            place, most - photos, 0.68, left=photos, color=theme.half(theme.second), label="augmented copies"
        )
        _legend(axes, theme, columns=2)
    for y, count, end in zip(place, photos, most, strict=True):
        text = f"{count:,}" if count == end else f"{count:,} → {end:,}"
        tag(axes, float(end), float(y), text, theme.soft, fontsize=9, xytext=(4, 0))
    _name_rows(axes, rows)
    axes.set_xlim(0, max(1, most.max()) * 1.12)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    return figure


def _name_rows(axes: Axes, names: Sequence[str], after: Sequence[str] | None = None) -> None:
    shown = [printable(name) for name in shortest_names(names, limit=36)]
    if after is not None:
        shown = [name + more for name, more in zip(shown, after, strict=True)]
    axes.set_yticks(range(len(shown)), shown)
    tick_names(axes.get_yticklabels())
    axes.set_ylim(-0.7, len(shown) - 0.3)


def _legend(axes: Axes, theme: Theme, columns: int) -> None:
    legend = axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=columns,
        frameon=False,
        labelcolor=theme.ink,
        prop={"family": fonts(), "size": 9},
    )
    legend.set_in_layout(True)
