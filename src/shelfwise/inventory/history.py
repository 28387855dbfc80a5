"""Reading what was booked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, select, union_all

from shelfwise.errors import NotFoundError
from shelfwise.inventory.locations import within
from shelfwise.inventory.names import clean_name
from shelfwise.inventory.paging import Cursors, after, page_limit
from shelfwise.inventory.part import Part, checked_id, checked_time
from shelfwise.inventory.records import Booking, Kind, Movement, Page
from shelfwise.inventory.tables import bookings, locations, movements, products, stores

__all__ = ["History", "as_given", "movement_from", "read_booking", "read_movement", "select_movements"]

_BY_TIME: Final = Cursors("movements", (datetime, int))
_ORDER: Final = [movements.c.at, movements.c.id]
_NEWEST_FIRST: Final = [column.desc() for column in _ORDER]
_RUNS: Final = 50
"""Places that are merged by one statement."""

_undoing: Final = movements.alias("undoing")
_other: Final = movements.alias("other")


class History(Part):
    """The movements of the stock book, newest first."""

    def movements(
        self,
        store_id: int | Collection[int] | None = None,
        location_id: int | None = None,
        product_id: int | None = None,
        kind: Kind | None = None,
        user: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Movement]:
        """Movements by when they happened, newest first.

        Args:
            store_id: this store's alone, or these stores'.
            location_id: this location's and those of all below it.
            product_id: this product's alone.
            kind: of this kind alone.
            user: booked by this user alone.
            since: from this moment on.
            until: before this moment.
            cursor: ``next`` of the page before.
            limit: how many a page holds.

        Raises:
            EntryError: the cursor, the limit, the user's name or a time is wrong.
            NotFoundError: there is no such location, or no store or product can have this number.
        """
        key = _BY_TIME.decode(cursor)
        wanted = list(_wanted(product_id, kind, user))
        if since is not None:
            wanted.append(movements.c.at >= checked_time("since", since))
        if until is not None:
            wanted.append(movements.c.at < checked_time("until", until))
        if key is not None:
            wanted.append(after(_ORDER, key, descending=True))
        stores_meant = None if store_id is None else _store_ids(store_id)
        with self._database.read() as connection:
            places = _Places(movements.c.store_id, stores_meant)
            if location_id is not None:
                if stores_meant is not None:
                    wanted.append(movements.c.store_id.in_(stores_meant))
                places = _below(connection, location_id)
            # Of one product all that moved is not too much to be sorted.
            if product_id is None and len(places.ids or ()) > 1:
                newest = _newest(connection, places, wanted, page_limit(limit) + 1)
                wanted = [movements.c.id.in_(newest)]
            elif places.ids is not None:
                wanted.append(places.column.in_(places.ids))
            query = select_movements().where(*wanted).order_by(*_NEWEST_FIRST)
            rows = connection.execute(query.limit(page_limit(limit) + 1)).all()
        last = rows[limit - 1] if len(rows) > limit else None
        more = None if last is None else _BY_TIME.encode([last.at, last.id])
        return Page(tuple(movement_from(row) for row in rows[:limit]), more)


@dataclass(frozen=True, slots=True)
class _Places:
    """Stores or locations that a page is about: a column of ``movements`` and its values; None for all."""

    column: Column[Any]
    ids: Sequence[int] | None


def _store_ids(given: int | Collection[int]) -> list[int]:
    return [checked_id("store", each) for each in sorted({given} if isinstance(given, int) else set(given))]


def _newest(
    connection: Connection, places: _Places, wanted: Sequence[ColumnElement[bool]], rows: int
) -> list[int]:
    """The numbers of the newest movements at several places.

    From each place's index a page is read, and these are merged: asked for at once, all that ever moved at these
    places would be sorted.
    """
    found: list[tuple[datetime, int]] = []
    ids = places.ids or ()
    for start in range(0, len(ids), _RUNS):
        runs = [
            select(movements.c.at, movements.c.id)
            .where(places.column == each, *wanted)
            .order_by(*_NEWEST_FIRST)
            .limit(rows)
            .subquery()
            for each in ids[start : start + _RUNS]
        ]
        merged = union_all(*(select(run) for run in runs)).subquery()
        query = select(merged.c.at, merged.c.id).order_by(merged.c.at.desc(), merged.c.id.desc()).limit(rows)
        found += [(row.at, row.id) for row in connection.execute(query)]
    return [number for _, number in sorted(found, reverse=True)[:rows]]


def _wanted(product_id: int | None, kind: Kind | None, user: str | None) -> Iterator[ColumnElement[bool]]:
    if product_id is not None:
        yield movements.c.product_id == checked_id("product", product_id)
    if kind is not None:
        yield movements.c.kind == kind
    if user is not None:
        yield movements.c.user_name == clean_name("user", user)


def _below(connection: Connection, location_id: int) -> _Places:
    """A location and those below it; of a root, its store."""
    row = connection.execute(
        select(locations.c.parent_id, locations.c.store_id, locations.c.trail).where(
            locations.c.id == checked_id("location", location_id)
        )
    ).first()
    if row is None:
        raise NotFoundError(f"there is no location {location_id}")
    if row.parent_id is None:
        return _Places(movements.c.store_id, [row.store_id])
    ids = connection.execute(select(locations.c.id).where(within(row.trail))).scalars().all()
    return _Places(movements.c.location_id, ids)


def select_movements() -> Select[Any]:
    """Movements with all that :func:`movement_from` needs, to be narrowed down."""
    return select(
        movements,
        products.c.name.label("product"),
        stores.c.name.label("store"),
        locations.c.path.label("location"),
        _undoing.c.id.label("undone_by"),
        _other.c.location_id.label("other_location_id"),
    ).select_from(
        movements.join(products, products.c.id == movements.c.product_id)
        .join(locations, locations.c.id == movements.c.location_id)
        .join(stores, stores.c.id == movements.c.store_id)
        .outerjoin(_undoing, _undoing.c.undoes_id == movements.c.id)
        .outerjoin(_other, _other.c.id == movements.c.other_id)
    )


def movement_from(row: Any) -> Movement:
    """The movement in a row of :func:`select_movements`."""
    return Movement(
        id=row.id,
        booking_id=row.booking_id,
        kind=row.kind,
        product_id=row.product_id,
        product=row.product,
        store_id=row.store_id,
        store=row.store,
        location_id=row.location_id,
        location=row.location,
        quantity=as_given(row.kind, row.quantity, row.undoes_id),
        change=None if row.kind == "counted" else row.quantity,
        at=row.at,
        booked_at=row.booked_at,
        user=row.user_name,
        reason=row.reason,
        photo=row.photo,
        model=row.model,
        confidence=row.confidence,
        undoes=row.undoes_id,
        undone_by=row.undone_by,
        other_location_id=row.other_location_id,
    )


def as_given(kind: Kind, quantity: Decimal, undoes_id: int | None) -> Decimal:
    """The quantity as somebody gave it, from the one that is kept."""
    if kind != "corrected":
        return abs(quantity)
    return quantity if undoes_id is None else -quantity


def read_movement(connection: Connection, movement_id: int) -> Movement:
    """One movement.

    Raises:
        NotFoundError: there is none of this number.
    """
    row = connection.execute(
        select_movements().where(movements.c.id == checked_id("movement", movement_id))
    ).first()
    if row is None:
        raise NotFoundError(f"there is no movement {movement_id}")
    return movement_from(row)


def read_booking(connection: Connection, booking_id: int, *, repeated: bool = False) -> Booking:
    """One booking with its movements.

    Raises:
        NotFoundError: there is none of this number.
    """
    row = connection.execute(
        select(bookings).where(bookings.c.id == checked_id("booking", booking_id))
    ).first()
    if row is None:
        raise NotFoundError(f"there is no booking {booking_id}")
    query = select_movements().where(movements.c.booking_id == booking_id).order_by(movements.c.id)
    booked = tuple(movement_from(each) for each in connection.execute(query))
    return Booking(row.id, row.key, row.user_name, row.booked_at, booked, repeated)
