"""Comparing a shelf with its planogram, by aligning sequences: rows with rows first, then facings with facings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.alignment import align, best_sums
from shelfwise.shelf.comparison import Comparison, Extra, Found, Place, State
from shelfwise.shelf.facings import Facing, Run, find_runs
from shelfwise.shelf.fixes import list_fixes
from shelfwise.shelf.moves import find_moves
from shelfwise.shelf.planned import Entry, Planogram
from shelfwise.shelf.unnamed import group_unnamed
from shelfwise.shelf.worth import SURE, Lacking, Wanted, Worths

__all__ = ["compare"]

Floats = NDArray[np.float64]

_ANY_ROW: Final = 0.01
"""What it is worth that a row stands beside another, whatever they hold."""


def compare(planogram: Planogram, facings: Sequence[Facing], runs: Sequence[Run] | None = None) -> Comparison:
    """Compare what stands on a shelf with what should.

    The photo may show fewer rows than the planogram has, or more. A row of the planogram between two that it shows is
    taken for an empty board; one above or below all that it shows is ``unseen``.

    Args:
        planogram: what should stand there.
        facings: what stands there, with names and places.
        runs: their runs; None: they are found.
    """
    found = find_runs(facings) if runs is None else runs
    seen = _by_row(found)
    numbers = sorted(seen)
    wanted = Wanted(planogram)
    scores = _row_scores(planogram, [seen[number] for number in numbers], wanted)
    rows = [(planned + 1, numbers[shown]) for planned, shown in align(scores)]
    shown_by = dict(rows)
    entries: list[Found] = []
    used: set[int] = set()
    for number, row in enumerate(planogram.rows, 1):
        hidden = bool(rows) and not rows[0][0] <= number <= rows[-1][0]
        here = seen.get(shown_by.get(number, 0), [])
        results = _row_found(number, row, here, wanted, hidden)
        used.update(i for result in results for i in result.members)
        entries += results
    beside = [run for run in found if not used.issuperset(run.members)]
    extras = _extras(facings, beside, used, wanted)
    nameless = [i for run in beside if run.named.answer != "accept" for i in run.members if i not in used]
    placed, moved = find_moves(entries, extras, wanted, {shown: planned for planned, shown in rows})
    doubtful = _may_be_planned(moved, placed)
    nameless += [i for extra in itertools.compress(moved, doubtful) for i in extra.members]
    moved = [extra for extra, doubted in zip(moved, doubtful, strict=True) if not doubted]
    unnamed = group_unnamed(facings, nameless)
    counted = [result for result in placed if result.state != "unseen"]
    return Comparison(
        tuple(placed),
        tuple(moved),
        unnamed,
        tuple(rows),
        list_fixes(placed, moved, unnamed, shown_by),
        sum(result.entry.facings for result in counted),
        sum(result.right for result in counted),
        sum(result.unsure for result in counted),
    )


def _by_row(runs: Sequence[Run]) -> dict[int, list[Run]]:
    rows: dict[int, list[Run]] = {}
    for run in runs:
        rows.setdefault(run.row, []).append(run)
    return rows


def _row_scores(planogram: Planogram, seen: Sequence[Sequence[Run]], wanted: Wanted) -> Floats:
    """What each planned row and each seen one are worth to one another: rows are paired so that most is right."""
    if not seen:
        return np.zeros((len(planogram.rows), 0))
    worths = wanted.worths([run.named for runs in seen for run in runs])
    lengths = [len(run) for runs in seen for run in runs]
    places = _places([sum(len(run) for run in runs) for runs in seen])
    return np.stack([best_sums(_steps(row, worths, lengths, places)) for row in planogram.rows]) + _ANY_ROW


def _places(counts: Sequence[int]) -> NDArray[np.intp]:
    """Numbers of the facings of each seen row, a line a row; -1 where a row has no more."""
    inside = np.arange(max(counts)) < np.array(counts)[:, None]
    places = np.full(inside.shape, -1)
    places[inside] = np.arange(sum(counts))
    return places


def _steps(
    row: Sequence[Entry], worths: Worths, lengths: Sequence[int], places: NDArray[np.intp]
) -> Iterator[Floats]:
    """For each planned facing of a row, what the facings of each seen row are worth to it."""
    table = np.repeat(worths.of(row), lengths, axis=1)
    # The place -1 is worth nothing.
    table = np.pad(table, ((0, 0), (0, 1)))
    for line, entry in zip(table, row, strict=True):
        yield from itertools.repeat(line[places], entry.facings)


def _row_found(
    number: int, row: Sequence[Entry], runs: Sequence[Run], wanted: Wanted, hidden: bool
) -> list[Found]:
    """What of one planned row is where it should be."""
    owners = [i for i, entry in enumerate(row) for _ in range(entry.facings)]
    members = [member for run in runs for member in run.members]
    table = wanted.worths([run.named for run in runs]).of(row)
    scores = np.repeat(table[owners], [len(run) for run in runs], axis=1)
    right, unsure = [0] * len(row), [0] * len(row)
    there: list[list[int]] = [[] for _ in row]
    for i, j in align(scores):
        entry = owners[i]
        sure = bool(scores[i, j] >= SURE)
        right[entry] += sure
        unsure[entry] += not sure
        there[entry].append(members[j])
    return [
        Found(
            entry,
            Place(number, position),
            _state(entry, right[i], unsure[i], hidden),
            right[i],
            unsure[i],
            members=tuple(there[i]),
        )
        for i, (position, entry) in enumerate(enumerate(row, 1))
    ]


def _state(entry: Entry, right: int, unsure: int, hidden: bool) -> State:
    if hidden:
        return "unseen"
    if right + unsure >= entry.facings:
        return "unsure" if unsure else "present"
    return "short" if right + unsure else "missing"


def _extras(facings: Sequence[Facing], runs: Sequence[Run], used: set[int], wanted: Wanted) -> list[Extra]:
    """Named facings that no entry was paired with, a run each."""
    extras = []
    for run in runs:
        if run.named.answer == "accept":
            left = tuple(i for i in run.members if i not in used)
            planned = bool(wanted.asking_for(run.named))
            extras.append(Extra(run, left, Place(run.row, facings[left[0]].position), planned=planned))
    return extras


def _may_be_planned(extras: Sequence[Extra], placed: Sequence[Found]) -> list[bool]:
    """Of each, whether it may be a planned product of which too little is seen, here and elsewhere, for sure.

    Only its category is known then, so it is not to go.
    """
    lacking = Lacking(found.entry for found in placed if found.right + found.elsewhere < found.entry.facings)
    return [extra.wanted is None and lacking.may_be(extra.run.named) for extra in extras]
