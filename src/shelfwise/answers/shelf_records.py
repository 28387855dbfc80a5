"""Records of shelf photos: the photo, the boxes on it, and what a person changes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from shelfwise.answers.records import AnswerCandidate, AnswerKind

__all__ = [
    "MOST_BOXES",
    "AddedShelf",
    "Box",
    "BoxChange",
    "BoxVerdict",
    "FoundBox",
    "Matrix",
    "Saying",
    "ShelfBox",
    "ShelfPhoto",
    "ShelfState",
]

MOST_BOXES: Final = 1500
"""How many boxes one shelf photo may have, those that were taken away with them."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge in pixels of the upright photo."""

Matrix = tuple[float, ...]
"""The nine numbers of a homography, row by row."""

ShelfState = Literal["waiting", "done", "failed"]
"""Whether the products on a photo have been looked for."""

BoxVerdict = Literal["confirmed", "corrected", "unknown"]
"""What a person said of a box: its name is right, it is something else, it is nothing that is known here."""


@dataclass(frozen=True, slots=True)
class AddedShelf:
    """A shelf photo to be kept.

    Attributes:
        photo: SHA-256 of the kept photo.
        width, height: of the upright photo in pixels.
        user: who gave it.
        store_id, location_id: where it was taken, as far as that is known.
        joined_from: numbers of the shelf photos that it was put together from.
        matrices: for each of them, the homography from its pixels to those of this photo.
    """

    photo: str
    width: int
    height: int
    user: str
    store_id: int | None = None
    location_id: int | None = None
    joined_from: tuple[int, ...] = ()
    matrices: tuple[Matrix, ...] = ()


@dataclass(frozen=True, slots=True)
class ShelfPhoto:
    """A shelf photo as it is kept.

    Attributes:
        id: its number.
        photo, width, height, user, store_id, location_id, joined_from: as in :class:`AddedShelf`.
        matrices: the same; empty for one that an older version put together, and did not keep them.
        state: ``waiting`` until its products have been looked for; ``failed`` where that could not be done.
        problem: why it failed; of one that is done, why it could not be looked at once more; else None.
        model, detector: ids of the bundles that named and found what is on it; None before.
        at: when it came.
        version: goes up by one with every change of what is shown.
        again_at: when somebody asked for what was found to be named once more, and it has not been; else None.
        corrected_by, corrected_at: who changed its boxes last, and when; None while nobody has.
        booking_id: the last booking of its counts.
    """

    id: int
    photo: str
    width: int
    height: int
    user: str
    store_id: int | None
    location_id: int | None
    state: ShelfState
    problem: str | None
    model: str | None
    detector: str | None
    at: datetime
    version: int
    again_at: datetime | None
    corrected_by: str | None
    corrected_at: datetime | None
    booking_id: int | None
    joined_from: tuple[int, ...]
    matrices: tuple[Matrix, ...]

    @property
    def name(self) -> str:
        """What to call it in errors."""
        return f"shelf photo {self.id}"


@dataclass(frozen=True, slots=True)
class FoundBox:
    """A box that was found on a photo, and what the model says of it.

    Attributes:
        box: its edges.
        score: how sure the detector is that it is a product, 0 to 1.
        kind: how sure the model is of its name; None where nobody has named it.
        category, confidence, product_id, candidates: as in :class:`~shelfwise.answers.records.NewAnswer`.
        verdict, right_category, right_product_id: what a person had said of it already, on a photo it is taken from.
    """

    box: Box
    score: float | None
    kind: AnswerKind | None = None
    category: str | None = None
    confidence: float | None = None
    product_id: int | None = None
    candidates: Sequence[AnswerCandidate] = ()
    verdict: BoxVerdict | None = None
    right_category: str | None = None
    right_product_id: int | None = None


@dataclass(frozen=True, slots=True)
class ShelfBox:
    """A box as it is kept.

    Attributes:
        key: what it is called by on its photo.
        box, kind, category, confidence, product_id, candidates: as in :class:`FoundBox`.
        score: the detector's; None for one that a person added.
        product: name of the product as it is today.
        product_category, product_gtin: that product's category and GTIN in the stock book.
        verdict: what a person said of its name; None while nobody has.
        right_category, right_product_id, right_product, right_product_category, right_product_gtin: what it is, as
            they said.
        moved: whether a person moved its edges.
        removed: whether a person said that no product is there.
        crop: SHA-256 of the cut-out photo that a product was taught with from it.
    """

    key: str
    box: Box
    score: float | None
    kind: AnswerKind | None
    category: str | None
    confidence: float | None
    product_id: int | None
    product: str | None
    product_category: str | None
    product_gtin: str | None
    candidates: tuple[AnswerCandidate, ...]
    verdict: BoxVerdict | None
    right_category: str | None
    right_product_id: int | None
    right_product: str | None
    right_product_category: str | None
    right_product_gtin: str | None
    moved: bool
    removed: bool
    crop: str | None

    @property
    def answer(self) -> AnswerKind:
        """How sure its name is by now: what a person said is ``accept``, or ``unknown`` where nobody knows it."""
        if self.verdict is not None:
            return "unknown" if self.verdict == "unknown" else "accept"
        return self.kind or "unknown"

    @property
    def now_product_id(self) -> int | None:
        """The product that it is taken for now; None where it is taken for none."""
        if self.verdict is not None:
            return self.right_product_id
        return None if self.kind == "unknown" else self.product_id

    @property
    def now_product(self) -> str | None:
        """Name of :attr:`now_product_id`."""
        if self.verdict is not None:
            return self.right_product
        return None if self.kind == "unknown" else self.product

    @property
    def now_gtin(self) -> str | None:
        """GTIN of :attr:`now_product_id`."""
        return self.right_product_gtin if self.verdict is not None else self.product_gtin

    @property
    def now_category(self) -> str | None:
        """The category that it is taken for now; of a product, the one that the stock book has it in."""
        if self.verdict is not None:
            return self.right_product_category or self.right_category
        if self.kind == "unknown":
            return None
        return (self.product_category if self.product_id is not None else None) or self.category


@dataclass(frozen=True, slots=True)
class Saying:
    """What a person says of a box's name.

    Attributes:
        verdict: None takes back what was said.
        category, product_id: what it is, for ``corrected`` one of them at least.
    """

    verdict: BoxVerdict | None
    category: str | None = None
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class BoxChange:
    """How a box is to be from now on; what is None stays.

    Attributes:
        key: the box's; one that is not there yet adds a box, and needs ``box``.
        box: its edges.
        removed: whether no product is there.
        saying: what it is.
    """

    key: str
    box: Box | None = None
    removed: bool | None = None
    saying: Saying | None = None
