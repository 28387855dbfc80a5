"""What the API takes and gives of shelf photos: boxes, places, counts, corrections."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field

from shelfwise.answers.records import AnswerKind
from shelfwise.answers.shelf_records import BoxChange, BoxVerdict, Saying, ShelfBox, ShelfPhoto, ShelfState
from shelfwise.web.api.answer_schemas import ProductRef, ReviewCandidateOut, product_ref
from shelfwise.web.api.fields import Id, Name, moment_text
from shelfwise.web.api.schemas import Entry, Reply
from shelfwise.workflows.shop_shelf import LookingAt

__all__ = ["MOST_CHANGES", "BoxChangeIn", "BoxOut", "ShelfChangeIn", "ShelfJoinIn", "ShelfListedOut"]

MOST_CHANGES = 500

Edge = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
BoxKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$", examples=["17"])]


class ProgressOut(Reply):
    """How far looking for products is; ``total`` is 0 while they are still being found."""

    ahead: int = Field(description="Photos that are looked at before it.")
    done: int
    total: int

    @classmethod
    def of(cls, looking: LookingAt) -> Self:
        """Shape how far it is."""
        return cls(ahead=looking.ahead, done=looking.done, total=looking.total)


class ShelfListedOut(Reply):
    """A shelf photo, without what is on it."""

    id: int
    photo: str = Field(description="SHA-256, for /photos.")
    width: int
    height: int
    state: ShelfState = Field(description="`waiting` until its products have been looked for.")
    problem: str | None = Field(description="Why it failed, or could not be looked at once more.")
    store_id: int | None
    location_id: int | None
    user: str
    at: str
    version: int
    corrected_by: str | None
    corrected_at: str | None
    booking_id: int | None
    joined_from: list[int]
    model: str | None
    detector: str | None

    @classmethod
    def of(cls, shelf: ShelfPhoto) -> Self:
        """Shape a shelf photo."""
        return cls(**listed(shelf))


def listed(shelf: ShelfPhoto) -> dict[str, Any]:
    """The fields of :class:`ShelfListedOut`."""
    return {
        "id": shelf.id,
        "photo": shelf.photo,
        "width": shelf.width,
        "height": shelf.height,
        "state": shelf.state,
        "problem": shelf.problem,
        "store_id": shelf.store_id,
        "location_id": shelf.location_id,
        "user": shelf.user,
        "at": moment_text(shelf.at),
        "version": shelf.version,
        "corrected_by": shelf.corrected_by,
        "corrected_at": None if shelf.corrected_at is None else moment_text(shelf.corrected_at),
        "booking_id": shelf.booking_id,
        "joined_from": list(shelf.joined_from),
        "model": shelf.model,
        "detector": shelf.detector,
    }


class BoxOut(Reply):
    """A product on a shelf photo. ``product`` and ``category`` are what it is taken for now.

    ``answer`` is ``accept`` where that may be relied on or a person said it, ``ask`` where a person should choose of
    the candidates, ``unknown`` where it is like nothing known. ``row``, ``position`` and ``level`` are counted from
    1, from the top, from the left, and from the board; null for a box that was taken away.
    """

    key: str
    box: list[float] = Field(description="Left, top, right, bottom in pixels of the upright photo.")
    score: float | None = Field(description="The detector's; null for one that a person added.")
    answer: AnswerKind
    product: ProductRef | None
    category: str | None
    confidence: float | None
    candidates: list[ReviewCandidateOut]
    verdict: BoxVerdict | None
    moved: bool
    removed: bool
    row: int | None
    position: int | None
    level: int | None

    @classmethod
    def of(cls, box: ShelfBox, place: tuple[int, int, int] | None) -> Self:
        """Shape a box."""
        row, position, level = place or (None, None, None)
        return cls(
            key=box.key,
            box=[round(edge, 1) for edge in box.box],
            score=None if box.score is None else round(box.score, 3),
            answer=box.answer,
            product=product_ref(box.now_product_id, box.now_product),
            category=box.now_category,
            confidence=None if box.verdict is not None else box.confidence,
            candidates=[
                ReviewCandidateOut(
                    category=each.category,
                    confidence=round(each.confidence, 3),
                    product=product_ref(each.product_id, each.product),
                )
                for each in box.candidates
            ],
            verdict=box.verdict,
            moved=box.moved,
            removed=box.removed,
            row=row,
            position=position,
            level=level,
        )


class BoxChangeIn(Entry):
    """How one box is to be from now on; what is left out stays. A key that is not there yet adds a box with ``box``.

    ``verdict`` says what a person makes of its name: ``confirmed``, ``corrected`` with a category or a product,
    ``unknown``; ``open`` takes back what was said.
    """

    key: BoxKey
    box: Annotated[list[Edge] | None, Field(min_length=4, max_length=4, examples=[[10, 20, 110, 220]])] = None
    removed: bool | None = None
    verdict: Literal["confirmed", "corrected", "unknown", "open"] | None = None
    category: Name | None = None
    product_id: Id | None = None

    def change(self) -> BoxChange:
        """The same for the book."""
        box = None if self.box is None else (self.box[0], self.box[1], self.box[2], self.box[3])
        if self.verdict is None:
            if (self.category, self.product_id) == (None, None):
                return BoxChange(self.key, box, self.removed)
            return BoxChange(self.key, box, self.removed, Saying("corrected", self.category, self.product_id))
        verdict = None if self.verdict == "open" else self.verdict
        return BoxChange(self.key, box, self.removed, Saying(verdict, self.category, self.product_id))


class ShelfChangeIn(Entry):
    """Changes of a shelf photo, all or none."""

    location_id: Annotated[Id | None, Field(description="The place that it shows.")] = None
    boxes: Annotated[
        list[BoxChangeIn],
        Field(max_length=MOST_CHANGES, examples=[[{"key": "17", "verdict": "corrected", "product_id": 7}]]),
    ] = Field(default_factory=list)


class ShelfJoinIn(Entry):
    """Two photos of one shelf that overlap, from left to right."""

    ids: Annotated[list[Id], Field(min_length=2, max_length=2, examples=[[11, 12]])]
