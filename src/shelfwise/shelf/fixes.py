"""What to do so that a shelf is as planned, first things first, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shelfwise.shelf.comparison import Extra, Fix, FixKind, Found, Place

__all__ = ["list_fixes"]

_ORDER: Final[tuple[FixKind, ...]] = ("missing", "misplaced", "short", "check", "extra")
"""A product that is not there sells least; what is there beside the plan does the least harm."""


def list_fixes(entries: Sequence[Found], extras: Sequence[Extra]) -> tuple[Fix, ...]:
    """The list of what to do: missing, misplaced, short, to be checked, extra; each by row and position.

    Args:
        entries: what was found of each entry, in order of place, with what was found elsewhere.
        extras: what stands in a wrong place.
    """
    fixes = [fix for number in range(len(entries)) for fix in _of_entry(entries, number)]
    fixes += [_of_extra(extra) for extra in extras]
    return tuple(sorted(fixes, key=lambda fix: (_ORDER.index(fix.kind), fix.place.row, fix.place.position)))


def _of_entry(entries: Sequence[Found], number: int) -> list[Fix]:
    found = entries[number]
    if found.state == "unseen":
        return []
    fixes = []
    entry, short = found.entry, found.lacking - found.elsewhere
    start = f"{_words(found.place)}: {entry.label!r}"
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


def _of_extra(extra: Extra) -> Fix:
    label, count = extra.run.named.label, len(extra.members)
    product = repr(label) if label else "an unknown product"
    likely = "probably " if label and extra.run.named.answer == "ask" else ""
    start = f"{_words(extra.place)} of the photo: {likely}{_count(count)} of {product}"
    if extra.wanted is not None:
        where = f"row {extra.wanted.row}, position {extra.wanted.position} of the planogram"
        text = f"{start} in the wrong place. Move to {where}."
        return Fix("misplaced", text, extra.place, label, count)
    if extra.planned:
        return Fix("extra", f"{start} more than planned. Take away.", extra.place, label, count)
    return Fix(
        "extra", f"{start}, which the planogram does not have there. Take away.", extra.place, label, count
    )


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


def _words(place: Place) -> str:
    return f"Row {place.row}, position {place.position}"


def _count(facings: int) -> str:
    return f"{facings} facing" if facings == 1 else f"{facings} facings"
