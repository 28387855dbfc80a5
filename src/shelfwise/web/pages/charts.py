"""Where the parts of a chart lie: the template only writes them as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import Final

from shelfwise.inventory.records import LevelPoint

__all__ = ["LevelChart", "Tick", "level_chart"]

_TOP: Final = 12
_BELOW: Final = 26
_RIGHT: Final = 8
_ROWS: Final = 4
_LETTER: Final = 7.2  # pixels of a digit in the labels


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis: its place in pixels, its text, and which end of the text lies there (SVG's words)."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class LevelChart:
    """A level over time, in pixels from the top left.

    Attributes:
        line: points of the level; it stays as it is until it changes.
        area: the path of what is below it.
        rows: labels of quantities, with a line across at each.
        columns: labels of days, at the bottom.
        minimum: where the product's minimum lies, None without one.
    """

    width: int
    height: int
    left: float
    right: float
    bottom: float
    line: str
    area: str
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    minimum: float | None


def level_chart(
    points: Sequence[LevelPoint],
    minimum: Decimal | None,
    *,
    width: int = 720,
    height: int = 230,
    columns: int = 5,
    zone: tzinfo = UTC,
) -> LevelChart:
    """Draw levels, two of them at least, evenly spaced in time.

    Args:
        points: the levels.
        minimum: the product's minimum, drawn across.
        width: pixels.
        height: pixels.
        columns: days that are named.
        zone: in which days are named.
    """
    values = [float(point.quantity) for point in points]
    marked = [*values, *([float(minimum)] if minimum is not None else [])]
    ticks = _ticks(min(0.0, *marked), max(1.0, *marked))
    left = 10 + _LETTER * max(len(text) for _, text in ticks)
    right, bottom = width - _RIGHT, height - _BELOW
    low, high = ticks[0][0], ticks[-1][0]

    def x(place: int) -> float:
        return round(left + (right - left) * place / (len(points) - 1), 1)

    def y(value: float) -> float:
        return round(bottom - (bottom - _TOP) * (value - low) / (high - low), 1)

    steps = [(x(0), y(values[0]))]
    for place, value in enumerate(values[1:], start=1):
        # Between two times the level is what it was: it goes across, then up or down.
        steps += [(x(place), steps[-1][1]), (x(place), y(value))]
    line = " ".join(f"{at:g},{level:g}" for at, level in steps)
    area = f"M{x(0):g},{y(0):g} L{line.replace(' ', ' L')} L{right:g},{y(0):g} Z"
    return LevelChart(
        width,
        height,
        round(left, 1),
        right,
        bottom,
        line,
        area,
        tuple(Tick(y(value), text, "end") for value, text in ticks),
        _days(points, columns, zone, left, right),
        None if minimum is None else y(float(minimum)),
    )


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Round numbers from ``low`` or below to ``high`` or above, with how they are written."""
    raw = (high - low) / _ROWS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(each * step, f"{each * step:,.{places}f}".replace("-", "−")) for each in range(first, last + 1)]


def _days(
    points: Sequence[LevelPoint], columns: int, zone: tzinfo, left: float, right: float
) -> tuple[Tick, ...]:
    first, last = points[0].at, points[-1].at
    found = []
    for number in range(columns):
        share = number / (columns - 1)
        at = (first + (last - first) * share).astimezone(zone)
        anchor = "start" if number == 0 else "end" if number == columns - 1 else "middle"
        found.append(Tick(round(left + (right - left) * share, 1), f"{at.day} {at:%b}", anchor))
    return tuple(found)
