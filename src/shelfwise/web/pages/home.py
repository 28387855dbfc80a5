"""The home page: what is low, what to review, what changed; in an empty shop the first steps."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from shelfwise.accounts.records import Actor
from shelfwise.inventory.records import Location, Store
from shelfwise.web.access import Member, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import current_store, show

__all__ = ["NO_PLACES_COOKIE", "router"]

NO_PLACES_COOKIE: Final = "shelfwise_no_places"
"""Holds the ids of the stores that need no places, such as ``1-3``, as this browser was told; home.js writes it."""

router = page_router()
_LOW = 6
_RECENT = 8


@router.get("/")
def home(request: Request, actor: Member) -> HTMLResponse:
    """Show the current store at a glance, or how to begin."""
    store = current_store(request, actor)
    if store is None:
        return show(request, actor, "home_start.html", places=[])
    shop = shop_of(request)
    recent = shop.history.movements(store.id, limit=_RECENT).items
    if not recent:
        return _start(request, actor, store)
    out = shop.levels.stock_list(store.id, state="out", limit=_LOW).items
    low = shop.levels.stock_list(store.id, state="low", limit=_LOW).items
    return show(
        request,
        actor,
        "home.html",
        store=store,
        summary=shop.levels.summary(store.id),
        short=(*out, *low)[:_LOW],
        recent=recent,
        no_places=_asks_for_places(request, actor, store),
    )


def _start(request: Request, actor: Actor, store: Store) -> HTMLResponse:
    """Nothing was booked here yet: lead to the first scan."""
    return show(request, actor, "home_start.html", store=store, places=_places(request, store))


def _asks_for_places(request: Request, actor: Actor, store: Store) -> bool:
    """Whether the last of the first steps is still to be done: it stays until a place is there or none is wanted."""
    unwanted = request.cookies.get(NO_PLACES_COOKIE, "").split("-")
    return actor.allows("manager", store.id) and str(store.id) not in unwanted and not _places(request, store)


def _places(request: Request, store: Store) -> list[Location]:
    return [each for each in shop_of(request).catalogue.locations(store.id) if each.path]
