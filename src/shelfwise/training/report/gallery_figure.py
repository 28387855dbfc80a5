"""Photos with their true and predicted category in one picture, for slides and papers."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from shelfwise.training.report.data import ReportData, SampleResult
from shelfwise.training.report.gallery import confident_mistakes, jpeg, random_choice
from shelfwise.training.report.names import percent, shortest_names
from shelfwise.training.report.style import Theme, fonts, new_figure, printable

__all__ = ["gallery_figure"]

COLUMNS, ROWS = 5, 4
CELL, CAPTION = 178, 52


def gallery_figure(data: ReportData, theme: Theme) -> Figure:
    """Photos drawn by chance, and after them the surest mistakes, which are in orange."""
    chosen = random_choice(data.main.results, COLUMNS * (ROWS - 1), data.seed)
    drawn = {result.key for result in chosen}
    chosen += [r for r in confident_mistakes(data.main.results, COLUMNS * ROWS) if r.key not in drawn][
        :COLUMNS
    ]
    names = [printable(name) for name in shortest_names(data.main.evaluation.categories, limit=24)]
    rows = max(1, -(-len(chosen) // COLUMNS))
    figure = new_figure(COLUMNS * CELL, rows * (CELL + CAPTION), theme)
    grid = figure.subplots(rows, COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, result in zip(grid.flat, chosen, strict=False):
        _show(axes, result, names, data, theme)
    return figure


def _show(axes: Axes, result: SampleResult, names: list[str], data: ReportData, theme: Theme) -> None:
    photo = jpeg(result, data.thumbnail)
    if photo is None:
        return
    with Image.open(io.BytesIO(photo[0])) as image:
        axes.imshow(np.asarray(image))
    said = f"{'✓' if result.right else '✗'} {names[result.predicted]} {percent(result.confidence, 0)}"
    axes.set_title(
        said if result.right else f"{said}\ntrue: {names[result.label]}",
        fontsize=9,
        color=theme.third if result.right else theme.second,
        family=fonts(),
        parse_math=False,
    )
