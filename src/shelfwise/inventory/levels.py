"""How much there is of what, where: now, and at any time before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, func, select

from shelfwise.database import Database
from shelfwise.database.lists import among
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.inventory.choosing import SUBTREE, meant_by, subtree_of, subtree_of_category
from shelfwise.inventory.level_history import levels_then, series
from shelfwise.inventory.paging import page_limit
from shelfwise.inventory.part import checked_id, checked_time
from shelfwise.inventory.place_levels import products_at, quantity_at
from shelfwise.inventory.product_rows import (
    categories_by_id,
    check_store,
    product_by_id,
    products_by_id,
)
from shelfwise.inventory.records import (
    STATES,
    CategoryLevel,
    Level,
    LevelPoint,
    Page,
    Product,
    State,
    StockSummary,
)
from shelfwise.inventory.stock_list import CURSORS, ORDERS, Order, Wanted, sort_key, stock_rows
from shelfwise.inventory.tables import levels, locations, store_levels, stores

__all__ = ["Levels"]

_OUT, _LOW, _OK = range(len(STATES))

# Put together once: that takes longer than the answer does.
_LEVEL: Final = select(store_levels.c.quantity).where(
    store_levels.c.store_id == bindparam("store"), store_levels.c.product_id == bindparam("product")
)
_SUMS: Final = (
    select(levels.c.product_id, func.sum(levels.c.quantity), func.max(levels.c.count_at))
    .where(levels.c.store_id == bindparam("store"), among(levels.c.product_id, "ids"))
    .group_by(levels.c.product_id)
)
_SUMS_AT: Final = _SUMS.where(levels.c.location_id.in_(SUBTREE))


@dataclass(frozen=True, slots=True)
class _Place:
    """A location that a list is about; ``trail`` is None where it is the whole store."""

    id: int
    store_id: int
    trail: str | None


class Levels:
    """Questions to the stock book about levels.

    Args:
        database: where the book is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def level(self, product_id: int, store_id: int) -> Decimal:
        """How much of a product is in a store, all its locations together.

        Raises:
            NotFoundError: there is no such product or store.
        """
        with self._database.read() as connection:
            asked = {"store": checked_id("store", store_id), "product": checked_id("product", product_id)}
            quantity: Decimal | None = connection.scalar(_LEVEL, asked)
            if quantity is not None:
                return quantity
            # An archived product has no row for the store, but what is left of it is still there.
            product_by_id(connection, product_id)
            check_store(connection, store_id)
            left = select(func.sum(levels.c.quantity)).where(
                levels.c.store_id == store_id, levels.c.product_id == product_id
            )
            found: Decimal | None = connection.scalar(left)
            return found or Decimal(0)

    def at_location(self, product_id: int, location_id: int) -> Decimal:
        """How much of a product is at a location itself, without those below it.

        Raises:
            NotFoundError: there is no such product or location.
        """
        with self._database.read() as connection:
            return quantity_at(connection, product_id, location_id)

    def products_at(self, location_id: int, product_ids: Iterable[int] = ()) -> list[tuple[Product, Decimal]]:
        """What is at a location itself, by the products' names; archived products too.

        Args:
            location_id: the location.
            product_ids: products that are told of also where there is nothing of them.

        Raises:
            NotFoundError: there is no such location or product.
        """
        with self._database.read() as connection:
            return products_at(connection, location_id, product_ids)

    def by_location(self, product_id: int, store_id: int) -> list[Level]:
        """A product's levels at all locations of a store where it is or was, by the locations' paths.

        Raises:
            NotFoundError: there is no such product or store.
        """
        query = (
            select(levels.c.location_id, levels.c.quantity, levels.c.count_at, store_levels.c.state)
            .join(locations, locations.c.id == levels.c.location_id)
            .outerjoin(
                store_levels,
                (store_levels.c.store_id == levels.c.store_id)
                & (store_levels.c.product_id == levels.c.product_id),
            )
            .where(levels.c.store_id == store_id, levels.c.product_id == product_id)
            .order_by(locations.c.path_key)
        )
        with self._database.read() as connection:
            product = product_by_id(connection, product_id)
            check_store(connection, store_id)
            return [
                Level(
                    product,
                    store_id,
                    row.location_id,
                    row.quantity,
                    STATES[_OK if row.state is None else row.state],
                    row.count_at,
                )
                for row in connection.execute(query)
            ]

    def stock_list(
        self,
        store_id: int | Collection[int] | None = None,
        location_id: int | None = None,
        category_id: int | None = None,
        query: str = "",
        state: State | None = None,
        order: Order = "urgency",
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Level]:
        """Products and their levels: a row for each product in each store.

        Args:
            store_id: a store, or several; None for all that are not archived, or the location's.
            location_id: products that are or were there or below it, with the quantity that is there now; the state
                is that of the whole store, for minimums hold for stores.
            category_id: with the categories below it by path.
            query: words, each the beginning of one in the product's name or category; or a GTIN.
            state: only products that are ``out``, ``low`` or ``ok``.
            order: ``urgency`` (out, low, ok, then by name), ``name``, or ``quantity`` (least first).
            cursor: ``next`` of the page before.
            limit: rows at most.

        Raises:
            NotFoundError: there is no such store, location or category.
            EntryError: a value is wrong; the location belongs to another store; the cursor is broken.
        """
        page_limit(limit)
        if order not in ORDERS:
            raise EntryError("order", f"give {', '.join(ORDERS)}")
        if state is not None and state not in STATES:
            raise EntryError("state", f"give {', '.join(STATES)}")
        key = CURSORS[order].decode(cursor)
        with self._database.read() as connection:
            place = None if location_id is None else _place(connection, location_id)
            store_ids = _store_ids(connection, store_id, place)
            conditions = meant_by(connection, query)
            # A single one's rows tell that it is there: a way to the server less.
            if len(store_ids) != 1 or conditions is None:
                _check_stores(connection, store_ids)
            if conditions is None or not store_ids:
                return Page(())
            category_ids = None
            if category_id is not None:
                category_ids = subtree_of_category(connection, category_id)
            wanted = Wanted(
                store_ids=store_ids,
                trail=place.trail if place else None,
                category_ids=category_ids,
                conditions=conditions,
                state=None if state is None else STATES.index(state),
                order=order,
                key=key,
                limit=limit + 1,
            )
            rows = stock_rows(connection, wanted)
            if not rows:
                _check_stores(connection, store_ids)
            items = _levels(connection, rows[:limit], place)
        return Page(
            items, CURSORS[order].encode(sort_key(order, rows[limit - 1])) if len(rows) > limit else None
        )

    def summary(self, store_id: int | Collection[int] | None = None) -> StockSummary:
        """How many products there are, how many are out and low, and how many units there are.

        With several stores a product counts once for each.

        Raises:
            NotFoundError: there is no such store.
        """
        with self._database.read() as connection:
            query = (
                select(store_levels.c.state, func.count(), func.sum(store_levels.c.quantity))
                .where(store_levels.c.store_id.in_(_stores(connection, store_id, None)))
                .group_by(store_levels.c.state)
            )
            states = {state: (count, units) for state, count, units in connection.execute(query)}
        return StockSummary(
            products=sum(count for count, _ in states.values()),
            out=states.get(_OUT, (0,))[0],
            low=states.get(_LOW, (0,))[0],
            units=sum((units for _, units in states.values()), Decimal(0)),
        )

    def by_category(self, store_id: int) -> list[CategoryLevel]:
        """The categories that a store's products belong to, by name; last what has none.

        Raises:
            NotFoundError: there is no such store.
        """
        query = (
            select(
                store_levels.c.category_id,
                store_levels.c.state,
                func.count(),
                func.sum(store_levels.c.quantity),
            )
            .where(store_levels.c.store_id == store_id)
            .group_by(store_levels.c.category_id, store_levels.c.state)
        )
        found: dict[int | None, dict[int, tuple[int, Decimal]]] = {}
        with self._database.read() as connection:
            check_store(connection, store_id)
            for category_id, state, count, quantity in connection.execute(query):
                found.setdefault(category_id, {})[state] = (count, quantity)
            named = categories_by_id(connection, [each for each in found if each is not None])
        ordered = sorted(named.values(), key=lambda category: category.name.casefold())
        rows = [(category, found[category.id]) for category in ordered]
        return [
            CategoryLevel(
                category,
                products=sum(count for count, _ in states.values()),
                out=states.get(_OUT, (0,))[0],
                low=states.get(_LOW, (0,))[0],
                quantity=sum((quantity for _, quantity in states.values()), Decimal(0)),
            )
            for category, states in [*rows, *([(None, found[None])] if None in found else [])]
        ]

    def as_of(
        self,
        store_id: int,
        at: datetime,
        location_id: int | None = None,
        product_id: int | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Level]:
        """What was where at a time, by the products' names; those that are archived by now, too.

        What is known today of that time counts, also where it was booked later. The minimum is today's.

        Args:
            store_id: the store.
            at: the time; what happened at it has happened.
            location_id: only this location and those below it.
            product_id: only this product.
            cursor: ``next`` of the page before.
            limit: products at most; each has a row for every location where it had been by then.

        Raises:
            NotFoundError: there is no such store, location or product.
            EntryError: the location belongs to another store; the time has no zone; the cursor is broken.
        """
        page_limit(limit)
        checked_time("at", at)
        with self._database.read() as connection:
            check_store(connection, store_id)
            place = None if location_id is None else _place(connection, location_id)
            _stores(connection, store_id, place)
            if product_id is not None:
                product_by_id(connection, product_id)
            return levels_then(
                connection, store_id, at, place.trail if place else None, product_id, cursor, limit
            )

    def series(
        self, product_id: int, store_id: int, since: datetime, until: datetime, points: int = 60
    ) -> list[LevelPoint]:
        """A product's level in a store at evenly spaced times, the first and the last included; for a chart.

        Raises:
            NotFoundError: there is no such product or store.
            EntryError: ``until`` is not after ``since``, or the points are not 2 to 1,000.
        """
        checked_time("since", since)
        checked_time("until", until)
        with self._database.read() as connection:
            product_by_id(connection, product_id)
            check_store(connection, store_id)
            return series(connection, product_id, store_id, since, until, points)


def _place(connection: Connection, location_id: int) -> _Place:
    query = select(locations.c.store_id, locations.c.parent_id, locations.c.trail).where(
        locations.c.id == checked_id("location", location_id)
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(f"there is no location {location_id}")
    return _Place(location_id, row.store_id, None if row.parent_id is None else row.trail)


def _stores(connection: Connection, wanted: int | Collection[int] | None, place: _Place | None) -> list[int]:
    """The stores that are meant, in order, all of which are there."""
    ids = _store_ids(connection, wanted, place)
    _check_stores(connection, ids)
    return ids


def _check_stores(connection: Connection, ids: Iterable[int]) -> None:
    for store_id in ids:
        check_store(connection, store_id)


def _store_ids(
    connection: Connection, wanted: int | Collection[int] | None, place: _Place | None
) -> list[int]:
    """The stores that are meant, in order; perhaps not all are there."""
    if wanted is None:
        if place is not None:
            return [place.store_id]
        query = select(stores.c.id).where(stores.c.archived_at.is_(None)).order_by(stores.c.id)
        return list(connection.scalars(query))
    given = {wanted} if isinstance(wanted, int) else set(wanted)
    ids = sorted(checked_id("store", each) for each in given)
    if place is not None:
        if place.store_id not in ids:
            raise EntryError("location_id", f"location {place.id} belongs to another store")
        ids = [place.store_id]
    return ids


def _levels(connection: Connection, rows: Sequence[Row[Any]], place: _Place | None) -> tuple[Level, ...]:
    """The list's rows with the products, when they were counted, and at a location what is there."""
    products = products_by_id(connection, (row.product_id for row in rows))
    there = _sums(connection, rows, place)
    return tuple(
        Level(
            product=products[row.product_id],
            store_id=row.store_id,
            location_id=place.id if place else None,
            quantity=there[row.store_id, row.product_id][0] if place and place.trail else row.quantity,
            state=STATES[row.state],
            counted_at=there.get((row.store_id, row.product_id), (None, None))[1],
        )
        for row in rows
    )


def _sums(
    connection: Connection, rows: Iterable[Row[Any]], place: _Place | None
) -> dict[tuple[int, int], tuple[Decimal, datetime | None]]:
    """By store and product: the sum of the levels in the store or at the location, and when it was counted last."""
    wanted: dict[int, list[int]] = {}
    for row in rows:
        wanted.setdefault(row.store_id, []).append(row.product_id)
    trail = place.trail if place else None
    query, where = (_SUMS, {}) if trail is None else (_SUMS_AT, subtree_of(trail))
    return {
        (store_id, product_id): (quantity, counted_at)
        for store_id, ids in wanted.items()
        for product_id, quantity, counted_at in connection.execute(
            query, {"store": store_id, "ids": ids, **where}
        )
    }
