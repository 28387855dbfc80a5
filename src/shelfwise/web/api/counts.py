"""Counts: what is there of each product at a location, as somebody saw it."""

from __future__ import annotations

from starlette.requests import Request

from shelfwise.inventory.records import Line
from shelfwise.web.access import Clerk, Numbers, TheShop
from shelfwise.web.api.movement_schemas import BookingOut, CountIn
from shelfwise.web.api.movements import counted, ledger_key, stores_of
from shelfwise.web.api.schemas import group, problems
from shelfwise.web.replies import IdempotencyKey

__all__ = ["router"]

router = group("Movements")


@router.post("/counts", summary="Book a count", status_code=201, responses=problems(404, 409))
def count(
    request: Request,
    shop: TheShop,
    actor: Clerk,
    numbers: Numbers,
    key: IdempotencyKey = None,
    *,
    given: CountIn,
) -> BookingOut:
    """Book a count of a location: it sets the level of each product there as of its time. Clerks."""
    stores_of(shop, actor, {"location_id": given.location_id})
    lines = [
        Line(
            kind="counted",
            product_id=line.product_id,
            location_id=given.location_id,
            quantity=line.quantity,
            at=given.at,
        )
        for line in given.lines
    ]
    booking = shop.ledger.book(lines, user=actor.name, key=ledger_key(actor, key))
    return counted(request, booking, numbers)
