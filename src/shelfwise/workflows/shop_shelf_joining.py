"""Two kept photos of one shelf put together into one, in which each product counts once."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.answers.shelf_records import (
    MOST_BOXES,
    AddedShelf,
    Box,
    FoundBox,
    Matrix,
    ShelfBox,
    ShelfPhoto,
)
from shelfwise.errors import ConflictError, EntryError, OverloadedError
from shelfwise.images.decode import decode
from shelfwise.shelf.facings import Named
from shelfwise.shelf.joining import Joined, Part, join
from shelfwise.shelf.suppression import overlaps
from shelfwise.shelf.transform import map_boxes
from shelfwise.types import Detections
from shelfwise.workflows.shelf_count import ShelfCount, arrange_shelf
from shelfwise.workflows.shelf_joining import joined_picture
from shelfwise.workflows.shop_shelf_alike import kept_embeddings, place_in_embeddings

if TYPE_CHECKING:
    from shelfwise.accounts.records import Actor
    from shelfwise.workflows.shop import Shop

__all__ = ["join_shelves"]

_QUALITY: Final = 90
_SAME: Final = 0.5
"""Intersection over union from which on a box that a person added is of a product that has one."""
_SAID: Final = 1.0
"""How much the name counts that a person gave to a product,"""
_NOBODY_KNOWS: Final = 0.9
"""that they said that nobody knows it,"""
_GUESSED: Final = 0.8
"""and at most what the model says."""
_ONE_AT_A_TIME: Final = threading.Lock()
"""Held while photos are put together, which takes all of their pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class _Half:
    """One photo: its boxes that have an embedding, how much their names count, and boxes that people added."""

    shelf: ShelfPhoto
    boxes: list[ShelfBox]
    added: list[ShelfBox]
    weights: list[Named]
    embeddings: NDArray[np.float32]

    def part(self) -> Part:
        """The same for joining."""
        edges = np.array([box.box for box in self.boxes], np.float32).reshape(-1, 4)
        scores = np.array([1.0 if box.score is None else box.score for box in self.boxes], np.float32)
        size = (self.shelf.width, self.shelf.height)
        return Part(edges, self.embeddings, size, scores, self.weights, self.shelf.name)


def join_shelves(shop: Shop, ids: Sequence[int], actor: Actor) -> ShelfPhoto:
    """Put photos of one shelf together; what people said of their boxes is kept.

    Of a product on both photos, what a person said of it on one goes before what the model says on the other, also
    that nobody knows it. Boxes that people added tell nothing of how the photos lie. They come afterwards, where no
    other box is by then.

    Args:
        shop: the shop.
        ids: the shelf photos, from one end of the shelf to the other.
        actor: who puts them together.

    Raises:
        NotFoundError: there is no such shelf photo.
        EntryError: at ``ids``: they are of several stores, or twice the same.
        ConflictError: their products have not been found yet, or by several models.
        ShelfError: where they overlap cannot be found, or is ambiguous.
        OverloadedError: others are being put together.
    """
    halves = [_half(shop, number) for number in ids]
    _check([half.shelf for half in halves])
    if not _ONE_AT_A_TIME.acquire(timeout=10):
        raise OverloadedError("other photos are being put together: try again a little later", 5.0)
    try:
        joined = join([half.part() for half in halves])
        photo, scale = _picture(shop, halves, joined)
    finally:
        _ONE_AT_A_TIME.release()
    stored = shop.photos.add(photo, name="the joined picture")
    first = halves[0].shelf
    new = AddedShelf(
        stored.sha256,
        stored.width,
        stored.height,
        actor.name,
        first.store_id,
        first.location_id,
        tuple(ids),
        tuple(_scaled(matrix, scale) for matrix in joined.matrices),
    )
    kept, places = _boxes(halves, joined, scale, (stored.width, stored.height))
    return shop.shelf_photos.add_found(
        new,
        kept,
        model=first.model,
        detector=first.detector,
        embeddings=joined.embeddings[places].astype(np.float16).tobytes(),
    )


def _half(shop: Shop, number: int) -> _Half:
    shelf, boxes, kept = shop.shelf_photos.read_whole(number)
    if shelf.state != "done" or kept is None:
        raise ConflictError(f"{shelf.name}: its products have not been found yet")
    there = [box for box in boxes if box.score is not None and not box.removed]
    rows = [row for box in there if (row := place_in_embeddings(box)) is not None]
    added = [box for box in boxes if box.score is None and not box.removed]
    return _Half(shelf, there, added, [_weight(box) for box in there], kept_embeddings(kept, boxes)[rows])


def _weight(box: ShelfBox) -> Named:
    """How much a box's name counts beside that of the same product on the other photo: the higher one is taken.

    :func:`~shelfwise.shelf.joining.join` takes the surer one, and knows nothing of people.
    """
    if box.verdict is not None:
        confidence = _NOBODY_KNOWS if box.verdict == "unknown" else _SAID
        return Named("accept", category=box.key, confidence=confidence)
    if box.answer == "unknown":
        return Named("unknown")
    confidence = _GUESSED * (box.confidence or 0.0)
    return Named(box.answer, category=box.key, confidence=confidence)


def _check(shelves: Sequence[ShelfPhoto]) -> None:
    if len({shelf.id for shelf in shelves}) < len(shelves):
        raise EntryError("ids", "these are the same photo: give two")
    if len({shelf.store_id for shelf in shelves}) > 1:
        raise EntryError("ids", "they are photos of several stores")
    if len({shelf.model for shelf in shelves}) > 1:
        raise ConflictError(
            "the photos were looked at by different models: let the older one be looked at again"
        )


def _picture(shop: Shop, halves: Sequence[_Half], joined: Joined) -> tuple[bytes, float]:
    """The photos as one JPEG file, and how many of its pixels one of the joined coordinates is."""
    photos = [
        Image.fromarray(
            decode(shop.photos.read(half.shelf.photo), name=half.shelf.name, limits=shop.photos.limits)
        )
        for half in halves
    ]
    order = np.argsort(-joined.scores, kind="stable")
    found = Detections(joined.boxes[order], joined.scores[order], *joined.size)
    count = ShelfCount((None,) * len(halves), found, arrange_shelf(found), matrices=joined.matrices)
    picture, scale = joined_picture(photos, count)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue(), scale


def _scaled(matrix: NDArray[np.float64], scale: float) -> Matrix:
    """A homography to the joined coordinates as one to the joined picture's pixels."""
    return tuple((np.diag([scale, scale, 1.0]) @ matrix).ravel().tolist())


def _boxes(
    halves: Sequence[_Half], joined: Joined, scale: float, size: tuple[int, int]
) -> tuple[list[FoundBox], list[int]]:
    """The boxes on the joined picture, those that people added last, and the joined places of the others."""
    # Of a product on both photos the name that counts more was taken: it says whose.
    said = {id(weight): box for half in halves for weight, box in zip(half.weights, half.boxes, strict=True)}
    kept: list[FoundBox] = []
    places: list[int] = []
    for place, (edges, named) in enumerate(zip(joined.boxes, joined.named, strict=True)):
        there = _on_picture(edges, scale, size)
        if there is not None and len(kept) < MOST_BOXES:
            kept.append(_found(there, float(joined.scores[place]), said[id(named)]))
            places.append(place)
    for half, matrix in zip(halves, joined.matrices, strict=True):
        moved = map_boxes(matrix, np.array([box.box for box in half.added], np.float64).reshape(-1, 4))
        for box, mapped in zip(half.added, moved, strict=True):
            there = _on_picture(mapped, scale, size)
            if there is not None and len(kept) < MOST_BOXES and not _covered(there, kept):
                kept.append(_found(there, None, box))
    return kept, places


def _on_picture(edges: NDArray[Any], scale: float, size: tuple[int, int]) -> Box | None:
    """Joined coordinates in pixels of the picture; None of what has less than a pixel there."""
    left, top, right, bottom = np.clip(edges * scale, 0, [*size, *size]).tolist()
    return (left, top, right, bottom) if right - left >= 1 and bottom - top >= 1 else None


def _covered(box: Box, kept: Sequence[FoundBox]) -> bool:
    """Whether one of the boxes is of the same product."""
    others = np.array([each.box for each in kept], np.float32).reshape(-1, 4)
    return bool((overlaps(np.array([box], np.float32), others) > _SAME).any())


def _found(edges: Box, score: float | None, box: ShelfBox) -> FoundBox:
    return FoundBox(
        edges,
        score,
        box.kind,
        box.category,
        box.confidence,
        box.product_id,
        box.candidates,
        box.verdict,
        box.right_category,
        box.right_product_id,
    )
