"""What there is: levels, a store's summary, a product's places and past, and the list as CSV."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse

from shelfwise.inventory.exchange.writing import guarded
from shelfwise.inventory.records import Level, Page, State
from shelfwise.web.access import Reader, TheShop
from shelfwise.web.api.catalogue_schemas import ProductOut
from shelfwise.web.api.csv_rows import Cell, csv_answer, every
from shelfwise.web.api.fields import Moment, OptionalId, PathId, Search, StoreId, amount_text
from shelfwise.web.api.places import store_for, store_to_read
from shelfwise.web.api.schemas import PageOf, Pages, group, page_of, problems
from shelfwise.web.api.stock_schemas import LevelOut, PointOut, ProductStockOut, SeriesOut, SummaryOut

__all__ = ["CSV", "router"]

router = group("Stock")

Order = Literal["urgency", "name", "quantity"]
CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A CSV file."}
}
"""How the schema tells of an answer in CSV."""
_COLUMNS = ("product_id", "product", "category", "gtin", "quantity", "unit", "state", "minimum", "target")


@router.get("/stock", summary="List the stock", responses=problems(404))
def list_stock(
    shop: TheShop,
    actor: Reader,
    pages: Pages,
    store: OptionalId = None,
    location: OptionalId = None,
    category: OptionalId = None,
    query: Search = "",
    state: State | None = None,
    order: Order = "urgency",
) -> PageOf[LevelOut]:
    """List what there is: by default what is out, then what is low, then the rest."""
    stores = store_to_read(shop, actor, store, location)
    page = shop.levels.stock_list(stores, location, category, query, state, order, pages.cursor, pages.limit)
    return page_of(page, LevelOut.of)


@router.get(
    "/stock.csv",
    summary="Get the stock as CSV",
    response_class=StreamingResponse,
    responses=CSV | problems(404),
)
def stock_csv(
    shop: TheShop,
    actor: Reader,
    store: OptionalId = None,
    location: OptionalId = None,
    category: OptionalId = None,
    query: Search = "",
    state: State | None = None,
    order: Order = "urgency",
) -> StreamingResponse:
    """Give the whole list, filtered and ordered as in `/stock`, as CSV."""
    stores = store_to_read(shop, actor, store, location)

    def page(cursor: str | None) -> Page[Level]:
        return shop.levels.stock_list(stores, location, category, query, state, order, cursor, 500)

    return csv_answer("stock.csv", ("store_id", *_COLUMNS), map(_cells, every(page)))


@router.get("/stock/summary", summary="Sum up the stock", responses=problems(404))
def summary(shop: TheShop, actor: Reader, store: OptionalId = None) -> SummaryOut:
    """Give the number of products, how many are out and low, and the units there are."""
    stores = store_to_read(shop, actor, store)
    categories = [] if store is None else shop.levels.by_category(store)
    return SummaryOut.of(shop.levels.summary(stores), categories)


@router.get("/stock/past", summary="List the stock of a past time", responses=problems(404))
def past(
    shop: TheShop,
    actor: Reader,
    pages: Pages,
    store: StoreId,
    at: Annotated[Moment, Query(description="The time to look back to.")],
    location: OptionalId = None,
    product: OptionalId = None,
) -> PageOf[LevelOut]:
    """List what there was at a time, by the movements that are booked now."""
    store_to_read(shop, actor, store, location)
    page = shop.levels.as_of(store, at, location, product, pages.cursor, pages.limit)
    return page_of(page, LevelOut.of)


@router.get("/stock/products/{product_id}", summary="Where a product is", responses=problems(404))
def product_stock(shop: TheShop, actor: Reader, product_id: PathId, store: StoreId) -> ProductStockOut:
    """Give a product's level in a store, and where in the store it is."""
    store_for(shop, actor, "reader", store)
    product = shop.catalogue.product(product_id)
    return ProductStockOut(
        product=ProductOut.of(product),
        store_id=store,
        quantity=amount_text(shop.levels.level(product_id, store)),
        locations=[LevelOut.of(each) for each in shop.levels.by_location(product_id, store)],
    )


@router.get(
    "/stock/products/{product_id}/series", summary="A product's level over time", responses=problems(404)
)
def series(
    shop: TheShop,
    actor: Reader,
    product_id: PathId,
    store: StoreId,
    days: Annotated[int, Query(ge=1, le=3660, description="How far back.")] = 28,
) -> SeriesOut:
    """Give a product's level over the last days, for a chart."""
    store_for(shop, actor, "reader", store)
    shop.catalogue.product(product_id)
    now = datetime.now(UTC)
    points = shop.levels.series(product_id, store, now - timedelta(days=days), now)
    return SeriesOut(product_id=product_id, store_id=store, points=[PointOut.of(each) for each in points])


def _cells(level: Level) -> tuple[Cell, ...]:
    product = level.product
    return (
        str(level.store_id),
        str(product.id),
        guarded(product.name),
        guarded(product.category or ""),
        product.gtin,
        amount_text(level.quantity),
        guarded(product.unit),
        level.state,
        None if product.minimum is None else amount_text(product.minimum),
        None if product.target is None else amount_text(product.target),
    )
