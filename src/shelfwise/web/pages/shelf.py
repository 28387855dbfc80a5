"""The Shelf pages: photos of whole shelves, and one of them with its boxes, to correct and to book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from shelfwise.errors import BundleError
from shelfwise.web.access import Clerk, shop_of
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.places import shelf_for
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import need_store, places, show

if TYPE_CHECKING:
    from shelfwise.workflows.shop import Shop

__all__ = ["router"]

router = page_router()
_RECENT: Final = 24


@router.get("/shelf")
def shelves(request: Request, actor: Clerk) -> HTMLResponse:
    """Show where to take a photo of a shelf, and the last ones of the current store."""
    store = need_store(request, actor, "clerk")
    named = places(request, store)
    recent = shop_of(request).shelf_photos.list([store.id], limit=_RECENT).items
    return show(
        request,
        actor,
        "shelf.html",
        store=store,
        places=named,
        place_names={place.id: text for place, text in named},
        recent=recent,
    )


@router.get("/shelf/{shelf_id}")
def shelf_photo(request: Request, actor: Clerk, shelf_id: PathId) -> HTMLResponse:
    """Show one shelf photo with what is on it. Its boxes come over the API."""
    shop = shop_of(request)
    shelf = shelf_for(shop, actor, "clerk", shelf_id)
    store = need_store(request, actor, "clerk")
    if shelf.store_id is not None and shelf.store_id != store.id:
        store = shop.catalogue.store(shelf.store_id)
    return show(
        request,
        actor,
        "shelf_photo.html",
        store=store,
        places=places(request, store),
        shelf=shelf,
        model=_model_id(shop),
    )


def _model_id(shop: Shop) -> str:
    """Id of the active model; nothing where it cannot be used: photos can be corrected all the same."""
    try:
        return shop.shelf.active().id
    except BundleError:
        return ""
