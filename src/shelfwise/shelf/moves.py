"""Which of what stands in a wrong place is what lacks in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shelfwise.shelf.comparison import Extra, Found, Place
from shelfwise.shelf.worth import Wanted

__all__ = ["find_moves"]


def find_moves(
    entries: Sequence[Found], extras: Sequence[Extra], wanted: Wanted, planned_row: Mapping[int, int]
) -> tuple[list[Found], list[Extra]]:
    """Tell extra facings where they lack, and entries where their facings are.

    A product that lacks in several places is given to the nearest row. A run of which only a part lacks elsewhere is
    divided. Rows that are not on the photo come last: nobody knows what they lack.

    Args:
        entries: what was found of each entry.
        extras: facings in a wrong place.
        wanted: the planogram's entries, numbered as ``entries``.
        planned_row: by row of the photo, the row of the planogram that it is.
    """
    placed, told = list(entries), []
    for extra in extras:
        left = extra.members
        for number in _lacking(placed, extra, wanted, planned_row):
            if not left:
                break
            found = placed[number]
            count = min(found.lacking - found.elsewhere, len(left))
            told.append(replace(extra, members=left[:count], wanted=found.place))
            placed[number] = _moved(found, count, extra.place)
            left = left[count:]
        if left:
            told.append(replace(extra, members=left))
    return placed, told


def _lacking(
    placed: Sequence[Found], extra: Extra, wanted: Wanted, planned_row: Mapping[int, int]
) -> list[int]:
    """Numbers of the entries that lack this product, the nearest first."""
    here = planned_row.get(extra.place.row, extra.place.row)
    wanting = [n for n in wanted.asking_for(extra.run.named) if placed[n].lacking > placed[n].elsewhere]
    return sorted(
        wanting,
        key=lambda n: (
            placed[n].state == "unseen",
            abs(placed[n].place.row - here),
            placed[n].place.position,
        ),
    )


def _moved(found: Found, count: int, place: Place) -> Found:
    return replace(
        found,
        state="misplaced" if found.state == "missing" else found.state,
        elsewhere=found.elsewhere + count,
        moved_from=(*found.moved_from, place),
    )
