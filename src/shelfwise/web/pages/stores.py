"""Stores and the places in them, and the categories of products: add, rename, archive, take back."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from shelfwise.inventory.records import Category, Location, Store
from shelfwise.web.access import Manager, shop_of
from shelfwise.web.api.categories import category_tag
from shelfwise.web.api.stores import location_tag, store_tag
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import current_store, show

__all__ = ["router"]

router = page_router()


@router.get("/stores")
def stores(request: Request, actor: Manager) -> HTMLResponse:
    """Show the stores, and the current one's places as a tree."""
    store = current_store(request, actor)
    catalogue = shop_of(request).catalogue
    locations = [] if store is None else [each for each in catalogue.locations(store.id) if each.path]
    old_locations = [] if store is None else catalogue.locations(store.id, archived=True)
    return show(
        request,
        actor,
        "stores.html",
        store=store,
        # A place's depth is the number of names above its own in its path.
        tree=[(each, min(each.path.count(" / "), 6)) for each in locations],
        old_locations=old_locations,
        old_stores=catalogue.stores(archived=True) if actor.admin else [],
        tag_of=_tag,
    )


@router.get("/stores/categories")
def categories(request: Request, actor: Manager) -> HTMLResponse:
    """Show the categories of products, which all stores share."""
    catalogue = shop_of(request).catalogue
    return show(
        request,
        actor,
        "categories.html",
        categories=catalogue.categories(),
        old_categories=catalogue.categories(archived=True),
        tag_of=_tag,
    )


def _tag(of: Store | Location | Category) -> str:
    """The ETag without its quotes."""
    if isinstance(of, Store):
        tag = store_tag(of)
    else:
        tag = location_tag(of) if isinstance(of, Location) else category_tag(of)
    return tag.strip('"')
