"""Comparing a shelf with its planogram, by aligning sequences: rows with rows first, then facings with facings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.alignment import align, best_sum
from shelfwise.shelf.comparison import Comparison, Extra, Found, Place, State
from shelfwise.shelf.facings import Facing, Guess, Named, Run, find_runs
from shelfwise.shelf.fixes import list_fixes
from shelfwise.shelf.moves import find_moves
from shelfwise.shelf.planned import Entry, Planogram, same_category, same_product

__all__ = ["compare", "worth"]

Floats = NDArray[np.float64]

_SURE: Final = 2.0
"""It is what is planned."""
_LIKELY: Final = 1.5
"""It is asked about, and the likeliest is what is planned."""
_POSSIBLE: Final = 1.25
"""It is asked about, and what is planned is one of the candidates; or only its category is known, the planned one."""
_UNKNOWN: Final = 0.5
"""It may be anything."""
_DOUBTED: Final = 0.25
"""It is asked about, and what is planned is none of the candidates; these are few."""
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
    rows = [
        (planned + 1, numbers[shown])
        for planned, shown in align(_row_scores(planogram, [seen[number] for number in numbers]))
    ]
    shown_by = dict(rows)
    entries: list[Found] = []
    used: set[int] = set()
    for number, row in enumerate(planogram.rows, 1):
        hidden = bool(rows) and not rows[0][0] <= number <= rows[-1][0]
        here = seen.get(shown_by.get(number, 0), [])
        results = _row_found(number, row, here, hidden)
        used.update(i for result in results for i in result.members)
        entries += results
    extras = _extras(facings, found, used, planogram)
    placed, moved = find_moves(entries, extras, {shown: planned for planned, shown in rows})
    counted = [result for result in placed if result.state != "unseen"]
    return Comparison(
        tuple(placed),
        tuple(moved),
        tuple(rows),
        list_fixes(placed, moved),
        sum(result.entry.facings for result in counted),
        sum(result.right for result in counted),
        sum(result.unsure for result in counted),
    )


def worth(entry: Entry, named: Named) -> float:
    """How well a facing of that name does for an entry; 0: it does not."""
    if named.answer == "unknown":
        return _UNKNOWN
    own = Guess(named.product, named.category, named.confidence, named.gtin)
    if named.answer == "accept":
        if same_product(entry, own):
            return _SURE
        only = named.product is None and entry.category is not None
        return _POSSIBLE if only and same_category(entry.category or "", named.category) else 0.0
    if same_product(entry, own):
        return _LIKELY
    if not named.guesses:
        return _UNKNOWN
    return _POSSIBLE if any(same_product(entry, guess) for guess in named.guesses) else _DOUBTED


def _by_row(runs: Sequence[Run]) -> dict[int, list[Run]]:
    rows: dict[int, list[Run]] = {}
    for run in runs:
        rows.setdefault(run.row, []).append(run)
    return rows


def _scores(row: Sequence[Entry], runs: Sequence[Run]) -> Floats:
    """What each planned facing and each seen one are worth to one another, in order."""
    single = np.array([[worth(entry, run.named) for run in runs] for entry in row])
    facings = np.repeat(single.reshape(len(row), len(runs)), [entry.facings for entry in row], axis=0)
    return np.repeat(facings, [len(run) for run in runs], axis=1)


def _row_scores(planogram: Planogram, seen: Sequence[Sequence[Run]]) -> Floats:
    """What each planned row and each seen one are worth to one another: rows are paired so that most is right."""
    scores = [[best_sum(_scores(row, runs)) + _ANY_ROW for runs in seen] for row in planogram.rows]
    return np.array(scores).reshape(len(planogram.rows), len(seen))


def _row_found(number: int, row: Sequence[Entry], runs: Sequence[Run], hidden: bool) -> list[Found]:
    """What of one planned row is where it should be."""
    owners = [i for i, entry in enumerate(row) for _ in range(entry.facings)]
    members = [(run, member) for run in runs for member in run.members]
    right, unsure = [0] * len(row), [0] * len(row)
    there: list[list[int]] = [[] for _ in row]
    for i, j in align(_scores(row, runs)) if runs else []:
        run, member = members[j]
        entry = owners[i]
        sure = worth(row[entry], run.named) >= _SURE
        right[entry] += sure
        unsure[entry] += not sure
        there[entry].append(member)
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


def _extras(
    facings: Sequence[Facing], runs: Sequence[Run], used: set[int], planogram: Planogram
) -> list[Extra]:
    """What no entry was paired with, a run each."""
    extras = []
    for run in runs:
        left = tuple(i for i in run.members if i not in used)
        if left:
            named = run.named
            guess = Guess(named.product, named.category, named.confidence, named.gtin)
            planned = any(same_product(entry, guess) for row in planogram.rows for entry in row)
            extras.append(Extra(run, left, Place(run.row, facings[left[0]].position), planned=planned))
    return extras
