"""Which feet stand on one board.

Feet of about one height are a line. Three kinds of lines are no board of their own, and join another:

- what stands on other products: most of its boxes have a head right below their foot;
- what cannot be: its height runs through the middle of the products below, which a board would have to be above of;
- a few boxes among many, lower than the products that are next to them on the board below: hanging goods,
  false boxes, and what stands on products that were not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.levels import overlap
from shelfwise.shelf.tilt import Straight

__all__ = ["find_boards"]

_NEAR: Final = 0.25
"""Feet with a larger step between them, in heights of a box, are different lines."""
_TOUCH: Final = 0.1
"""A foot this near to a head, in heights of the lower of the two, stands on it."""
_SHARED: Final = 0.4
"""How much of the narrower one must be above the other for that."""
_MOST: Final = 0.6
"""Share of a line's boxes that stand on others."""
_DEEP: Final = 0.25
"""A line that runs this far below a head, in heights of that box, cuts it."""
_HALF: Final = 0.5
"""Share of the boxes nearby that are cut, where a line cannot be a board."""
_LIGHT: Final = 0.25
"""A line has few boxes that has less than this share of those of its neighbour."""
_BESIDE: Final = 3
"""Boxes of the board below that a small line is compared with."""
_ASIDE: Final = 2.0
"""How far beside its own boxes, in widths of those below, a line still runs."""
_REACHED: Final = 0.3
"""A box that the photo's edge cuts off stands on the board that it shows this much above, in what is seen of it."""


@dataclass(slots=True)
class _Line:
    """Members, and those of them whose feet tell where the board is."""

    members: list[int]
    feet: NDArray[np.intp]
    height: float


def find_boards(straight: Straight, base: NDArray[np.bool_]) -> list[tuple[list[int], NDArray[np.intp]]]:
    """Group boxes by board, top to bottom: the numbers of all of its boxes, and of those that show where it is.

    Args:
        straight: the boxes.
        base: shape (N,): which of them end where they are seen to end; at least one.
    """
    lines = _lines(straight, np.flatnonzero(base))
    supports = _supports(straight)
    while (pair := _mistaken(lines, straight, supports)) is not None:
        gone, into = pair
        lines[into].members += lines[gone].members
        del lines[gone]
    _add_cut(lines, straight, np.flatnonzero(~base))
    return [(line.members, line.feet) for line in lines]


def _lines(straight: Straight, which: NDArray[np.intp]) -> list[_Line]:
    """Feet in order of height, divided where the step is large."""
    order = which[np.argsort(straight.foot[which], kind="stable")]
    near = _NEAR * float(np.quantile(straight.tall[which], 0.4))
    steps = np.flatnonzero(np.diff(straight.foot[order]) > near) + 1
    return [_line(part, straight) for part in np.split(order, steps)]


def _line(which: NDArray[np.intp], straight: Straight) -> _Line:
    """A line of feet."""
    return _Line([int(i) for i in which], which, float(np.median(straight.foot[which])))


def _supports(straight: Straight) -> list[int]:
    """For each box the one it stands on, -1 for none."""
    found = []
    for i, foot in enumerate(straight.foot):
        touch = np.abs(straight.head - foot) / np.minimum(straight.tall, straight.tall[i])
        near = [int(j) for j in np.flatnonzero(touch < _TOUCH) if j != i]
        near = [j for j in near if overlap(straight, i, j) >= _SHARED]
        found.append(min(near, key=lambda j: (touch[j], j)) if near else -1)
    return found


def _mistaken(lines: Sequence[_Line], straight: Straight, supports: Sequence[int]) -> tuple[int, int] | None:
    """A line that is no board, and the one that it joins."""
    owner = {member: number for number, line in enumerate(lines) for member in line.members}
    for number, line in enumerate(lines):
        below = [owner.get(supports[i], -1) for i in line.feet]
        below = [other for other in below if other > number]
        if len(below) >= _MOST * len(line.feet):
            return number, max(sorted(set(below)), key=below.count)
    clashes = [
        (upper, lower)
        for upper in range(len(lines))
        for lower in range(upper + 1, len(lines))
        if _clash(lines[upper], lines[lower], straight)
    ]
    if not clashes:
        return None
    # The one with the least to say for it goes first: it may be all that was wrong with its neighbour.
    pair = min(clashes, key=lambda pair: (min(len(lines[i].feet) for i in pair), pair[1] - pair[0], pair))
    upper, lower = pair
    return (lower, upper) if len(lines[upper].feet) > len(lines[lower].feet) else (upper, lower)


def _clash(upper: _Line, lower: _Line, straight: Straight) -> bool:
    """Whether not both can be boards: the upper one would run through what stands on the lower one."""
    feet = lower.feet
    depth = (upper.height - straight.head[feet]) / straight.tall[feet]
    if depth.max() <= 0:
        return False
    reach = _ASIDE * float(np.median(straight.width[feet]))
    aside = np.maximum(
        straight.x[upper.feet].min() - straight.x[feet], straight.x[feet] - straight.x[upper.feet].max()
    )
    near = aside < reach
    if near.any() and (depth[near] > _DEEP).mean() >= _HALF:
        return True
    if len(upper.feet) >= _LIGHT * len(feet):
        return False
    beside = np.argsort(aside, kind="stable")[:_BESIDE]
    return bool(aside[beside[0]] < reach and (depth[beside] > 0).mean() >= _HALF)


def _add_cut(lines: list[_Line], straight: Straight, cut: NDArray[np.intp]) -> None:
    """Give boxes that go on below the photo to the board that they reach, the others to a lowest one of their own."""
    lowest = []
    for i in cut:
        reached = straight.head[i] + _REACHED * straight.tall[i]
        line = next((line for line in lines if line.height > reached), None)
        if line is None:
            lowest.append(i)
        else:
            line.members.append(int(i))
    if lowest:
        lines.append(_line(np.asarray(lowest, np.intp), straight))
