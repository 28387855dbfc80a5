"""A first planogram from what stands on a shelf."""

from __future__ import annotations

from collections.abc import Sequence

from shelfwise.errors import ShelfError
from shelfwise.shelf.facings import Facing, Run, find_runs
from shelfwise.shelf.planned import Entry, Planogram

__all__ = ["draft", "left_out"]


def draft(
    facings: Sequence[Facing], runs: Sequence[Run] | None = None, *, name: str | None = None
) -> Planogram:
    """A planogram that a shelf meets as it is: an entry for each run of accepted facings.

    Facings that are asked about or unknown are left out (:func:`left_out`), and so is a row without others.

    Args:
        facings: what stands there, with names and places.
        runs: their runs; None: they are found.
        name: of the planogram.

    Raises:
        ShelfError: no facing was named for sure.
        PlanogramError: there are more rows or facings than a planogram may have.
    """
    rows: dict[int, list[Entry]] = {}
    for run in find_runs(facings) if runs is None else runs:
        named = run.named
        if named.answer == "accept":
            entry = Entry(named.product, len(run), named.category, named.gtin)
            rows.setdefault(run.row, []).append(entry)
    if not rows:
        raise ShelfError(
            "no planogram can be drafted: no product on the photo was named for sure; "
            "name some by hand, or teach the products first"
        )
    return Planogram(tuple(tuple(rows[number]) for number in sorted(rows)), name)


def left_out(facings: Sequence[Facing], runs: Sequence[Run] | None = None) -> int:
    """How many facings a draft leaves out, since nobody knows for sure what they are.

    Args:
        facings: what stands there, with names and places.
        runs: their runs; None: they are found.
    """
    found = find_runs(facings) if runs is None else runs
    return sum(len(run) for run in found if run.named.answer != "accept")
