"""How a photo is tilted against its shelves: the family of lines that boards lie on.

Seen straight, turned or from the side, the boards of one shelf are lines that are parallel or meet in one point. Such
lines have a slope that changes linearly with their height, so that two numbers describe them all:

    y = y₀ + v + (slope + turn · v) · (x - x₀)

where (x₀, y₀) is the middle of the boxes and v the height of the line there. With the right two numbers, all feet on
one board have one v.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Straight", "Tilt", "find_tilt", "straighten"]

Floats = NDArray[np.float64]

_STEEPEST: Final = 0.27
"""Slopes up to 15 degrees are looked for."""
_TURN: Final = 0.3
"""Difference of slope between the highest and the lowest foot, at most."""
_NEAR: Final = 0.25
"""Feet that are less than this apart, in heights of a box, may stand on one board."""
_DOUBT: Final = 0.5
"""What a slope of one half of the steepest has to gain, in boards: a few boxes alone show no tilt."""
_FINER: Final = 4
_MANY: Final = 400
"""Boxes that are looked at; more change nothing but the time."""


@dataclass(frozen=True, slots=True)
class Tilt:
    """The two numbers above, and the middle that they hold for.

    Attributes:
        slope: of the line through the middle, pixels down for each pixel to the right.
        turn: how much the slope grows for each pixel down.
        x: of the middle, in pixels.
        y: of the middle, in pixels.
    """

    slope: float
    turn: float
    x: float
    y: float

    def height(self, x: Floats, y: Floats) -> Floats:
        """The v of the lines through some points, which grows downwards."""
        aside = x - self.x
        lifted: Floats = (y - self.y - self.slope * aside) / np.maximum(1 + self.turn * aside, 0.2)
        return lifted

    def slope_at(self, height: float) -> float:
        """Slope of the line of that v."""
        return self.slope + self.turn * height


@dataclass(frozen=True, slots=True)
class Straight:
    """Boxes as they would be without tilt; each array has shape (N,).

    Attributes:
        x: middle, with the lean of upright things taken off.
        width: of the product itself: the box of a turned product is wider.
        head: v of the middle of its upper edge.
        foot: v of the middle of its lower edge.
    """

    x: Floats
    width: Floats
    head: Floats
    foot: Floats

    @property
    def tall(self) -> Floats:
        """Heights, above 0."""
        high: Floats = np.maximum(self.foot - self.head, 1e-6)
        return high


def straighten(boxes: Floats, tilt: Tilt) -> Straight:
    """Take the tilt off boxes (N, 4).

    A product w × h that leans by t, on a board of slope s, fills a box of W = w + |t| h by H = h + |s| w (to first
    order), and the middle of its lower edge is |s| w / 2 above the box's. Cans and bottles are rounder than that:
    half of it is taken off. On a photo that is turned t is s; on one from the side alone it is 0.
    """
    across, down = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    middle, centre = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    slope = np.abs(tilt.slope + tilt.turn * tilt.height(middle, centre))
    lean = abs(tilt.slope)
    width = np.maximum((across - lean * down) / (1 - lean * slope), across / 2)
    edge = slope * width / 4
    head, foot = boxes[:, 1] + edge, boxes[:, 3] - edge
    # What stands upright leans by the photo's turn.
    return Straight(
        middle + tilt.slope * (centre - tilt.y),
        width,
        tilt.height(middle, head),
        np.maximum(tilt.height(middle, foot), tilt.height(middle, head) + 1e-3),
    )


def find_tilt(boxes: Floats) -> Tilt:
    """The tilt with which the feet of boxes (N, 4) lie on the fewest and sharpest boards.

    Looks through a grid of slopes and turns for the least Σ min(gap, near) over the gaps between neighbouring feet in
    order of height: a board costs ``near`` and the spread of its feet. Then refines around the best.
    """
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    if len(boxes) > _MANY:
        boxes = boxes[np.linspace(0, len(boxes) - 1, _MANY).astype(int)]
    feet = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
    x, y = float(middle.mean()), float(boxes[:, 3].mean())
    if len(boxes) < 3:
        return Tilt(0.0, 0.0, x, y)
    tall = float(np.quantile(boxes[:, 3] - boxes[:, 1], 0.4))
    wide, high = (max(float(extent), tall) for extent in np.ptp(feet, axis=0))
    near = _NEAR * tall
    turn = _TURN / high
    slopes = np.linspace(-_STEEPEST, _STEEPEST, _odd(2 * _STEEPEST * wide / near, 33, 201))
    turns = np.linspace(-turn, turn, _odd(_TURN * wide / near / 2, 5, 41))
    half = np.abs(boxes[:, 2] - boxes[:, 0]) / 2
    best = (0.0, 0.0)
    steps = (slopes[1] - slopes[0], turns[1] - turns[0])
    for _ in range(_FINER + 1):
        pairs = np.stack(np.meshgrid(slopes, turns, indexing="ij"), axis=-1).reshape(-1, 2)
        costs = _costs(pairs, feet - (x, y), half, near, turn)
        best = (float(pairs[costs.argmin(), 0]), float(pairs[costs.argmin(), 1]))
        steps = (steps[0] / 3, steps[1] / 3)
        slopes, turns = (value + step * np.arange(-2, 3) for value, step in zip(best, steps, strict=True))
    return Tilt(*best, x, y)


def _odd(count: float, least: int, most: int) -> int:
    """An odd number of steps, so that zero is one of them."""
    return int(min(max(count, least), most)) // 2 * 2 + 1


def _costs(pairs: Floats, feet: Floats, half: Floats, near: float, turn: float) -> Floats:
    """The sum for each pair of slope and turn, in boards; straight is taken where a tilt gains little."""
    x, y = feet[:, 0], feet[:, 1]
    lifted = y - np.abs(pairs[:, :1]) * half - pairs[:, :1] * x
    heights = np.sort(lifted / np.maximum(1 + pairs[:, 1:] * x, 0.2), axis=1)
    gaps = np.minimum(np.diff(heights, axis=1) / near, 1).sum(axis=1)
    doubt = 2 * np.abs(pairs[:, 0]) / _STEEPEST + np.abs(pairs[:, 1]) / turn
    costs: Floats = gaps + _DOUBT * doubt
    return costs
