"""Gaps between products, as wide as a facing, and what most likely belongs there.

A gap between two neighbours on a board is at least :data:`FIT` as wide as the narrower of the two products beside it.
At the ends of a row it is measured to where the rows next to it end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from shelfwise.shelf.comparison import Comparison
from shelfwise.shelf.extent import Ends, find_ends
from shelfwise.shelf.facings import Box, Facing, Guess, Run, find_runs
from shelfwise.shelf.gap_guesses import guess_gap
from shelfwise.shelf.rows import Row

__all__ = ["FIT", "Gap", "find_gaps"]

FIT: Final = 0.8
"""Widths of a facing that a gap has at least. Products stand a tenth of their width apart as a rule."""
_LEAST: Final = 0.5
"""And this share of the row's median width: beside a false narrow box is no gap."""
_ROUND: Final = 0.2
"""A facing more fits where this share of its width is lacking."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An empty place on a board.

    Attributes:
        box: left, top, right and bottom edge in pixels; as high as the products beside it.
        row: the row's number.
        position: that which the first product in it would get: 1 at the left end of the row.
        facings: how many fit, of what most likely belongs there.
        guesses: what may belong there, likeliest first.
        planned: whether a planogram says so.
    """

    box: Box
    row: int
    position: int
    facings: int
    guesses: tuple[Guess, ...] = ()
    planned: bool = False

    @property
    def likeliest(self) -> Guess | None:
        """What most likely belongs there, or None where nothing tells."""
        return self.guesses[0] if self.guesses else None


def find_gaps(
    rows: Sequence[Row],
    facings: Sequence[Facing],
    runs: Sequence[Run] | None = None,
    *,
    comparison: Comparison | None = None,
    size: tuple[int, int] | None = None,
) -> tuple[Gap, ...]:
    """Find the gaps on a shelf, row by row from the left.

    Args:
        rows: the shelf's rows.
        facings: what stands in them.
        runs: their runs; None: they are found.
        comparison: with the planogram, where there is one: it tells what belongs into a gap.
        size: width and height of the photo: there is no gap beyond its edges.
    """
    found = find_runs(facings) if runs is None else runs
    ends = find_ends(rows, facings)
    gaps: list[Gap] = []
    for number, row in enumerate(rows, 1):
        board = sorted((i for i in row.members if facings[i].level == 1), key=lambda i: facings[i].position)
        for left, right, before in _spaces(board, facings, ends[number - 1], size):
            gap = _gap(row, number, board, before, (left, right), facings, found, comparison)
            if gap is not None:
                gaps.append(gap)
    return tuple(gaps)


def _spaces(
    board: Sequence[int], facings: Sequence[Facing], ends: Ends, size: tuple[int, int] | None
) -> list[tuple[float, float, int]]:
    """Left and right edge of what is free, and how many of the board's products are left of it."""
    lefts = [facings[i].box[0] for i in board]
    rights = [facings[i].box[2] for i in board]
    start = max(ends.left, 0.0) if ends.left is not None else None
    stop = ends.right if size is None or ends.right is None else min(ends.right, size[0])
    spaces = [(start, lefts[0], 0)] if start is not None else []
    spaces += [(max(rights[:i]), lefts[i], i) for i in range(1, len(board))]
    if stop is not None:
        spaces.append((max(rights), stop, len(board)))
    return [space for space in spaces if space[1] > space[0]]


def _gap(
    row: Row,
    number: int,
    board: Sequence[int],
    before: int,
    edges: tuple[float, float],
    facings: Sequence[Facing],
    runs: Sequence[Run],
    comparison: Comparison | None,
) -> Gap | None:
    """The gap in that space, if a facing fits."""
    sides = [board[max(before - 2, 0) : before], board[before : before + 2]]
    beside = [i for side in sides for i in side]
    high = float(np.median([facings[i].box[3] - facings[i].box[1] for i in beside]))
    # The box of a turned product is wider than the product, as in straighten: the gap beside it is narrower.
    lost = abs(row.lean) * high / 2
    space = edges[1] - edges[0] + lost
    widths = [_own(float(np.median([facings[i].width for i in side])), lost) for side in sides if side]
    usual = _own(float(np.median([facings[i].width for i in board])), lost)
    if space < max(FIT * min(widths), _LEAST * usual):
        return None
    left, right = (sides[0][-1] if sides[0] else None), (sides[1][0] if sides[1] else None)
    guesses, lacking = guess_gap(left, right, facings, runs, comparison, space)
    width = _width(guesses[0], number, facings) if guesses else None
    fit = max(int(space / (_own(width, lost) if width else min(widths)) + _ROUND), 1)
    base = row.base(sum(edges) / 2)
    return Gap(
        (edges[0], base - high, edges[1], base),
        number,
        (facings[left].position if left is not None else 0) + 1,
        min(fit, lacking) if lacking else fit,
        guesses,
        lacking > 0,
    )


def _own(width: float, lost: float) -> float:
    """A product's width, from that of its box; never less than half of it, as in straighten."""
    return max(width - lost, width / 2)


def _width(guess: Guess | None, row: int, facings: Sequence[Facing]) -> float | None:
    """How wide the facings of a product are in a row; None where there are none."""
    widths = [f.width for f in facings if guess and f.row == row and f.named.label == guess.label]
    return float(np.median(widths)) if widths else None
