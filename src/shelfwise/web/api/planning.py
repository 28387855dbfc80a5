"""What the counts found missing, and what to order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse

from shelfwise.inventory.exchange.writing import guarded
from shelfwise.inventory.records import Page, Reorder
from shelfwise.web.access import Manager, Reader, TheShop
from shelfwise.web.api.csv_rows import Cell, csv_answer, every
from shelfwise.web.api.fields import Moment, StoreId, amount_text
from shelfwise.web.api.places import store_for
from shelfwise.web.api.schemas import PageOf, Pages, group, page_of, problems
from shelfwise.web.api.stock import CSV
from shelfwise.web.api.stock_schemas import ReorderOut, ShrinkageOut

__all__ = ["router"]

router = group("Stock")

Days = Annotated[int, Query(ge=1, le=366, description="Days whose sales are looked at.")]
_COLUMNS = (
    "product_id",
    "product",
    "category",
    "gtin",
    "quantity",
    "unit",
    "per_day",
    "days_of_cover",
    "pack_size",
    "order",
)


@router.get("/stock/shrinkage", summary="What counts found missing", responses=problems(404))
def shrinkage(
    shop: TheShop,
    actor: Reader,
    pages: Pages,
    store: StoreId,
    since: Annotated[Moment | None, Query(description="28 days ago by default.")] = None,
    until: Annotated[Moment | None, Query(description="Now by default.")] = None,
) -> PageOf[ShrinkageOut]:
    """List the counts that differ from what the book expected."""
    store_for(shop, actor, "reader", store)
    until = until or datetime.now(UTC)
    since = since or until - timedelta(days=28)
    page = shop.planning.shrinkage(store, since, until, pages.cursor, pages.limit)
    return page_of(page, ShrinkageOut.of)


@router.get("/stock/reorder", summary="What to order", responses=problems(404))
def reorder(
    shop: TheShop,
    actor: Manager,
    pages: Pages,
    store: StoreId,
    days: Days = 28,
) -> PageOf[ReorderOut]:
    """List what to order, in whole packs. Managers."""
    store_for(shop, actor, "manager", store)
    page = shop.planning.reorder(store, days, pages.cursor, pages.limit)
    return page_of(page, ReorderOut.of)


@router.get(
    "/stock/reorder.csv",
    summary="What to order, as CSV",
    response_class=StreamingResponse,
    responses=CSV | problems(404),
)
def reorder_csv(shop: TheShop, actor: Manager, store: StoreId, days: Days = 28) -> StreamingResponse:
    """Give the whole list of what to order as CSV. Managers."""
    store_for(shop, actor, "manager", store)

    def page(cursor: str | None) -> Page[Reorder]:
        return shop.planning.reorder(store, days, cursor, 500)

    return csv_answer("reorder.csv", _COLUMNS, map(_cells, every(page)))


def _cells(row: Reorder) -> tuple[Cell, ...]:
    product = row.product
    return (
        str(product.id),
        guarded(product.name),
        guarded(product.category or ""),
        product.gtin,
        amount_text(row.level),
        guarded(product.unit),
        amount_text(row.per_day),
        None if row.days_of_cover is None else amount_text(row.days_of_cover),
        amount_text(product.pack_size),
        amount_text(row.order),
    )
