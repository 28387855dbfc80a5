"""Places within a row: what stands beside and what on top of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shelfwise.shelf.tilt import Straight

__all__ = ["overlap", "place"]

_ABOVE: Final = 0.4
"""How far what is above another may reach down into it, in its own heights."""
_SHARED: Final = 0.4
"""How much of the narrower one of the two must be above the other."""


def overlap(straight: Straight, i: int, j: int) -> float:
    """How much of the narrower one of two boxes is above or below the other, 0 to 1; below 0 apart."""
    reach = (straight.width[i] + straight.width[j]) / 2 - abs(straight.x[i] - straight.x[j])
    return float(min(reach / min(straight.width[i], straight.width[j]), 1.0))


def place(members: Sequence[int], straight: Straight) -> tuple[list[int], list[int], list[int]]:
    """Order the members of a row: their numbers, the position and the level of each, by position, then level.

    From the lowest foot up, each is put on the topmost one below it, and where there is none, on the board. Where
    two stand beside one another on a wider one, the right one is counted as the level above.
    """
    columns: list[list[int]] = []
    for i in sorted(members, key=lambda i: (-straight.foot[i], straight.x[i], i)):
        below = [column for column in columns if any(_is_above(straight, i, j) for j in column)]
        if below:
            min(below, key=lambda column: min(straight.head[j] for j in column)).append(i)
        else:
            columns.append([i])
    columns.sort(key=lambda column: (straight.x[column[0]], column[0]))
    placed = [
        (i, position, level)
        for position, column in enumerate(columns, 1)
        for level, i in enumerate(column, 1)
    ]
    return [p[0] for p in placed], [p[1] for p in placed], [p[2] for p in placed]


def _is_above(straight: Straight, i: int, j: int) -> bool:
    reach = straight.foot[i] - straight.head[j]
    return bool(reach <= _ABOVE * straight.tall[i]) and overlap(straight, i, j) >= _SHARED
