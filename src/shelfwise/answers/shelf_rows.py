"""Shelf photos and their boxes as rows of the database, and back."""

from __future__ import annotations

from typing import Any, Final, cast

from sqlalchemy import Row, Select, select

from shelfwise.answers.records import AnswerCandidate
from shelfwise.answers.shelf_records import FoundBox, ShelfBox, ShelfPhoto
from shelfwise.answers.tables import shelf_boxes, shelf_photos
from shelfwise.inventory.tables import categories, products

__all__ = ["box_of", "box_values", "chosen_boxes", "chosen_shelves", "name_values", "new_box", "shelf_of"]

_found: Final = products.alias("found")
_found_in: Final = categories.alias("found_in")
_right: Final = products.alias("right_one")
_right_in: Final = categories.alias("right_in")
_SHELF: Final = [column for column in shelf_photos.c if column.name != "embeddings"]


def chosen_shelves() -> Select[Any]:
    """All shelf photos, without what only joining needs."""
    return select(*_SHELF)


def chosen_boxes() -> Select[Any]:
    """All boxes, with the names and categories that their products have today."""
    joined = (
        shelf_boxes.outerjoin(_found, _found.c.id == shelf_boxes.c.product_id)
        .outerjoin(_found_in, _found_in.c.id == _found.c.category_id)
        .outerjoin(_right, _right.c.id == shelf_boxes.c.right_product_id)
        .outerjoin(_right_in, _right_in.c.id == _right.c.category_id)
    )
    return select(
        shelf_boxes,
        _found.c.name.label("product"),
        _found_in.c.name.label("product_category"),
        _found.c.gtin.label("product_gtin"),
        _right.c.name.label("right_product"),
        _right_in.c.name.label("right_product_category"),
        _right.c.gtin.label("right_product_gtin"),
    ).select_from(joined)


def shelf_of(row: Row[Any]) -> ShelfPhoto:
    """The shelf photo in a row of :func:`chosen_shelves`."""
    return ShelfPhoto(
        id=row.id,
        photo=row.photo,
        width=row.width,
        height=row.height,
        user=row.user_name,
        store_id=row.store_id,
        location_id=row.location_id,
        state=row.state,
        problem=row.problem,
        model=row.model,
        detector=row.detector,
        at=row.at,
        version=row.version,
        again_at=row.again_at,
        corrected_by=row.corrected_by,
        corrected_at=row.corrected_at,
        booking_id=row.booking_id,
        joined_from=tuple(row.joined_from or ()),
        matrices=tuple(tuple(matrix) for matrix in row.matrices or ()),
    )


def box_of(row: Row[Any]) -> ShelfBox:
    """The box in a row of :func:`chosen_boxes`."""
    return ShelfBox(
        key=row.key,
        box=(row.left, row.top, row.right, row.bottom),
        score=row.score,
        kind=row.kind,
        category=row.category,
        confidence=row.confidence,
        product_id=row.product_id,
        product=row.product,
        product_category=row.product_category,
        product_gtin=row.product_gtin,
        candidates=tuple(AnswerCandidate(*candidate) for candidate in cast(list[Any], row.candidates)),
        verdict=row.verdict,
        right_category=row.right_category,
        right_product_id=row.right_product_id,
        right_product=row.right_product,
        right_product_category=row.right_product_category,
        right_product_gtin=row.right_product_gtin,
        moved=row.moved,
        removed=row.removed,
        crop=row.crop,
    )


def name_values(found: FoundBox) -> dict[str, Any]:
    """The columns that say what a model takes a box for."""
    return {
        "kind": found.kind,
        "category": found.category,
        "confidence": found.confidence,
        "product_id": found.product_id,
        "candidates": [
            (each.category, each.confidence, each.product_id, each.product) for each in found.candidates
        ],
    }


def new_box(shelf_id: int, key: str, found: FoundBox) -> dict[str, Any]:
    """The row of a box that is to be kept."""
    return {
        "shelf_id": shelf_id,
        "key": key,
        "left": found.box[0],
        "top": found.box[1],
        "right": found.box[2],
        "bottom": found.box[3],
        "score": found.score,
        **name_values(found),
        "verdict": found.verdict,
        "right_category": found.right_category,
        "right_product_id": found.right_product_id,
        "moved": False,
        "removed": False,
        "crop": None,
    }


def box_values(box: ShelfBox) -> dict[str, Any]:
    """The columns of a box that people can change."""
    return {
        "left": box.box[0],
        "top": box.box[1],
        "right": box.box[2],
        "bottom": box.box[3],
        "verdict": box.verdict,
        "right_category": box.right_category,
        "right_product_id": box.right_product_id,
        "moved": box.moved,
        "removed": box.removed,
        "crop": box.crop,
    }
