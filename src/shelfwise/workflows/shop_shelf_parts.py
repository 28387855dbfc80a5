"""Boxes of shelf photos that were put together, on the single photos that these were taken as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.answers.shelf_book import ShelfBook
from shelfwise.answers.shelf_records import Box, ShelfBox, ShelfPhoto
from shelfwise.shelf.transform import map_boxes

__all__ = ["PartBox", "ShelfPart", "boxes_on", "parts_of"]

_WHOLE: Final = 0.9
"""Share of a box that lies on a photo which shows the product whole: maps are a few pixels off at the edges."""
_SEEN: Final = 0.1
"""Share of a box from which on a photo shows a piece of the product."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ShelfPart:
    """A photo as it was taken, and the shelf photo whose boxes are on it.

    Attributes:
        photo: the single photo.
        shelf: the shelf photo that people corrected: the same, or one that was put together from it.
        matrix: homography (3, 3) from the single photo's pixels to that one's.
    """

    photo: ShelfPhoto
    shelf: ShelfPhoto
    matrix: Floats


@dataclass(frozen=True, slots=True)
class PartBox:
    """A box as a single photo shows it.

    Attributes:
        box: its edges there, within the photo.
        of: the box on the corrected shelf photo.
        whole: whether the photo shows all of the product; else its edge cuts it off.
    """

    box: Box
    of: ShelfBox
    whole: bool


def parts_of(book: ShelfBook, shelf: ShelfPhoto) -> list[ShelfPart]:
    """The single photos that a shelf photo was put together from; of one that was taken as it is, itself.

    Args:
        book: the shelf photos.
        shelf: one of them.

    Returns:
        none where an older version put it together, or one that it is made of, and did not keep how.
    """
    return list(_parts(book, shelf, shelf, np.eye(3)) or ())


def _parts(book: ShelfBook, whole: ShelfPhoto, shelf: ShelfPhoto, matrix: Floats) -> list[ShelfPart] | None:
    if not shelf.joined_from:
        return [ShelfPart(shelf, whole, matrix)]
    if len(shelf.matrices) != len(shelf.joined_from):
        return None
    found: list[ShelfPart] = []
    for number, numbers in zip(shelf.joined_from, shelf.matrices, strict=True):
        parts = _parts(book, whole, book.get(number), matrix @ np.array(numbers).reshape(3, 3))
        if parts is None:
            return None
        found += parts
    return found


def boxes_on(part: ShelfPart, boxes: Sequence[ShelfBox]) -> Iterator[PartBox]:
    """The boxes that a single photo shows, whole or a piece of them.

    Args:
        part: the photo.
        boxes: those of ``part.shelf``; what people took away is passed by.
    """
    there = [box for box in boxes if not box.removed]
    if part.photo.id == part.shelf.id:
        yield from (PartBox(box.box, box, whole=True) for box in there)
        return
    edges = np.array([box.box for box in there], np.float64).reshape(-1, 4)
    back: Floats = np.linalg.inv(part.matrix).astype(np.float64)
    mapped = map_boxes(back, edges)
    size = [part.photo.width, part.photo.height]
    clipped = np.clip(mapped, 0, [*size, *size])
    shown = _areas(clipped) / np.maximum(_areas(mapped), 1e-9)
    for box, inside, share in zip(there, clipped.tolist(), shown.tolist(), strict=True):
        left, top, right, bottom = inside
        if share >= _SEEN and right - left >= 1 and bottom - top >= 1:
            yield PartBox((left, top, right, bottom), box, share >= _WHOLE)


def _areas(boxes: Floats) -> Floats:
    areas: Floats = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas
