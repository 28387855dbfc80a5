"""The home page: what is low, what to review, what changed; in an empty shop the first steps."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from shelfwise.accounts.records import Actor
from shelfwise.inventory.records import Store
from shelfwise.web.access import Member, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import current_store, show

__all__ = ["router"]

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
    )


def _start(request: Request, actor: Actor, store: Store) -> HTMLResponse:
    """Nothing was booked here yet: lead to the first scan."""
    below = [each for each in shop_of(request).catalogue.locations(store.id) if each.path]
    return show(request, actor, "home_start.html", store=store, places=below)
