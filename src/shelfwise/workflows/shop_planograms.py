"""Planograms of a shop's places: read from files, kept as text, drafted from shelf photos."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from shelfwise.errors import PlanogramError
from shelfwise.shelf.planogram import Planogram, draft, left_out, parse_planogram, planogram_text
from shelfwise.workflows.shop_shelf_view import view_of

if TYPE_CHECKING:
    from shelfwise.workflows.shop import Shop

__all__ = ["MOST_PLANNED", "content_of", "draft_from", "planogram_of", "unknown_products"]

MOST_PLANNED: Final = 3000
"""Facings of a place's planogram, at most: every look at a photo of the place compares with them."""

_LOG: Final = logging.getLogger("shelfwise.shelf")


def content_of(data: bytes) -> str:
    """A planogram's file, JSON or CSV, as the text that is kept of it.

    Raises:
        PlanogramError: it is wrong or too large; the message names the place in it.
    """
    planogram = parse_planogram(data)
    if planogram.facings > MOST_PLANNED:
        raise PlanogramError(
            f"it has {planogram.facings:,} facings, more than the {MOST_PLANNED:,} of one place: divide the place"
        )
    return planogram_text(planogram)


def planogram_of(shop: Shop, location_id: int) -> Planogram | None:
    """The planogram of a place; None where it has none."""
    kept = shop.planograms.find(location_id)
    if kept is None:
        return None
    try:
        return parse_planogram(kept.content)
    except PlanogramError as error:
        # It was read once before it was kept: this is from a newer version of Shelfwise.
        _LOG.warning("the planogram of place %d cannot be read: %s", location_id, error)
        return None


def unknown_products(shop: Shop, planogram: Planogram) -> list[str]:
    """Products of a planogram that the shop does not have by name, each once, in their order."""
    return shop.catalogue.missing_products(
        entry.product for row in planogram.rows for entry in row if entry.product is not None
    )


def draft_from(shop: Shop, shelf_id: int) -> tuple[Planogram, int]:
    """A planogram that a shelf photo meets as people left it, and how many facings it leaves out.

    Raises:
        NotFoundError: there is no such shelf photo.
        ShelfError: no facing has a name that is sure.
    """
    view = view_of(*shop.shelf_photos.read(shelf_id))
    facings, runs = view.arrangement.facings, view.arrangement.runs
    return draft(facings, runs), left_out(facings, runs)
