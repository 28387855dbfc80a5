"""The Count page: what is at a place, typed or tapped in, and booked as one count."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from shelfwise.errors import NotFoundError
from shelfwise.inventory.records import Level, Location
from shelfwise.web.access import Clerk, shop_of
from shelfwise.web.api.fields import OptionalId
from shelfwise.web.pages import page_router
from shelfwise.web.pages.frame import need_store, places, show

__all__ = ["router"]

router = page_router()
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Row:
    """A product that is to be counted: its level, and how much the book expects at the place itself."""

    level: Level
    expected: Decimal


@router.get("/count")
def count(
    request: Request,
    actor: Clerk,
    location: OptionalId = None,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> HTMLResponse:
    """Show what to count at a place of the current store; the store itself by default."""
    store = need_store(request, actor, "clerk")
    named = places(request, store)
    here = next((place for place, _ in named if place.id == (location or store.root_id)), None)
    if here is None:
        raise NotFoundError(f"place {location} is not in {store.name}: choose one in the list of places")
    page = shop_of(request).levels.stock_list(
        store.id, location_id=here.id, order="name", cursor=cursor, limit=_AT_ONCE
    )
    rows = _rows(request, here, page.items, leaf=not any(place.parent_id == here.id for place, _ in named))
    return show(
        request,
        actor,
        "count.html",
        store=store,
        places=named,
        here=here,
        rows=rows,
        next=page.next,
        cursor=cursor,
    )


def _rows(request: Request, here: Location, found: tuple[Level, ...], *, leaf: bool) -> list[_Row]:
    """What is at the place itself; a place with others in it lists only what is in none of them."""
    if leaf:
        return [_Row(level, level.quantity) for level in found]
    levels = shop_of(request).levels
    rows = [_Row(level, levels.at_location(level.product.id, here.id)) for level in found]
    return [row for row in rows if row.expected]
