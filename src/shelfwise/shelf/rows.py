"""Shelf rows, from boxes alone.

Products stand on boards, so their lower edges agree where their upper ones do not. The tilt of the photo is found
first (:mod:`~shelfwise.shelf.tilt`), then feet of about one height make a line, and lines that are no board of their
own join the row that they belong to (:mod:`~shelfwise.shelf.boards`): what stands on other products, what hangs, and
false boxes. Every box is in exactly one row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.boards import find_boards
from shelfwise.shelf.levels import place
from shelfwise.shelf.tilt import Straight, Tilt, find_tilt, straighten

__all__ = ["Row", "find_rows"]

Floats = NDArray[np.float64]

_CUT: Final = 0.05
"""A box that ends this near to the photo's lower edge, in heights of the box, may go on below it."""
_ALONE: Final = 4
"""Boxes on a board that tell its own slope; with fewer it has that of the whole shelf."""
_WIDE: Final = 4
"""Widths of a box that they have to span for that."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a shelf: what stands on one board.

    Attributes:
        members: numbers of its boxes, left to right; of a stack, from the board up.
        positions: place of each member, counted from 1; equal for those that stand on one another.
        levels: of each member, counted from 1: 1 stands on the board, 2 on that.
        slope: of the line that they stand on, pixels down for each pixel to the right.
        intercept: y of that line at x = 0, in pixels.
        lean: of what stands upright, pixels to the left for each pixel down. The photo's turn: on a photo from the
            side boards have a slope, but what stands on them is upright.
        left: smallest x of its boxes.
        right: largest x of its boxes.
    """

    members: tuple[int, ...]
    positions: tuple[int, ...]
    levels: tuple[int, ...]
    slope: float
    intercept: float
    lean: float
    left: float
    right: float

    def __len__(self) -> int:
        """How many facings it has."""
        return len(self.members)

    def base(self, x: float) -> float:
        """The y of the line that products stand on, at ``x``."""
        return self.intercept + self.slope * x


def find_rows(boxes: NDArray[np.float32], size: tuple[int, int] | None = None) -> tuple[Row, ...]:
    """Find the rows of a shelf, top to bottom.

    Args:
        boxes: array of shape (N, 4): left, top, right and bottom edge in pixels.
        size: width and height of the photo. With it, products that the photo's lower edge cuts off are no base.

    Raises:
        ValueError: the boxes have another shape, no area, or are no numbers.
    """
    checked = _checked(boxes)
    if not len(checked):
        return ()
    limit = np.inf if size is None else size[1]
    whole = checked[:, 3] + _CUT * (checked[:, 3] - checked[:, 1]) < limit
    # Where everything is cut off, the lower edges are all there is to go by.
    base = whole if whole.any() else np.ones(len(checked), bool)
    tilt = find_tilt(checked[base])
    straight = straighten(checked, tilt)
    boards = find_boards(straight, base)
    return tuple(_row(members, feet, straight, checked, tilt) for members, feet in boards)


def _checked(boxes: NDArray[np.float32]) -> Floats:
    """The boxes in double precision."""
    exact: Floats = np.asarray(boxes, np.float64)
    if exact.ndim != 2 or exact.shape[1] != 4:
        raise ValueError(f"boxes have shape (N, 4), not {exact.shape}")
    if not np.isfinite(exact).all() or not (exact[:, :2] < exact[:, 2:]).all():
        raise ValueError("boxes must be finite, and have an area")
    return exact


def _row(members: list[int], feet: NDArray[np.intp], straight: Straight, boxes: Floats, tilt: Tilt) -> Row:
    """A row of these members, whose line is told by some of them."""
    ordered, positions, levels = place(members, straight)
    slope, intercept = _line(boxes[feet], tilt, float(np.median(straight.foot[feet])))
    return Row(
        tuple(ordered),
        tuple(positions),
        tuple(levels),
        slope,
        intercept,
        tilt.slope,
        float(boxes[members, 0].min()),
        float(boxes[members, 2].max()),
    )


def _line(boxes: Floats, tilt: Tilt, height: float) -> tuple[float, float]:
    """Slope and intercept of the line below boxes: the medians of Theil (1950) and Sen (1968)."""
    slope = tilt.slope_at(height)
    width = boxes[:, 2] - boxes[:, 0]
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3] - abs(slope) * width / 2
    if len(boxes) >= _ALONE and np.ptp(x) > _WIDE * np.median(width):
        i, j = np.triu_indices(len(boxes), 1)
        # Of neighbours, a small error of an edge is a large one of the slope.
        apart = np.abs(x[i] - x[j]) > np.ptp(x) / 3
        slope = float(np.median((y[i] - y[j])[apart] / (x[i] - x[j])[apart]))
    return slope, float(np.median(y - slope * x))
