"""Where the boards of a shelf end, as far as the rows above and below show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shelfwise.shelf.facings import Facing
from shelfwise.shelf.rows import Row

__all__ = ["Ends", "find_ends"]

_FULL: Final = 0.34
"""A row shows where the shelf ends if it has this share of the facings of the fullest one."""
_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class Ends:
    """The x where a board begins and ends; None where no other row shows it."""

    left: float | None = None
    right: float | None = None


def find_ends(rows: Sequence[Row], facings: Sequence[Facing]) -> tuple[Ends, ...]:
    """How far each row's board reaches, by the nearest row above and below it, the shorter of the two.

    The highest and lowest row are judged by the two next to them. Two rows have to go on, so that one false box, or
    one longer board, shows no gap; of two rows in all, the other one is enough.
    """
    fullest = max((len(row) for row in rows), default=0)
    full = [i for i, row in enumerate(rows) if len(row) >= max(_LEAST, _FULL * fullest)]
    return tuple(_ends(i, rows, full, facings) for i in range(len(rows)))


def _ends(number: int, rows: Sequence[Row], full: Sequence[int], facings: Sequence[Facing]) -> Ends:
    above = [i for i in full if i < number][-2:][::-1]
    below = [i for i in full if i > number][:2]
    near = [above[0], below[0]] if above and below else above or below
    if not near:
        return Ends()
    height = _height(rows[number])
    lefts, rights = [], []
    for i in near:
        lean = -rows[number].lean * (height - _height(rows[i]))
        lefts.append(rows[i].left + lean)
        rights.append(rows[i].right + lean)
    if not (above and below) and len(near) == 2:
        heights = [_height(rows[i]) for i in near]
        lefts.append(_onward([rows[i].left for i in near], heights, height))
        rights.append(_onward([rows[i].right for i in near], heights, height))
    return Ends(max(lefts), min(rights))


def _height(row: Row) -> float:
    """The y of the middle of its board."""
    return row.base((row.left + row.right) / 2)


def _onward(edges: Sequence[float], heights: Sequence[float], height: float) -> float:
    """Where the line through two edges is at that height."""
    slope = (edges[1] - edges[0]) / (heights[1] - heights[0]) if heights[1] != heights[0] else 0.0
    return edges[0] + slope * (height - heights[0])
