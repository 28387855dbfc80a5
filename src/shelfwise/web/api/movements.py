"""Movements: what came, went, was counted, and the undoing of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from shelfwise.accounts.records import Actor
from shelfwise.answers.records import Answer
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.inventory.records import Booking, Kind, Line
from shelfwise.web.access import Clerk, Numbers, Reader, TheShop
from shelfwise.web.api.fields import Moment, OptionalId, PathId, one_line
from shelfwise.web.api.movement_schemas import BookingIn, BookingOut, LineIn, MovementOut, UndoIn
from shelfwise.web.api.places import may_use_answer, store_to_read
from shelfwise.web.api.schemas import PageOf, Pages, group, page_of, problems
from shelfwise.web.metrics import Metrics
from shelfwise.web.replies import IdempotencyKey, keep_instead
from shelfwise.workflows.booked_answers import confidence_of
from shelfwise.workflows.shop import Shop

__all__ = ["counted", "ledger_key", "router", "stores_of"]

router = group("Movements")


@router.get("/movements", summary="List movements", responses=problems(404))
def list_movements(
    shop: TheShop,
    actor: Reader,
    pages: Pages,
    store: OptionalId = None,
    location: OptionalId = None,
    product: OptionalId = None,
    kind: Kind | None = None,
    user: Annotated[str | None, Query(max_length=200, description="Who booked it.")] = None,
    since: Annotated[Moment | None, Query(description="From this time on.")] = None,
    until: Annotated[Moment | None, Query(description="Before this time.")] = None,
) -> PageOf[MovementOut]:
    """List movements, newest first by when they happened."""
    stores = store_to_read(shop, actor, store, location)
    user = None if user is None else _user(user)
    page = shop.history.movements(
        stores, location, product, kind, user, since, until, pages.cursor, pages.limit
    )
    return page_of(page, MovementOut.of)


@router.post("/movements", summary="Book movements", status_code=201, responses=problems(404, 409))
def book(
    request: Request,
    shop: TheShop,
    actor: Clerk,
    numbers: Numbers,
    key: IdempotencyKey = None,
    *,
    given: BookingIn,
) -> BookingOut:
    """Book movements, all of them or none. Clerks.

    A level may go below zero: the goods were there, whatever the book knew.
    """
    places = {f"lines.{i}.location_id": line.location_id for i, line in enumerate(given.lines)}
    places |= {
        f"lines.{i}.to_location_id": line.to_location_id
        for i, line in enumerate(given.lines)
        if line.to_location_id is not None
    }
    stores_of(shop, actor, places)
    lines = [_line(shop, actor, place, line) for place, line in enumerate(given.lines)]
    booking = shop.ledger.book(lines, user=actor.name, key=ledger_key(actor, key))
    return counted(request, booking, numbers)


@router.post(
    "/movements/{movement_id}/undo", summary="Undo a movement", status_code=201, responses=problems(404, 409)
)
def undo(
    request: Request,
    shop: TheShop,
    actor: Clerk,
    numbers: Numbers,
    movement_id: PathId,
    key: IdempotencyKey = None,
    given: UndoIn | None = None,
) -> BookingOut:
    """Undo a movement by one against it at the same time. Clerks their own, managers all."""
    movement = shop.ledger.movement(movement_id)
    stores = {movement.store_id}
    if movement.other_location_id is not None:
        # The other half of a move is undone with it.
        stores.add(shop.catalogue.location(movement.other_location_id).store_id)
    for store_id in sorted(stores):
        actor.require("clerk" if movement.user == actor.name else "manager", store_id)
    booking = shop.ledger.undo(
        movement_id,
        user=actor.name,
        reason=None if given is None else given.reason,
        key=ledger_key(actor, key),
    )
    return counted(request, booking, numbers)


def stores_of(shop: Shop, actor: Actor, places: dict[str, int]) -> None:
    """See that the caller may book at all locations, which are given by the field that named each.

    Raises:
        EntryError: there is no such location; it names the field.
        ForbiddenError: they may not book in its store.
    """
    known: dict[int, int] = {}
    for field, location_id in places.items():
        if location_id not in known:
            try:
                known[location_id] = shop.catalogue.location(location_id).store_id
            except NotFoundError as error:
                raise EntryError(field, str(error)) from None
    for store_id in sorted(set(known.values())):
        actor.require("clerk", store_id)


def ledger_key(actor: Actor, key: str | None) -> str | None:
    """The key as the ledger keeps it: nobody's key is another user's."""
    return None if key is None else f"{actor.user_id}:{key}"


def counted(request: Request, booking: Booking, numbers: Metrics) -> BookingOut:
    """Shape what was booked, and count it in the server's figures. Sent again, it says that it is booked already."""
    if not booking.repeated:
        for movement in booking.movements:
            numbers.booked(movement.kind)
    reply = BookingOut.of(booking)
    keep_instead(request, reply.model_copy(update={"repeated": True}))
    return reply


def _line(shop: Shop, actor: Actor, place: int, given: LineIn) -> Line:
    answer = None if given.answer_id is None else _answer(shop, actor, place, given.answer_id)
    return Line(
        kind=given.kind,
        product_id=given.product_id,
        location_id=given.location_id,
        quantity=given.quantity,
        at=given.at,
        reason=given.reason,
        photo=None if answer is None else answer.photo,
        model=None if answer is None else answer.model,
        confidence=None if answer is None else confidence_of(answer, given.product_id),
        to_location_id=given.to_location_id,
    )


def _answer(shop: Shop, actor: Actor, place: int, answer_id: int) -> Answer:
    field = f"lines.{place}.answer_id"
    try:
        answer = shop.answers.get(answer_id)
    except NotFoundError as error:
        raise EntryError(field, str(error)) from None
    if not may_use_answer(actor, answer, "reader", "book"):
        raise EntryError(field, "that answer is about a photo of another store, or of somebody else")
    return answer


def _user(name: str) -> str:
    try:
        return one_line(name)
    except ValueError as error:
        raise EntryError("user", str(error)) from None
