"""What changes of boxes make of them, and which changes cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final

from sqlalchemy import Connection, select

from shelfwise.answers.labels import clean_category
from shelfwise.answers.shelf_records import MOST_BOXES, Box, BoxChange, Saying, ShelfBox, ShelfPhoto
from shelfwise.database.lists import among
from shelfwise.errors import EntryError
from shelfwise.inventory.tables import products

__all__ = ["changed", "check_products"]

_IDS: Final = range(1, 2**63)
_KEY: Final = re.compile(r"[A-Za-z0-9-]{1,40}\Z", re.ASCII)
_PRODUCTS: Final = select(products.c.id).where(among(products.c.id, "numbers"))
_GIVEN: Final = ("key", "box", "candidates", "moved", "removed")
_UNNAMED: Final[dict[str, Any]] = dict.fromkeys(
    each.name for each in fields(ShelfBox) if each.name not in _GIVEN
)


def changed(
    shelf: ShelfPhoto, boxes: dict[str, ShelfBox], changes: Sequence[BoxChange]
) -> dict[str, ShelfBox]:
    """The boxes after all changes.

    Args:
        shelf: the photo that they are on.
        boxes: how they were, by key; changed in place.
        changes: how they are to be.

    Raises:
        EntryError: at ``boxes.N.…``: a change cannot be.
    """
    for place, change in enumerate(changes):
        field = f"boxes.{place}"
        edges = None if change.box is None else _inside(shelf, change.box, f"{field}.box")
        before = boxes.get(change.key)
        if before is None:
            before = _added(change, edges, field)
        elif edges is not None and edges != before.box:
            before = replace(before, box=edges, moved=True)
        if change.removed is not None:
            before = replace(before, removed=change.removed)
        if change.saying is not None:
            before = _said(before, change.saying, field)
        boxes[change.key] = before
    if len(boxes) > MOST_BOXES:
        raise EntryError("boxes", f"a shelf photo has at most {MOST_BOXES:,} boxes")
    return boxes


def _inside(shelf: ShelfPhoto, box: Box, field: str) -> Box:
    left, top, right, bottom = box
    # In this form NaN is refused too.
    if not (left >= 0 and top >= 0 and right <= shelf.width and bottom <= shelf.height):
        raise EntryError(field, f"it reaches beyond the photo of {shelf.width} × {shelf.height} pixels")
    if not (right - left >= 1 and bottom - top >= 1):
        raise EntryError(field, "give left, top, right and bottom, at least a pixel apart")
    return left, top, right, bottom


def _added(change: BoxChange, edges: Box | None, field: str) -> ShelfBox:
    if edges is None:
        raise EntryError(
            f"{field}.key", f"there is no box {change.key[:40]!r}; one that is added needs its edges"
        )
    if not _KEY.match(change.key):
        raise EntryError(f"{field}.key", "give 1 to 40 letters, digits and hyphens")
    return ShelfBox(key=change.key, box=edges, candidates=(), moved=False, removed=False, **_UNNAMED)


def _said(box: ShelfBox, saying: Saying, field: str) -> ShelfBox:
    category = None if saying.category is None else clean_category(saying.category, field=f"{field}.category")
    product_id = saying.product_id
    if saying.verdict == "confirmed":
        if (category, product_id) != (None, None):
            raise EntryError(f"{field}.verdict", "something is given beside it: say corrected")
        category, product_id = box.category, box.product_id
        if box.kind in (None, "unknown") or (category, product_id) == (None, None):
            raise EntryError(f"{field}.verdict", "nothing was said of it that could be right: say corrected")
    elif saying.verdict == "corrected":
        if category is None and product_id is None:
            raise EntryError(f"{field}.category", "say what it is: give a category or a product")
    elif category is not None or product_id is not None:
        wrong = "category" if category is not None else "product_id"
        raise EntryError(f"{field}.{wrong}", "belongs to the verdict corrected alone")
    return replace(box, verdict=saying.verdict, right_category=category, right_product_id=product_id)


def check_products(connection: Connection, changes: Sequence[BoxChange]) -> None:
    """See that the products that boxes are said to be are there. Raises EntryError."""
    named = {
        change.saying.product_id: place
        for place, change in enumerate(changes)
        if change.saying is not None and change.saying.product_id is not None
    }
    if named:
        asked = connection.execute(_PRODUCTS, {"numbers": sorted(each for each in named if each in _IDS)})
        for missing in named.keys() - set(asked.scalars()):
            raise EntryError(f"boxes.{named[missing]}.product_id", f"there is no product {missing}")
