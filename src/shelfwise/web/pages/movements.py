"""Movements: all that was booked, newest first, with who, when, and the photo and the model behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from shelfwise.errors import NotFoundError
from shelfwise.inventory.records import KINDS, Product
from shelfwise.web.access import Reader, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.filters import (
    Choice,
    Cursor,
    Day,
    KindChoice,
    Text,
    address,
    end_of,
    start_of,
    zone_of,
)
from shelfwise.web.pages.frame import need_store, places, show
from shelfwise.web.pages.sources import sources_of
from shelfwise.workflows.shop import Shop

__all__ = ["router"]

router = page_router()
_SUGGESTED: Final = 12


@router.get("/movements")
def movements(
    request: Request,
    actor: Reader,
    location: Choice = None,
    product: Text = "",
    kind: KindChoice = None,
    user: Text = "",
    since: Day = None,
    until: Day = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    """List the current store's movements, all of them or those that the filters let through."""
    store = need_store(request, actor)
    shop, zone = shop_of(request), zone_of(request)
    meant = _product(shop, product)
    begin, over = start_of(since, zone), end_of(until, zone)
    found = None
    if meant.one is not None or not product:
        only = None if meant.one is None else meant.one.id
        found = shop.history.movements(store.id, location, only, kind, user or None, begin, over, cursor)
    given = {
        "location": location,
        "product": product,
        "kind": kind,
        "user": user,
        "since": since,
        "until": until,
    }
    return show(
        request,
        actor,
        "movements.html",
        store=store,
        movements=found,
        sources=sources_of(shop, found.items) if found else {},
        others=[
            (each.name, address("/movements", **{**given, "product": each.name})) for each in meant.others
        ],
        places=[("", "Everywhere"), *((place.id, name) for place, name in places(request, store))],
        kinds=[("", "All kinds"), *((each, each.capitalize()) for each in KINDS)],
        given=given,
        filtered=any(given.values()),
        next_page=address("/movements", **given, cursor=found.next) if found and found.next else None,
        first_page=address("/movements", **given) if cursor else None,
        csv=address(
            "/api/v1/exports/movements.csv",
            store=store.id,
            since=begin.isoformat() if begin else None,
            until=over.isoformat() if over else None,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Meant:
    """The product that words mean, or those that they may mean."""

    one: Product | None = None
    others: Sequence[Product] = ()


def _product(shop: Shop, words: str) -> _Meant:
    if not words:
        return _Meant()
    try:
        return _Meant(shop.catalogue.product_by_name(words))
    except NotFoundError:
        pass
    found = shop.catalogue.products(words, limit=_SUGGESTED).items
    if not found:
        found = shop.catalogue.products(words, archived=True, limit=_SUGGESTED).items
    return _Meant(found[0]) if len(found) == 1 else _Meant(others=found)
