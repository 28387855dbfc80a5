"""What people change of the boxes on a shelf photo, and what products are known by sight from it.

A box that a person names where the model did not, or was not sure, is cut out of the photo and given to its product:
what looks like it is named so from then on. Facings beside one another show the same side of the same product, so of
one shelf photo a product gets :data:`MOST_CROPS` at most.
"""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from PIL import Image

from shelfwise.errors import ShelfwiseError
from shelfwise.images.decode import decode
from shelfwise.workflows.shop_products import enrol, forget

if TYPE_CHECKING:
    from shelfwise.accounts.records import Actor
    from shelfwise.answers.shelf_records import Box, BoxChange, ShelfBox, ShelfPhoto
    from shelfwise.workflows.shop import Shop

__all__ = ["MOST_CROPS", "change_boxes"]

MOST_CROPS: Final = 3
"""How many boxes of one shelf photo teach a product."""

_QUALITY: Final = 92
_LOG: Final = logging.getLogger("shelfwise.shelf")


def change_boxes(
    shop: Shop,
    shelf_id: int,
    changes: Sequence[BoxChange],
    *,
    actor: Actor,
    address: str | None = None,
    version: int | None = None,
    place: int | None = None,
) -> tuple[ShelfPhoto, list[ShelfBox]]:
    """Change boxes of a shelf photo, all or none, and learn from it at once.

    Args:
        shop: the shop.
        shelf_id, changes, version, place: as for :meth:`shelfwise.answers.shelf_book.ShelfBook.change`, which says
            what is raised.
        actor: who says so; the audit log tells which product was given a photo, or lost one, by it.
        address: the network address that it comes from.

    Returns:
        the shelf photo and all its boxes as they are now.
    """
    shelf, boxes, before = shop.shelf_photos.change(
        shelf_id, changes, user=actor.name, version=version, place=place
    )
    touched = {box.key for box in before}
    try:
        _learn(shop, shelf, boxes, touched, actor, address)
    except ShelfwiseError as error:
        # What was said is written down, whether or not a model can learn from it now.
        _LOG.warning("shelf photo %d: nothing was learned from the correction: %s", shelf_id, error)
    return shelf, boxes


def _learn(
    shop: Shop,
    shelf: ShelfPhoto,
    boxes: Sequence[ShelfBox],
    touched: set[str],
    actor: Actor,
    address: str | None,
) -> None:
    taught = Counter(_lesson(box) for box in boxes if box.crop is not None)
    fresh: list[tuple[int, ShelfBox]] = []
    for box in (box for box in boxes if box.key in touched):
        product_id = _lesson(box)
        if box.crop is not None:
            _unlearn(shop, shelf, box, product_id, actor, address)
        elif product_id is not None and taught[product_id] < MOST_CROPS:
            taught[product_id] += 1
            fresh.append((product_id, box))
    if not fresh:
        return
    crops: dict[str, str | None] = {}
    cut = _crops(shop, shelf, [box.box for _, box in fresh])
    for (product_id, box), photo in zip(fresh, cut, strict=True):
        learned = enrol(shop, product_id, [photo], actor, address).photos
        if learned:
            crops[box.key] = learned[0]
    shop.shelf_photos.taught(shelf.id, crops)


def _lesson(box: ShelfBox) -> int | None:
    """The product that a box teaches: one that a person named, and the model did not or was not sure of."""
    if box.removed or box.verdict not in ("confirmed", "corrected"):
        return None
    known = box.kind == "accept" and box.product_id == box.right_product_id
    return None if known else box.right_product_id


def _unlearn(
    shop: Shop, shelf: ShelfPhoto, box: ShelfBox, product_id: int | None, actor: Actor, address: str | None
) -> None:
    """Take a box's photo away from a product that it does not show after all, and give it to the one it does."""
    crop = box.crop or ""
    owners = shop.catalogue.products_of_photo(crop)
    if product_id in owners:
        return
    if product_id is not None:
        enrol(shop, product_id, [shop.photos.read(crop)], actor, address)
        return
    for owner in owners:
        forget(shop, owner, crop, actor, address)
    shop.shelf_photos.taught(shelf.id, {box.key: None})


def _crops(shop: Shop, shelf: ShelfPhoto, boxes: Sequence[Box]) -> Iterator[bytes]:
    """Boxes cut out of the photo, as JPEG files."""
    image = decode(shop.photos.read(shelf.photo), name=shelf.name, limits=shop.photos.limits)
    for left, top, right, bottom in boxes:
        out = io.BytesIO()
        part = image[
            int(top) : max(int(top) + 1, round(bottom)), int(left) : max(int(left) + 1, round(right))
        ]
        Image.fromarray(part).save(out, "JPEG", quality=_QUALITY)
        yield out.getvalue()
