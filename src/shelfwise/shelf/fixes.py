"""What to do so that a shelf is as planned, first things first, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from shelfwise.shelf.comparison import Extra, Fix, FixKind, Found, Place, Unnamed

__all__ = ["list_fixes"]

_ORDER: Final[tuple[FixKind, ...]] = ("missing", "misplaced", "short", "check", "extra", "unnamed")
"""A product that is not there sells least; what is there beside the plan does the least harm; what has no name may
not be wrong at all."""


def list_fixes(
    entries: Sequence[Found], extras: Sequence[Extra], unnamed: Sequence[Unnamed], shown_by: Mapping[int, int]
) -> tuple[Fix, ...]:
    """The list of what to do: missing, misplaced, short, to be checked, extra, unnamed; each by row and position.

    Args:
        entries: what was found of each entry, in order of place, with what was found elsewhere.
        extras: what stands in a wrong place.
        unnamed: what cannot be compared.
        shown_by: by row of the planogram, the row of the photo that shows it.
    """
    shown = _Rows(shown_by)
    fixes = [fix for number in range(len(entries)) for fix in _of_entry(entries, number, shown)]
    fixes += [_of_extra(extra, shown) for extra in extras]
    fixes += [_of_unnamed(group) for group in unnamed]
    return tuple(sorted(fixes, key=lambda fix: (_ORDER.index(fix.kind), fix.place.row, fix.place.position)))


class _Rows:
    """What rows of the planogram are called: with the photo's row where that has another number."""

    def __init__(self, shown_by: Mapping[int, int]) -> None:
        self._shown_by = shown_by
        self._differ = any(planned != seen for planned, seen in shown_by.items())

    def words(self, place: Place) -> str:
        """A place of the planogram; its row is ``planned`` where the photo's numbers are others."""
        seen = self._shown_by.get(place.row)
        if seen == place.row or not self._differ:
            return f"row {place.row}, position {place.position}"
        where = "" if seen is None else f" (row {seen} of the photo)"
        return f"planned row {place.row}{where}, position {place.position}"


def _of_entry(entries: Sequence[Found], number: int, shown: _Rows) -> list[Fix]:
    found = entries[number]
    if found.state == "unseen":
        return []
    fixes = []
    entry, short = found.entry, found.lacking - found.elsewhere
    where = shown.words(found.place)
    start = f"{where[0].upper()}{where[1:]}: {entry.label!r}"
    if found.state == "missing":
        text = f"{start} is missing. Put {_count(short)} {_between(entries, number)}."
        fixes.append(Fix("missing", text, found.place, entry.label, short))
    elif short > 0:
        there = entry.facings - short
        text = f"{start} has {there} of {_count(entry.facings)}{_unsure(found)}{_elsewhere(found)}. Add {short} more."
        fixes.append(Fix("short", text, found.place, entry.label, short))
    if found.unsure:
        text = f"{start}: {_count(found.unsure)} there may be something else. Check."
        fixes.append(Fix("check", text, found.place, entry.label, found.unsure))
    return fixes


def _of_extra(extra: Extra, shown: _Rows) -> Fix:
    label, count, place = extra.run.named.label, len(extra.members), extra.place
    start = f"Row {place.row}, position {place.position} of the photo: {_count(count)} of {label!r}"
    if extra.wanted is not None:
        text = f"{start} in the wrong place. Move to {shown.words(extra.wanted)} of the planogram."
        return Fix("misplaced", text, place, label, count)
    why = " more than planned" if extra.planned else ", which the planogram does not have there"
    return Fix("extra", f"{start}{why}. Take away.", place, label, count)


def _of_unnamed(group: Unnamed) -> Fix:
    """To be named, never to be taken away: it may be right."""
    count = len(group.members)
    places = (
        f"position {group.first}" if group.first == group.last else f"positions {group.first}–{group.last}"
    )
    verb, them = ("is", "it") if count == 1 else ("are", "them")
    sure = " for sure" if group.asked else ""
    start = f"Row {group.row}, {places} of the photo: {_count(count)}"
    what = (
        f" of {group.category!r}, but not known which product"
        if group.category
        else f" {verb} not recognised{sure}"
    )
    text = f"{start}{what}. Name {them} to compare."
    return Fix("unnamed", text, Place(group.row, group.first), None, count)


def _between(entries: Sequence[Found], number: int) -> str:
    """Where to put it, by what is planned beside it."""
    row = entries[number].place.row
    left, right = (
        repr(entries[other].entry.label)
        if 0 <= other < len(entries) and entries[other].place.row == row
        else None
        for other in (number - 1, number + 1)
    )
    if left and right:
        return f"between {left} and {right}"
    if left:
        return f"right of {left}"
    return f"left of {right}" if right else "there"


def _unsure(found: Found) -> str:
    return f", {found.unsure} of them perhaps" if found.unsure else ""


def _elsewhere(found: Found) -> str:
    return f", with {found.elsewhere} in a wrong place" if found.elsewhere else ""


def _count(facings: int) -> str:
    return f"{facings} facing" if facings == 1 else f"{facings} facings"
