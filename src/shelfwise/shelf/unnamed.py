"""Facings beside the plan whose product nobody has named, as people see them: neighbours together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shelfwise.shelf.comparison import Unnamed
from shelfwise.shelf.facings import Facing

__all__ = ["group_unnamed"]


def group_unnamed(facings: Sequence[Facing], numbers: Iterable[int]) -> tuple[Unnamed, ...]:
    """Put neighbours together: those in one row with no position between them that has none of them.

    Args:
        facings: all that stands on the shelf.
        numbers: of those whose product is not known for sure, and that stand in no entry's place.

    Returns:
        The groups, row by row, each row from the left.
    """
    groups: list[list[int]] = []
    for number in sorted(numbers, key=lambda i: (facings[i].row, facings[i].position, facings[i].level)):
        facing, last = facings[number], facings[groups[-1][-1]] if groups else None
        if last is not None and last.row == facing.row and facing.position <= last.position + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return tuple(
        Unnamed(
            facings[group[0]].row,
            facings[group[0]].position,
            facings[group[-1]].position,
            tuple(group),
            sum(facings[i].named.answer == "ask" for i in group),
            _category([facings[i] for i in group]),
        )
        for group in groups
    )


def _category(group: Sequence[Facing]) -> str | None:
    """The category that all of them are of for sure."""
    sure = {facing.named.category if facing.named.answer == "accept" else None for facing in group}
    return sure.pop() if len(sure) == 1 else None
