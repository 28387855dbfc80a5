"""Stock: levels by place and category, what was there on a day, what counts found missing, and one product's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from shelfwise.database import utc_now
from shelfwise.errors import EntryError
from shelfwise.inventory.records import StockSummary, Store
from shelfwise.web.access import Reader, shop_of
from shelfwise.web.api.fields import PathId
from shelfwise.web.pages import page_router
from shelfwise.web.pages.charts import level_chart
from shelfwise.web.pages.filters import (
    Choice,
    Cursor,
    Day,
    StateChoice,
    Text,
    address,
    category_choices,
    end_of,
    start_of,
    zone_of,
)
from shelfwise.web.pages.frame import need_store, places, show
from shelfwise.web.pages.sources import sources_of

__all__ = ["router"]

router = page_router()

Order = Literal["urgency", "name", "quantity"]
_CHART_DAYS: Final = (7, 28, 90, 365)
_LATEST: Final = 10
_POINTS: Final = 85


@router.get("/stock")
def stock(
    request: Request,
    actor: Reader,
    location: Choice = None,
    category: Choice = None,
    query: Text = "",
    state: StateChoice = None,
    order: Order = "urgency",
    cursor: Cursor = None,
) -> HTMLResponse:
    """List what there is, by default what is out or low first."""
    store = need_store(request, actor)
    shop = shop_of(request)
    levels = shop.levels.stock_list(store.id, location, category, query, state, order, cursor)
    chosen = {"location": location, "category": category, "query": query, "state": state}
    given = {**chosen, "order": None if order == "urgency" else order}
    summary = shop.levels.summary(store.id)
    return show(
        request,
        actor,
        "stock.html",
        store=store,
        levels=levels,
        places=_place_choices(request, store),
        categories=category_choices(shop.catalogue.categories()),
        states=_state_choices(summary),
        summary=summary,
        given={**chosen, "order": order},
        filtered=any(chosen.values()),
        next_page=address("/stock", **given, cursor=levels.next) if levels.next else None,
        first_page=address("/stock", **given) if cursor else None,
        csv=address("/api/v1/stock.csv", store=store.id, **given),
    )


@router.get("/stock/categories")
def categories(request: Request, actor: Reader) -> HTMLResponse:
    """Sum up the store by category."""
    store = need_store(request, actor)
    found = shop_of(request).levels.by_category(store.id)
    return show(request, actor, "stock_categories.html", store=store, categories=found)


@router.get("/stock/past")
def past(
    request: Request, actor: Reader, day: Day = None, location: Choice = None, cursor: Cursor = None
) -> HTMLResponse:
    """List what was there when a day ended; yesterday by default."""
    store = need_store(request, actor)
    zone, now = zone_of(request), utc_now()
    day = day or (now - timedelta(days=1)).astimezone(zone).date()
    over = end_of(day, zone)
    at = now if over is None else min(over - timedelta(microseconds=1), now)
    levels = shop_of(request).levels.as_of(store.id, at, location, cursor=cursor)
    given = {"day": day, "location": location}
    return show(
        request,
        actor,
        "stock_past.html",
        store=store,
        levels=levels,
        names=_place_names(request, store),
        places=_place_choices(request, store),
        day=day,
        at=at,
        today=now.astimezone(zone).date(),
        location=location,
        next_page=address("/stock/past", **given, cursor=levels.next) if levels.next else None,
        first_page=address("/stock/past", **given) if cursor else None,
    )


@router.get("/stock/shrinkage")
def shrinkage(
    request: Request, actor: Reader, since: Day = None, until: Day = None, cursor: Cursor = None
) -> HTMLResponse:
    """List what counts found against what the book expected; of the last 28 days by default."""
    store = need_store(request, actor)
    zone = zone_of(request)
    until = until or utc_now().astimezone(zone).date()
    since = since or until - timedelta(days=28)
    if since > until:
        raise EntryError("since", "the first day is after the last: choose an earlier one")
    begin, over = start_of(since, zone), end_of(until, zone)
    if begin is None or over is None:  # they are only for days that nobody gave
        raise EntryError("since", "choose a day")
    rows = shop_of(request).planning.shrinkage(
        store.id, begin, over - timedelta(microseconds=1), cursor=cursor
    )
    given = {"since": since, "until": until}
    return show(
        request,
        actor,
        "stock_shrinkage.html",
        store=store,
        rows=rows,
        since=since,
        until=until,
        next_page=address("/stock/shrinkage", **given, cursor=rows.next) if rows.next else None,
        first_page=address("/stock/shrinkage", **given) if cursor else None,
    )


@router.get("/stock/{product_id}")
def product_stock(
    request: Request,
    actor: Reader,
    product_id: PathId,
    days: Annotated[int, Query(ge=1, le=366)] = 28,
) -> HTMLResponse:
    """Show one product in the current store: where it is, its past, its latest movements."""
    store = need_store(request, actor)
    shop = shop_of(request)
    levels = shop.levels.by_location(product_id, store.id)
    latest = shop.history.movements(store.id, product_id=product_id, limit=_LATEST)
    return show(
        request,
        actor,
        "stock_product.html",
        store=store,
        product=shop.catalogue.product(product_id),
        quantity=shop.levels.level(product_id, store.id),
        state=levels[0].state if levels else None,
        levels=levels,
        names=_place_names(request, store),
        places=[(place.id, name) for place, name in places(request, store)],
        here=max(levels, key=lambda each: each.quantity).location_id if levels else store.root_id,
        movements=latest,
        sources=sources_of(shop, latest.items),
        days=days,
        all_days=_CHART_DAYS,
        **_charts(request, store, product_id, days, utc_now()),
    )


def _charts(request: Request, store: Store, product_id: int, days: int, now: datetime) -> Mapping[str, Any]:
    """The chart for wide screens and for narrow ones, and its points."""
    shop = shop_of(request)
    minimum = shop.catalogue.product(product_id).minimum
    points = shop.levels.series(product_id, store.id, now - timedelta(days=days), now, _POINTS)
    zone = zone_of(request)
    return {
        "points": points,
        "wide": level_chart(points, minimum, zone=zone),
        "narrow": level_chart(points, minimum, width=340, height=200, columns=3, zone=zone),
    }


def _place_names(request: Request, store: Store) -> Mapping[int | None, str]:
    """What to call each location of a store, archived ones too."""
    names: dict[int | None, str] = {place.id: name for place, name in places(request, store)}
    archived = shop_of(request).catalogue.locations(store.id, archived=True)
    return names | {place.id: place.path for place in archived}


def _place_choices(request: Request, store: Store) -> list[tuple[object, str]]:
    """The choices of a filter by place: everywhere, and each location with what is below it."""
    return [
        ("", "Everywhere"),
        *((place.id, place.path) for place, _ in places(request, store) if place.path),
    ]


def _state_choices(summary: StockSummary) -> list[tuple[object, str]]:
    enough = summary.products - summary.out - summary.low
    return [
        ("", f"All ({summary.products:,})"),
        ("out", f"Out of stock ({summary.out:,})"),
        ("low", f"Low ({summary.low:,})"),
        ("ok", f"Enough ({enough:,})"),
    ]
