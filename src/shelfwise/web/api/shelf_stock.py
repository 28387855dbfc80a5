"""A shelf photo's counts as a stock-take: what it would change, and booking it in one step."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import Query, Request

from shelfwise.accounts.records import Actor
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.web.access import Clerk, Numbers, Reader, TheShop
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.movement_schemas import BookingOut
from shelfwise.web.api.movements import counted, ledger_key
from shelfwise.web.api.places import location_for, shelf_for
from shelfwise.web.api.schemas import group, problems
from shelfwise.web.api.shelf_stock_schemas import Depth, ShelfStockIn, StockTakeOut
from shelfwise.web.etags import IfMatch
from shelfwise.web.replies import IdempotencyKey
from shelfwise.workflows.shop import Shop

__all__ = ["router"]

router = group("Shelves")


@router.get(
    "/shelf/{shelf_id}/stock-take", summary="See what a stock-take would change", responses=problems(404, 409)
)
def plan(
    shop: TheShop,
    actor: Reader,
    shelf_id: PathId,
    location: Annotated[int, Query(ge=1, le=2**53 - 1, description="The place that is counted.")],
    depth: Annotated[Depth, Query(description="Units that stand behind each facing.")] = Decimal(1),
) -> StockTakeOut:
    """See what booking the counts of a shelf photo would say, and what the book has there now."""
    from shelfwise.workflows.shop_shelf_stock import plan_stock_take

    shelf_for(shop, actor, "reader", shelf_id)
    location_for(shop, actor, "reader", location)
    try:
        return StockTakeOut.of(plan_stock_take(shop, shelf_id, location, depth))
    except EntryError as error:
        raise EntryError("location", error.message) from None


@router.post(
    "/shelf/{shelf_id}/stock-take",
    summary="Book a stock-take",
    status_code=201,
    responses=problems(404, 409, 412),
)
def book(
    request: Request,
    shop: TheShop,
    actor: Clerk,
    numbers: Numbers,
    shelf_id: PathId,
    version: IfMatch,
    key: IdempotencyKey = None,
    *,
    given: ShelfStockIn,
) -> BookingOut:
    """Book the counts of a shelf photo as a count of a place: it sets the level of each product there. Clerks.

    Facings that are asked about or unknown are left out, and so is what nobody sees, but with `rest`. With `If-Match`
    only if the boxes still are as they were read.
    """
    from shelfwise.workflows.shop_shelf_stock import book_stock_take, plan_stock_take

    shelf_for(shop, actor, "clerk", shelf_id)
    _see_place(shop, actor, given.location_id)
    depths = {each.product_id: each.depth for each in given.depths}
    made = plan_stock_take(shop, shelf_id, given.location_id, given.depth, depths)
    once = ledger_key(actor, key)
    booking = book_stock_take(shop, made, user=actor.name, key=once, rest=given.rest, version=version)
    return counted(request, booking, numbers)


def _see_place(shop: Shop, actor: Actor, location_id: int) -> None:
    try:
        place = shop.catalogue.location(location_id)
    except NotFoundError as error:
        raise EntryError("location_id", str(error)) from None
    actor.require("clerk", place.store_id)
