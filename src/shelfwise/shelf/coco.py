"""Marked-out products in COCO's JSON form (Lin et al. 2014, arXiv 1405.0312): for training and for other tools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shelfwise.shelf.facings import Facing

__all__ = ["PRODUCT", "MarkedPhoto", "coco_dataset"]

PRODUCT: Final = "product"
"""The category of a box of which it is not known what it shows."""
_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class MarkedPhoto:
    """A photo and what is marked out on it.

    Attributes:
        file_name: its path as it is to stand in the file.
        width: in pixels, as shown.
        height: in pixels, as shown.
        facings: the products.
        named: whether anybody was asked which they are.
    """

    file_name: str
    width: int
    height: int
    facings: Sequence[Facing]
    named: bool = True


def coco_dataset(photos: Iterable[MarkedPhoto]) -> dict[str, Any]:
    """A COCO dataset of the photos.

    Categories are the names of accepted products, else of accepted categories, in alphabetical order after
    :data:`PRODUCT`, which all other boxes have. An annotation also tells the detector's ``score`` and what kind of
    answer its name is, where names were asked for.

    Args:
        photos: in the order of their numbers, which count from 1.
    """
    listed = list(photos)
    names = {name for photo in listed for facing in photo.facings if (name := _name(facing)) != PRODUCT}
    numbers = {name: number for number, name in enumerate([PRODUCT, *sorted(names)], start=1)}
    annotations: list[dict[str, Any]] = []
    for number, photo in enumerate(listed, start=1):
        for facing in photo.facings:
            annotation = _annotation(facing, len(annotations) + 1, number, numbers)
            annotations.append(annotation | ({"answer": facing.named.answer} if photo.named else {}))
    return {
        "info": {"description": "Products marked out by Shelfwise"},
        "images": [
            {"id": number, "file_name": photo.file_name, "width": photo.width, "height": photo.height}
            for number, photo in enumerate(listed, start=1)
        ],
        "annotations": annotations,
        "categories": [
            {"id": number, "name": name, "supercategory": PRODUCT} for name, number in numbers.items()
        ],
    }


def _name(facing: Facing) -> str:
    named = facing.named
    return named.label or PRODUCT if named.answer == "accept" else PRODUCT


def _annotation(facing: Facing, number: int, image: int, numbers: dict[str, int]) -> dict[str, Any]:
    left, top, right, bottom = (round(edge, 2) for edge in facing.box)
    width, height = round(right - left, 2), round(bottom - top, 2)
    return {
        "id": number,
        "image_id": image,
        "category_id": numbers[_name(facing)],
        "bbox": [left, top, width, height],
        "area": round(width * height, 2),
        "iscrowd": 0,
        "score": round(facing.score, _DIGITS),
    }
