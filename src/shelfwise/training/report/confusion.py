"""The confusion matrix, legible from two categories to about a hundred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from shelfwise.datasets.dataset import LEVEL_SEPARATOR
from shelfwise.training.metrics import Evaluation
from shelfwise.training.report.names import shortest_names
from shelfwise.training.report.style import Theme, fonts, new_figure, printable, style_axes, tick_names

__all__ = ["MOST", "confusion_figure", "shown_categories"]

MOST = 100
"""Categories in the picture at most; of more, those with the most mistakes."""


def shown_categories(evaluation: Evaluation) -> list[int]:
    """Labels in the picture: those that occur, or were answered; of very many, those with the most mistakes."""
    matrix = evaluation.confusion
    seen = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    if len(seen) <= MOST:
        return [int(label) for label in seen]
    mistakes = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * matrix.diagonal()
    worst = sorted(seen, key=lambda label: (-mistakes[label], label))[:MOST]
    return sorted(int(label) for label in worst)


def confusion_figure(evaluation: Evaluation, theme: Theme) -> Figure:
    """Rows: true categories. Columns: predicted ones. Colour: share of the row; numbers: photos."""
    labels = shown_categories(evaluation)
    counts = evaluation.confusion[np.ix_(labels, labels)]
    names = [printable(n) for n in shortest_names([evaluation.categories[i] for i in labels], limit=30)]
    cell, text = _sizes(len(labels))
    room = 40 + 0.62 * text * 96 / 72 * max(map(len, names))
    side = cell * len(labels)
    turned = len(labels) > 6 or max(map(len, names)) * text * 0.85 > cell
    figure = new_figure(max(360, side + room + 40), side + 90 + (room - 40 if turned else 0), theme)
    axes = figure.subplots()
    style_axes(axes, theme, x="predicted", y="true", grid="", size=text)
    support = evaluation.confusion[labels].sum(axis=1, keepdims=True)
    share = counts / np.maximum(support, 1)
    _cells(axes, share, theme)
    _numbers(axes, counts, share, theme, cell)
    _name_sides(axes, names, text, turned=turned)
    _borders(axes, [evaluation.categories[i] for i in labels], theme)
    axes.set_aspect("equal")
    return figure


def _sizes(count: int) -> tuple[float, float]:
    """Side of a cell in pixels and size of the names in points."""
    if count <= 10:
        return 62.0, 10.0
    if count <= 30:
        return 29.0, 9.0
    return 17.0, 8.0


def _cells(axes: Axes, share: NDArray[np.float64], theme: Theme) -> None:
    """Right answers in blue on the diagonal, mistakes in orange beside it."""
    diagonal = np.eye(len(share), dtype=bool)
    for chosen, colour in ((diagonal, theme.first), (~diagonal, theme.second)):
        # The root lifts the few per cent of a mistake out of the paper.
        values = np.ma.masked_array(np.sqrt(share), mask=~chosen)
        shades = theme.shades(colour)
        axes.imshow(values, cmap=shades, vmin=0, vmax=1.25, interpolation="nearest")
    edges = np.arange(len(share) + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color=theme.rule, linewidth=0.5)
    axes.tick_params(which="minor", length=0)


def _numbers(
    axes: Axes, counts: NDArray[np.int64], share: NDArray[np.float64], theme: Theme, cell: float
) -> None:
    size = min(11.0, cell * 0.36)
    for row, column in zip(*np.nonzero(counts), strict=True):
        number = int(counts[row, column])
        strong = np.sqrt(share[row, column]) > 0.5
        axes.text(
            column,
            row,
            str(number),
            ha="center",
            va="center",
            color=theme.paper if strong else theme.ink,
            fontsize=size if number < 100 else size * 0.8,
            family=fonts(),
        )


def _name_sides(axes: Axes, names: Sequence[str], size: float, *, turned: bool) -> None:
    place = range(len(names))
    axes.set_yticks(place, names, fontsize=size)
    axes.set_xticks(place, names, fontsize=size, rotation=90 if turned else 0)
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    for spine in axes.spines.values():
        spine.set_visible(False)
    tick_names([*axes.get_xticklabels(), *axes.get_yticklabels()])


def _borders(axes: Axes, categories: Sequence[str], theme: Theme) -> None:
    """Lines between the groups of the widest level that has more than one, but fewer than there are categories."""
    parts = [name.split(LEVEL_SEPARATOR) for name in categories]
    for level in range(max(len(p) for p in parts) - 1):
        groups = [p[: level + 1] for p in parts]
        changes = [i for i in range(1, len(groups)) if groups[i] != groups[i - 1]]
        if 0 < len(changes) < len(groups) - 1:
            for i in changes:
                axes.axhline(i - 0.5, color=theme.soft, linewidth=1)
                axes.axvline(i - 0.5, color=theme.soft, linewidth=1)
            return
