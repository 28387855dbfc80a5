"""A shelf's facings: each product's box with its name and its place, and the runs of equal ones.

Rows, positions and levels are counted from 1, as people and planograms count them: row 1 is the top one, position 1
the leftmost place of its row, and level 1 stands on the board. What stands on another product has that one's position
and the level above it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.rows import Row
from shelfwise.types import AnswerKind, Detections

__all__ = ["NOBODY", "Facing", "Guess", "Named", "Run", "find_runs", "place_facings"]

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge, in pixels of the photo."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that a facing may be, and how sure that is (0 to 1).

    Attributes:
        product: its name, or None where only the category is meant.
        category: its category, or None.
        confidence: 0 to 1.
        gtin: the product's GTIN, where it is known.
    """

    product: str | None
    category: str | None
    confidence: float
    gtin: str | None = None

    @property
    def label(self) -> str | None:
        """The product, else the category."""
        return self.product or self.category


@dataclass(frozen=True, slots=True)
class Named:
    """What is said of one box.

    Attributes:
        answer: ``accept``: it is ``product``, or where that is None, something of ``category``; ``ask``: that is
            only the likeliest of ``candidates``; ``unknown``: it is like nothing that is known, or was not named.
        product: the product's name, or None.
        category: the category, or None.
        confidence: how sure that is, 0 to 1.
        candidates: what else it may be, likeliest first; may begin with the likeliest itself.
        gtin: the product's GTIN, where it is known.
        settled: a person said that nobody knows it, so it is none of what is known. Only of what is ``unknown``.
    """

    answer: AnswerKind
    product: str | None = None
    category: str | None = None
    confidence: float = 0.0
    candidates: tuple[Guess, ...] = ()
    gtin: str | None = None
    settled: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"a confidence lies between 0 and 1, not at {self.confidence}")
        if self.answer == "accept" and self.label is None:
            raise ValueError("what is accepted has a product or a category")
        if self.answer == "unknown" and self.label is not None:
            raise ValueError(f"what is unknown is not {self.label!r}")
        if self.settled and self.answer != "unknown":
            raise ValueError(f"only what is unknown is settled, not what has the answer {self.answer!r}")

    @property
    def label(self) -> str | None:
        """The product, else the category, else None."""
        return self.product or self.category

    @property
    def guesses(self) -> tuple[Guess, ...]:
        """All that it may be, the likeliest first, each label once."""
        first = (Guess(self.product, self.category, self.confidence, self.gtin),) if self.label else ()
        labels: dict[str | None, Guess] = {}
        for guess in (*first, *self.candidates):
            labels.setdefault(guess.label, guess)
        return tuple(labels.values())


NOBODY = Named("unknown")
"""Said of a box that nobody named."""


@dataclass(frozen=True, slots=True)
class Facing:
    """One product as it is seen on a shelf.

    Attributes:
        box: left, top, right and bottom edge in pixels of the photo.
        score: how sure the detector is that it is a product, 0 to 1.
        named: which one it is.
        row: counted from 1 at the top.
        position: counted from 1 at the left of its row; equal for facings that stand on one another.
        level: 1 stands on the board, 2 on that, and so on.
    """

    box: Box
    score: float
    named: Named
    row: int
    position: int
    level: int

    @property
    def width(self) -> float:
        """In pixels."""
        return self.box[2] - self.box[0]


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring facings of the same product in one row: beside and on top of one another.

    Attributes:
        named: what they are. Of an accepted run, the surest answer among its facings.
        row: the row's number.
        first: its leftmost position.
        last: its rightmost position.
        members: numbers of its facings in the list that it was found in, by position, then level.
    """

    named: Named
    row: int
    first: int
    last: int
    members: tuple[int, ...]

    def __len__(self) -> int:
        """How many facings it has."""
        return len(self.members)


def place_facings(
    rows: Sequence[Row],
    boxes: NDArray[np.float32] | Detections,
    named: Sequence[Named] | None = None,
    scores: NDArray[np.float32] | None = None,
) -> tuple[Facing, ...]:
    """Give each box its place on the shelf; facing i is box i.

    Args:
        rows: of :func:`~shelfwise.shelf.rows.find_rows` for these boxes.
        boxes: float32 array of shape (N, 4), or the detector's results.
        named: what is said of each box; None: nobody named them.
        scores: the detector's of each box, shape (N,); None: those of the results, else 1.

    Raises:
        ValueError: there are not as many names or scores as boxes, or a box is in no row.
    """
    if isinstance(boxes, Detections):
        scores = boxes.scores if scores is None else scores
        boxes = boxes.boxes
    names = [NOBODY] * len(boxes) if named is None else named
    sure = np.ones(len(boxes), np.float32) if scores is None else scores
    if not len(boxes) == len(names) == len(sure):
        raise ValueError(f"{len(boxes)} boxes, but {len(names)} names and {len(sure)} scores")
    places = {
        member: (number, position, level)
        for number, row in enumerate(rows, 1)
        for member, position, level in zip(row.members, row.positions, row.levels, strict=True)
    }
    if places.keys() != set(range(len(boxes))):
        raise ValueError(f"the rows have {len(places)} members, but there are {len(boxes)} boxes")
    return tuple(
        Facing(_corners(box), float(score), name, *places[i])
        for i, (box, score, name) in enumerate(zip(boxes, sure, names, strict=True))
    )


def _corners(box: NDArray[np.float32]) -> Box:
    left, top, right, bottom = (float(edge) for edge in box)
    return left, top, right, bottom


def find_runs(facings: Sequence[Facing]) -> tuple[Run, ...]:
    """Group the facings of each row into runs, row by row, by their first position, then level.

    Facings are neighbours beside one another on the same level and on top of one another. Accepted ones of the same
    product (where there is none, of the same category) are one run, and so are those asked about with the same
    likeliest answer. Every unknown facing is a run of its own: two unknown products need not be the same.

    What stands beside a doubtful facing says nothing of it, not even the same product on both sides: a run is as
    sure as each of its facings, so that counts by run, counts by facing and what is booked are the same.
    """
    cells = {(f.row, f.position, f.level): i for i, f in enumerate(facings)}
    keys = [_key(f.named, i) for i, f in enumerate(facings)]
    groups = [_run(facings, members) for members in _components(facings, cells, keys)]
    return tuple(sorted(groups, key=lambda run: (run.row, run.first, facings[run.members[0]].level)))


def _key(named: Named, number: int) -> tuple[object, ...]:
    """Equal for what is taken for the same product."""
    if named.label is None:
        return ("unknown", number)
    return (named.answer, named.product, named.category if named.product is None else None)


def _components(
    facings: Sequence[Facing], cells: dict[tuple[int, int, int], int], keys: Sequence[tuple[object, ...]]
) -> Iterator[list[int]]:
    """Connected facings of equal key."""
    seen: set[int] = set()
    for start in range(len(facings)):
        if start in seen:
            continue
        seen.add(start)
        waiting, members = [start], []
        while waiting:
            i = waiting.pop()
            members.append(i)
            place = facings[i]
            for aside, up in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                j = cells.get((place.row, place.position + aside, place.level + up))
                if j is not None and j not in seen and keys[j] == keys[start]:
                    seen.add(j)
                    waiting.append(j)
        yield members


def _run(facings: Sequence[Facing], members: list[int]) -> Run:
    ordered = sorted(members, key=lambda i: (facings[i].position, facings[i].level))
    return Run(
        max((facings[i].named for i in ordered), key=lambda named: named.confidence),
        facings[ordered[0]].row,
        facings[ordered[0]].position,
        facings[ordered[-1]].position,
        tuple(ordered),
    )
