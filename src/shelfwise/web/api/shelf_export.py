"""Corrected shelf photos as a set to train on."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse

from shelfwise.web.access import Manager, TheShop
from shelfwise.web.api.fields import OptionalId
from shelfwise.web.api.places import store_for
from shelfwise.web.api.schemas import group, problems

__all__ = ["router"]

router = group("Shelves")

_ZIP: Final = "application/zip"
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The file.",
        "content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}},
    }
}


# Before the address of one shelf photo, which would take "export" for a number.
@router.get(
    "/shelf/export",
    summary="Export corrected shelf photos",
    response_class=StreamingResponse,
    responses=_FILE | problems(404),
)
def export(
    shop: TheShop,
    actor: Manager,
    store: OptionalId = None,
    names: Annotated[
        Literal["one", "category", "product"],
        Query(
            description="Call all boxes `product`, as a detector learns from; or name them, and leave out others."
        ),
    ] = "one",
) -> StreamingResponse:
    """Export the shelf photos that people corrected or booked, as a zip file: photos and their boxes in COCO form.

    `shelfwise train --task detect` reads it unpacked, with all boxes called `product`; `shelfwise train` with named
    ones. Managers, of their stores.
    """
    from shelfwise.workflows.shelf_dataset import open_shelf_set, zipped

    if store is not None:
        store_for(shop, actor, "manager", store)
    stores = actor.stores() if store is None else frozenset({store})
    if stores is not None:
        stores = frozenset(each for each in stores if actor.allows("manager", each))
    made = open_shelf_set(shop.shelf_photos, shop.photos, names, stores)
    return StreamingResponse(
        zipped(made),
        media_type=_ZIP,
        headers={"Content-Disposition": 'attachment; filename="shelves.zip"'},
    )
