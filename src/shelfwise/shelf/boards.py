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
"""A foot this little above a head, in heights of the lower of the two, stands on it."""
_SUNK: Final = 0.4
"""So does one this far below it: from above, what stands on another is seen to cover a part of it. A board is not."""
_SHARED: Final = 0.4
"""How much of the narrower one must be above the other for that."""
_STACKED: Final = 0.3
"""And how far its middle may be aside, in widths of the narrower: on a full board heads reach the one above."""
_MOST: Final = 0.6
"""Share of a line's boxes that stand on others, of those with anything right below them."""
_DEEP: Final = 0.25
"""A line that runs this far below a head, in heights of that box, cuts it."""
_HALF: Final = 0.5
"""Share of the boxes nearby that are cut, where a line cannot be a board."""
_LIGHT: Final = 0.34
"""A line has few boxes that has at most this share of those of another, and of the width that they take."""
_SOME: Final = 0.2
"""Share of all boxes on the board below that need be cut where a line has few boxes."""
_CLOSE: Final = 0.55
"""A line of few boxes that is nearer to a board than this, in distances between boards, is none."""
_ASIDE: Final = 2.0
"""How far beside its own boxes, in widths of those below, a line still runs."""
_REACHED: Final = 0.3
"""A box that the photo's edge cuts off stands on the board that it shows this much above, in what is seen of it."""


@dataclass(slots=True)
class _Line:
    """Members, and those of them whose feet tell where the board is.

    Also how high that is, their highest head, and the width that they take together.
    """

    members: list[int]
    feet: NDArray[np.intp]
    height: float
    top: float
    width: float

    def is_few(self, boxes: int, width: float) -> bool:
        """Whether it has few boxes beside so many of such a width; three large packets are few, and fill a board."""
        return len(self.members) <= _LIGHT * boxes and self.width <= _LIGHT * width


def find_boards(straight: Straight, base: NDArray[np.bool_]) -> list[tuple[list[int], NDArray[np.intp]]]:
    """Group boxes by board, top to bottom: the numbers of all of its boxes, and of those that show where it is.

    Args:
        straight: the boxes.
        base: shape (N,): which of them end where they are seen to end; at least one.
    """
    lines = _lines(straight, np.flatnonzero(base))
    _add_cut(lines, straight, np.flatnonzero(~base))
    below = _below(straight)
    while (pair := _mistaken(lines, straight, below)) is not None:
        gone, into = pair
        lines[into].members += lines[gone].members
        del lines[gone]
    return [(line.members, line.feet) for line in lines]


def _lines(straight: Straight, which: NDArray[np.intp]) -> list[_Line]:
    """Feet in order of height, divided where the step is large."""
    order = which[np.argsort(straight.foot[which], kind="stable")]
    near = _NEAR * float(np.quantile(straight.tall[which], 0.4))
    steps = np.flatnonzero(np.diff(straight.foot[order]) > near) + 1
    return [_line(part, straight) for part in np.split(order, steps)]


def _line(which: NDArray[np.intp], straight: Straight) -> _Line:
    """A line of feet."""
    height, top = float(np.median(straight.foot[which])), float(straight.head[which].min())
    return _Line([int(i) for i in which], which, height, top, float(straight.width[which].sum()))


def _below(straight: Straight) -> list[tuple[int, bool]]:
    """For each box the nearest one below it, -1 for none, and whether it stands on that."""
    found = []
    for i, foot in enumerate(straight.foot):
        step = (straight.head - foot) / np.minimum(straight.tall, straight.tall[i])
        near = [int(j) for j in np.flatnonzero((step > -_SUNK) & (step < 1)) if j != i]
        near = [j for j in near if overlap(straight, i, j) >= _SHARED]
        j = min(near, key=lambda j: (abs(step[j]), j), default=-1)
        stands = j >= 0 and step[j] < _TOUCH
        aside = abs(straight.x[i] - straight.x[j]) / min(straight.width[i], straight.width[j])
        found.append((j, bool(stands and aside <= _STACKED)))
    return found


def _mistaken(
    lines: Sequence[_Line], straight: Straight, below: Sequence[tuple[int, bool]]
) -> tuple[int, int] | None:
    """A line that is no board, and the one that it joins."""
    owner = {member: number for number, line in enumerate(lines) for member in line.members}
    for number, line in enumerate(lines):
        # What has nothing right below it tells nothing: the one that it stands on may not have been found.
        known = [below[i] for i in line.feet if owner.get(below[i][0], -1) > number]
        under = [owner[other] for other, stands in known if stands]
        if len(under) >= max(_MOST * len(known), _LIGHT * len(line.feet), 1):
            return number, max(sorted(set(under)), key=under.count)
    clashes = [
        (upper, lower)
        for upper in range(len(lines))
        for lower in range(upper + 1, len(lines))
        if lines[upper].height > lines[lower].top and _clash(lines[upper], lines[lower], straight)
    ]
    if not clashes:
        return _crowded(lines)
    # The one with the least to say for it goes first: it may be all that was wrong with its neighbour.
    pair = min(clashes, key=lambda pair: (min(len(lines[i].members) for i in pair), pair[1] - pair[0], pair))
    upper, lower = pair
    return (lower, upper) if len(lines[upper].members) > len(lines[lower].members) else (upper, lower)


def _clash(upper: _Line, lower: _Line, straight: Straight) -> bool:
    """Whether not both can be boards: the upper one would run through what stands on the lower one."""
    feet = lower.feet
    depth = (upper.height - straight.head[feet]) / straight.tall[feet]
    reach = _ASIDE * float(np.median(straight.width[feet]))
    aside = np.maximum(
        straight.x[upper.feet].min() - straight.x[feet], straight.x[feet] - straight.x[upper.feet].max()
    )
    near = aside < reach
    if near.any() and (depth[near] > _DEEP).mean() >= _HALF:
        return True
    light = upper.is_few(len(lower.members), lower.width)
    return light and bool(aside.min() < reach and (depth > _TOUCH).mean() >= _SOME)


def _crowded(lines: Sequence[_Line]) -> tuple[int, int] | None:
    """A line of few boxes, nearer to a board than boards are to one another, and the board whose row it is in."""
    most, widest = max(len(line.members) for line in lines), max(line.width for line in lines)
    boards = [number for number, line in enumerate(lines) if not line.is_few(most, widest)]
    if len(boards) < 2:
        return None
    apart = _CLOSE * float(np.median(np.diff([lines[number].height for number in boards])))
    for number, line in enumerate(lines):
        if number in boards:
            continue
        above = max((board for board in boards if board < number), default=None)
        below = min((board for board in boards if board > number), default=None)
        near = [b for b in (above, below) if b is not None and abs(lines[b].height - line.height) < apart]
        if near:
            # What is above a board is in its row; what is cut by the board above has joined that one already.
            return number, near[0] if below is None else below
    return None


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
