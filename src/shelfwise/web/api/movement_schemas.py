"""What the API takes and gives of movements, bookings and counts."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from shelfwise.inventory.records import Booking, Kind, Movement
from shelfwise.web.api.fields import Amount, Id, Moment, Reason, amount_text, moment_text
from shelfwise.web.api.schemas import Entry, Reply

__all__ = [
    "BookingIn",
    "BookingOut",
    "CountIn",
    "CountLineIn",
    "LineIn",
    "MovementOut",
    "UndoIn",
]

MOST_LINES = 1000


class LineIn(Entry):
    """One movement to book.

    ``quantity`` is more than 0 for received, sold, wasted and moved; what is there for counted; any but 0 for
    corrected. ``to_location_id`` belongs to moved, and only there. With ``answer_id`` the movement keeps the
    photo and the model of that answer, and the model's confidence where it named the product that is booked.
    """

    kind: Kind
    product_id: Id
    location_id: Id
    quantity: Amount
    at: Annotated[Moment | None, Field(description="When it happened; now by default.")] = None
    reason: Reason | None = None
    answer_id: Annotated[Id | None, Field(description="Answer of /classify that this comes from.")] = None
    to_location_id: Id | None = None


class BookingIn(Entry):
    """Movements that are booked together: all of them or none."""

    lines: Annotated[
        list[LineIn],
        Field(
            min_length=1,
            max_length=MOST_LINES,
            examples=[[{"kind": "received", "product_id": 7, "location_id": 3, "quantity": "12"}]],
        ),
    ]


class CountLineIn(Entry):
    """How much of a product is there."""

    product_id: Id
    quantity: Amount


class CountIn(Entry):
    """A count of a location: what is there of each product."""

    location_id: Id
    at: Annotated[Moment | None, Field(description="When it was counted; now by default.")] = None
    lines: Annotated[
        list[CountLineIn],
        Field(min_length=1, max_length=MOST_LINES, examples=[[{"product_id": 7, "quantity": "11"}]]),
    ]


class UndoIn(Entry):
    """Why a movement is undone."""

    reason: Reason | None = None


class MovementOut(Reply):
    """A booked movement. ``quantity`` is as it was given, ``change`` its effect, null for a count."""

    id: int
    booking_id: int
    kind: Kind
    product_id: int
    product: str
    store_id: int
    store: str
    location_id: int
    location: str
    quantity: str
    change: str | None
    at: str
    booked_at: str
    user: str
    reason: str | None
    photo: str | None
    model: str | None
    confidence: float | None
    undoes: int | None
    undone_by: int | None
    other_location_id: int | None

    @classmethod
    def of(cls, movement: Movement) -> Self:
        """Shape a movement."""
        return cls(
            id=movement.id,
            booking_id=movement.booking_id,
            kind=movement.kind,
            product_id=movement.product_id,
            product=movement.product,
            store_id=movement.store_id,
            store=movement.store,
            location_id=movement.location_id,
            location=movement.location,
            quantity=amount_text(movement.quantity),
            change=None if movement.change is None else amount_text(movement.change),
            at=moment_text(movement.at),
            booked_at=moment_text(movement.booked_at),
            user=movement.user,
            reason=movement.reason,
            photo=movement.photo,
            model=movement.model,
            confidence=movement.confidence,
            undoes=movement.undoes,
            undone_by=movement.undone_by,
            other_location_id=movement.other_location_id,
        )


class BookingOut(Reply):
    """What was booked."""

    id: int
    user: str
    booked_at: str
    repeated: bool = Field(description="Whether the same `Idempotency-Key` had booked it before.")
    movements: list[MovementOut]

    @classmethod
    def of(cls, booking: Booking) -> Self:
        """Shape a booking."""
        return cls(
            id=booking.id,
            user=booking.user,
            booked_at=moment_text(booking.booked_at),
            repeated=booking.repeated,
            movements=[MovementOut.of(each) for each in booking.movements],
        )
