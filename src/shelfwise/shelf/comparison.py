"""What a comparison of a shelf with its planogram says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shelfwise.shelf.facings import Run
from shelfwise.shelf.planned import Entry

__all__ = ["Comparison", "Extra", "Fix", "FixKind", "Found", "Place", "State", "Unnamed"]

State = Literal["present", "short", "misplaced", "missing", "unsure", "unseen"]
FixKind = Literal["missing", "misplaced", "short", "check", "extra", "unnamed"]


@dataclass(frozen=True, slots=True)
class Place:
    """A place: of the photo, where ``position`` is that of a facing, or of the planogram, where it is an entry's."""

    row: int
    position: int


@dataclass(frozen=True, slots=True)
class Found:
    """What is said of one entry of the planogram.

    Attributes:
        entry: what should be there.
        place: its place in the planogram.
        state: ``present``: all its facings are there; ``short``: some are; ``misplaced``: none is there, but some
            stand elsewhere; ``missing``: none is seen; ``unsure``: something is there that may be it, and with that
            it is all there; ``unseen``: its row is not on the photo.
        right: facings that are there for sure.
        unsure: facings in its place that may be it.
        elsewhere: facings of it that stand where they should not, and that it lacks here.
        members: numbers of the facings that are there, surely or not, from left to right.
        moved_from: where those that it lacks stand, nearest row first.
    """

    entry: Entry
    place: Place
    state: State
    right: int = 0
    unsure: int = 0
    elsewhere: int = 0
    members: tuple[int, ...] = ()
    moved_from: tuple[Place, ...] = ()

    @property
    def lacking(self) -> int:
        """How many facings are not there, not even unsurely."""
        return self.entry.facings - self.right - self.unsure


@dataclass(frozen=True, slots=True)
class Extra:
    """Facings of one accepted run that no entry asks for there.

    Attributes:
        run: the run.
        members: numbers of those of its facings.
        place: of the first of them, on the photo.
        wanted: where the planogram has that product and lacks it; None where it lacks it nowhere.
        planned: whether the planogram has that product at all.
    """

    run: Run
    members: tuple[int, ...]
    place: Place
    wanted: Place | None = None
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Neighbouring facings of which nobody knows for sure which product they are, and that stand in no entry's place.

    Those of which only the category is known are among these where they may be a planned product that lacks: of which
    fewer facings than planned are seen for sure, in its place and elsewhere.

    Attributes:
        row, first, last: where, on the photo.
        members: numbers of the facings, by position, then level.
        asked: how many of them have a likely name.
        category: the one that all of them are of for sure, else None.
    """

    row: int
    first: int
    last: int
    members: tuple[int, ...]
    asked: int = 0
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing to do.

    Attributes:
        kind: what is wrong; ``check`` is for what may be right, ``unnamed`` for what cannot be compared.
        text: one sentence for people, with row and place.
        place: where in the planogram; of misplaced, extra and unnamed facings, where on the photo.
        product: what it is about; None for unnamed facings.
        facings: how many.
    """

    kind: FixKind
    text: str
    place: Place
    product: str | None
    facings: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A shelf beside its planogram.

    Attributes:
        entries: what is said of each entry, row by row.
        extras: accepted facings that should stand elsewhere or not at all, in order of place. Those of which only the
            category is known are no planned product that lacks, whichever they are.
        unnamed: the other facings beside the plan, in order of place: those that have no sure name, and those of
            which only the category is known and that may be a planned product that lacks.
        rows: pairs of a row of the planogram and the row of the photo that shows it.
        fixes: what to do, first things first.
        planned: facings of the rows that the photo shows.
        right: facings that are where they should be.
        unsure: facings that may be.
    """

    entries: tuple[Found, ...]
    extras: tuple[Extra, ...]
    unnamed: tuple[Unnamed, ...]
    rows: tuple[tuple[int, int], ...]
    fixes: tuple[Fix, ...]
    planned: int
    right: int
    unsure: int

    @property
    def unseen(self) -> tuple[int, ...]:
        """Rows of the planogram that are not on the photo."""
        return tuple(sorted({found.place.row for found in self.entries if found.state == "unseen"}))

    @property
    def compliance(self) -> float:
        """Correct facings of 100 planned ones; what is not sure does not count.

        The share of planned positions that hold what is planned, as in Liu et al. 2016 ("Planogram compliance
        checking based on detection of recurring patterns", IEEE MultiMedia 23), a facing being a position here. Rows
        that are not on the photo do not count; what is there beside the plan does not lower it.
        """
        return 100 * self.right / self.planned if self.planned else 0.0

    @property
    def compliance_at_best(self) -> float:
        """The same, if all is right of which it is not sure."""
        return 100 * (self.right + self.unsure) / self.planned if self.planned else 0.0
