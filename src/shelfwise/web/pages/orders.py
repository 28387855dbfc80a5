"""Orders: what to order, by what is there and what went in the last days."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from shelfwise.database import utc_now
from shelfwise.web.access import Reader, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.filters import Cursor, address
from shelfwise.web.pages.frame import need_store, show

__all__ = ["router"]

router = page_router()
_AT_ONCE: Final = 200  # an order is printed whole
_DAYS: Final = (7, 14, 28, 56, 90)


@router.get("/orders")
def orders(
    request: Request,
    actor: Reader,
    days: Annotated[int, Query(ge=1, le=366)] = 28,
    cursor: Cursor = None,
) -> HTMLResponse:
    """List what to order for the current store."""
    store = need_store(request, actor)
    shop = shop_of(request)
    rows = shop.planning.reorder(store.id, days, cursor, _AT_ONCE)
    return show(
        request,
        actor,
        "orders.html",
        store=store,
        rows=rows,
        days=days,
        choices=[(each, f"the last {each} days") for each in sorted({*_DAYS, days})],
        now=utc_now(),
        any_products=shop.levels.summary(store.id).products > 0,
        next_page=address("/orders", days=days, cursor=rows.next) if rows.next else None,
        first_page=address("/orders", days=days) if cursor else None,
        csv=address("/api/v1/stock/reorder.csv", store=store.id, days=days),
    )
