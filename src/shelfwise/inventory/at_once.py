"""On PostgreSQL, a booking of one change as one statement: between program and server each way takes its time.

The statement's parts run one after the other, for each needs the one before: the booking, what it must know of
product and location, the level, which is locked from then on, the movement, the store's level. Where a part finds
nothing, those behind it do nothing; the caller goes on from there step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Executable, bindparam, case, insert, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert

from shelfwise.database.prepared import Prepared
from shelfwise.inventory.facts import (
    LOCATION_COLUMNS,
    PLACES,
    PRODUCT_COLUMNS,
    Facts,
    LocationFact,
    ProductFact,
)
from shelfwise.inventory.store_upkeep import store_level_after
from shelfwise.inventory.tables import bookings, levels, locations, movements, products, store_levels, stores

__all__ = ["BookedAtOnce", "book_at_once"]

_AS_GIVEN: Final = (
    "kind",
    "product_id",
    "location_id",
    "booked_at",
    "user_name",
    "reason",
    "photo",
    "model",
    "confidence",
)


@dataclass(frozen=True, slots=True)
class BookedAtOnce:
    """How far it came.

    Attributes:
        booking_id: the booking's number.
        movement_id: the movement's; None where product or location is missing or archived, or has no level yet.
        level: the level at the location after it.
        facts: of the product and the location, where there is a movement.
        in_store: whether the store's level followed; it does not if the product was archived just now.
    """

    booking_id: int
    movement_id: int | None
    level: Decimal
    facts: Facts
    in_store: bool


def book_at_once(connection: Connection, values: Mapping[str, Any]) -> BookedAtOnce | None:
    """Book one change that undoes nothing.

    Args:
        connection: to PostgreSQL, in a transaction.
        values: of the booking and the movement, by the names of their columns.

    Returns:
        how far it came, None if the key was used before: nothing is booked then.
    """
    rows = _STATEMENT.rows(connection, values)
    if not rows:
        return None
    booking_id, movement_id, level, in_store = rows[0][:4]
    facts = Facts()
    if movement_id is not None:
        width = len(PRODUCT_COLUMNS)
        product, location = ProductFact(*rows[0][4 : 4 + width]), LocationFact(*rows[0][4 + width :])
        facts = Facts({product.id: product}, {location.id: location})
    return BookedAtOnce(booking_id, movement_id, level, facts, in_store is not None)


def _statement(_: str) -> Executable:
    at = bindparam("at", type_=movements.c.at.type)
    by = bindparam("quantity", type_=movements.c.quantity.type)
    booking = (
        postgresql_insert(bookings)
        .values({name: bindparam(name) for name in ("key", "fingerprint", "user_name", "booked_at")})
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(bookings.c.id)
        .cte("booking")
    )
    columns = [
        column.label(f"fact_{place}") for place, column in enumerate((*PRODUCT_COLUMNS, *LOCATION_COLUMNS))
    ]
    known = (
        select(*columns, locations.c.store_id.label("store_id"))
        .select_from(products.join(PLACES, true()))
        .where(products.c.id == bindparam("product_id"), locations.c.id == bindparam("location_id"))
        .where(
            products.c.archived_at.is_(None),
            locations.c.archived_at.is_(None),
            stores.c.archived_at.is_(None),
        )
        .cte("known")
    )
    counts = or_(levels.c.count_at.is_(None), levels.c.count_at <= at)
    level = (
        update(levels)
        .where(
            levels.c.product_id == known.c.fact_0,
            levels.c.location_id == known.c[f"fact_{len(PRODUCT_COLUMNS)}"],
        )
        .where(booking.c.id.is_not(None))
        .values(
            quantity=levels.c.quantity + case((counts, by), else_=0),
            last_at=case((levels.c.last_at > at, levels.c.last_at), else_=at),
        )
        .returning(levels.c.product_id, levels.c.store_id, levels.c.quantity, levels.c.count_at)
        .cte("level")
    )
    given = {name: bindparam(name, type_=movements.c[name].type) for name in _AS_GIVEN} | {
        "booking_id": booking.c.id,
        "store_id": level.c.store_id,
        "quantity": by,
        "at": at,
    }
    movement = (
        insert(movements)
        .from_select(list(given), select(*given.values()).select_from(booking.join(level, true())))
        .returning(movements.c.id)
        .cte("movement")
    )
    effect = case((or_(level.c.count_at.is_(None), level.c.count_at <= at), by), else_=0)
    store = (
        update(store_levels)
        .where(store_levels.c.store_id == level.c.store_id, store_levels.c.product_id == level.c.product_id)
        .values(store_level_after(effect, at))
        .returning(store_levels.c.product_id)
        .cte("store")
    )
    parts = booking.outerjoin(movement, true()).outerjoin(level, true())
    parts = parts.outerjoin(store, true()).outerjoin(known, true())
    return select(
        booking.c.id, movement.c.id, level.c.quantity, store.c.product_id, *list(known.c)[:-1]
    ).select_from(parts)


_STATEMENT: Final = Prepared(_statement)
