"""What most likely belongs into a gap, from the planogram or from the products beside it.

How sure that is are rules of thumb. Their order is that of full shelves from whose runs some or all facings are taken
away, scenes of known truth (tests/shelf/scenes.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shelfwise.shelf.comparison import Comparison, Found
from shelfwise.shelf.facings import Facing, Guess, Run

__all__ = ["guess_gap"]

_PLANNED: Final = 0.9
"""The planogram lacks one product there; several share it."""
_BETWEEN: Final = 0.8
"""Both sides have the same product."""
_BESIDE: Final = (0.4, 0.25)
"""The sides have different products: the one that fits better, and the other."""
_AT_END: Final = 0.3
"""There is one side alone, or one with a name."""


def guess_gap(
    left: int | None,
    right: int | None,
    facings: Sequence[Facing],
    runs: Sequence[Run],
    comparison: Comparison | None,
    space: float,
) -> tuple[tuple[Guess, ...], int]:
    """What may belong into a gap, likeliest first, and how many facings the planogram lacks there.

    Args:
        left: number of the facing to its left, None at the end of the row.
        right: the same to its right.
        facings: all facings.
        runs: all runs.
        comparison: with the planogram, or None.
        space: width of the gap, in pixels.
    """
    planned = _lacking(left, right, comparison) if comparison else []
    if planned:
        sure = _PLANNED / len(planned)
        return tuple(
            Guess(found.entry.product, found.entry.category, sure, found.entry.gtin) for found in planned
        ), sum(found.lacking for found in planned)
    sides = [run for side in (left, right) if (run := _run_of(side, runs)) is not None]
    sides = [run for run in sides if run.named.answer == "accept"]
    if len(sides) == 2 and sides[0].named.label == sides[1].named.label:
        return (_guess(sides[0], _BETWEEN),), 0
    if len(sides) == 2:
        better, other = sorted(sides, key=lambda run: (_misfit(run, facings, space), len(run)))
        return (_guess(better, _BESIDE[0]), _guess(other, _BESIDE[1])), 0
    return tuple(_guess(run, _AT_END) for run in sides), 0


def _run_of(facing: int | None, runs: Sequence[Run]) -> Run | None:
    return next((run for run in runs if facing in run.members), None)


def _guess(run: Run, sure: float) -> Guess:
    return Guess(run.named.product, run.named.category, sure, run.named.gtin)


def _misfit(run: Run, facings: Sequence[Facing], space: float) -> float:
    """How far the gap is from a whole number of this run's facings, in tenths of one."""
    widths = sorted(facings[i].width for i in run.members)
    count = space / widths[len(widths) // 2]
    return round(10 * abs(count - max(round(count), 1)))


def _lacking(left: int | None, right: int | None, comparison: Comparison) -> list[Found]:
    """Entries that lack facings between those that stand on both sides: missing ones first, then short ones."""
    owner = {member: number for number, found in enumerate(comparison.entries) for member in found.members}
    first, last = (
        owner.get(left) if left is not None else None,
        owner.get(right) if right is not None else None,
    )
    known = next((number for number in (first, last) if number is not None), None)
    if known is None or (left is not None and first is None) or (right is not None and last is None):
        return []
    row = comparison.entries[known].place.row
    inside = [
        found
        for number, found in enumerate(comparison.entries)
        if found.place.row == row
        and (first is None or number >= first)
        and (last is None or number <= last)
        and found.lacking > 0
    ]
    return sorted(inside, key=lambda found: bool(found.members))
