"""Levels at times before: of all of a store, and of one product for a chart."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    literal,
    or_,
    select,
)

from shelfwise.database import UtcTime
from shelfwise.database.lists import among
from shelfwise.errors import EntryError
from shelfwise.inventory.choosing import SUBTREE, subtree_of
from shelfwise.inventory.paging import Cursors
from shelfwise.inventory.past import AFTER_ALL, is_count, levels_at
from shelfwise.inventory.product_rows import products_by_id
from shelfwise.inventory.records import Level, LevelPoint, Page, Product, State
from shelfwise.inventory.tables import KEY, levels, movements, place_of, products

__all__ = ["levels_then", "series"]

_CURSORS: Final = Cursors("levels.past", (str,))
_POINTS: Final = range(2, 1001)


def levels_then(
    connection: Connection,
    store_id: int,
    at: datetime,
    trail: str | None,
    product_id: int | None,
    cursor: str | None,
    limit: int,
) -> Page[Level]:
    """What was where at a time, by the products' names; ``limit`` counts products.

    Raises:
        EntryError: the cursor is broken.
    """
    key = _CURSORS.decode(cursor)
    where = {} if trail is None else subtree_of(trail)
    at_store = {"store": store_id, "at": at}
    named = connection.execute(
        _products_by_then(trail is not None, product_id is not None, key is not None),
        {**at_store, **where, "product": product_id, "key": key[0] if key else None, "rows": limit + 1},
    ).all()
    ids = [row.id for row in named[:limit]]
    found = products_by_id(connection, ids)
    rows: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(_LEVELS_THEN, {**at_store, "ids": ids}):
        rows.setdefault(row.product_id, []).append(row)
    here = None if trail is None else set(connection.scalars(SUBTREE, where))
    items: list[Level] = []
    for each in ids:
        there = sorted(rows[each], key=lambda row: row.location_id)
        state = _state(found[each], sum((row.quantity for row in there), Decimal(0)))
        items += (
            Level(found[each], store_id, row.location_id, row.quantity, state, row.count_at)
            for row in there
            if here is None or row.location_id in here
        )
    return Page(tuple(items), _CURSORS.encode([named[limit - 1].name_key]) if len(named) > limit else None)


# Putting a query together takes longer than answering it: they are kept.
_AT: Final = bindparam("at", type_=UtcTime)
_MOVED_BY: Final = (
    exists()
    .where(
        movements.c.product_id == levels.c.product_id,
        movements.c.location_id == levels.c.location_id,
        movements.c.at <= _AT,
    )
    .correlate(levels)
)
_IN_STORE: Final = levels.c.store_id == bindparam("store")
_LEVELS_THEN: Final = levels_at(
    select(
        levels.c.product_id,
        levels.c.location_id,
        _AT.label("at"),
        literal(AFTER_ALL, BigInteger).label("place"),
    )
    .where(_IN_STORE, among(levels.c.product_id, "ids"), _MOVED_BY)
    .subquery("moments")
)


@functools.lru_cache
def _products_by_then(at_location: bool, one: bool, later: bool) -> Select[Any]:
    """Products that had been moved at the place by then."""
    moved = exists().where(_IN_STORE, levels.c.product_id == products.c.id, _MOVED_BY)
    if at_location:
        moved = moved.where(levels.c.location_id.in_(SUBTREE))
    query = select(products.c.id, products.c.name_key).where(moved).order_by(products.c.name_key)
    if one:
        query = query.where(products.c.id == bindparam("product"))
    if later:
        query = query.where(products.c.name_key > bindparam("key", type_=KEY))
    return query.limit(bindparam("rows", type_=Integer))


def _state(product: Product, quantity: Decimal) -> State:
    """The state of something that was in stock before."""
    if quantity <= 0:
        return "out"
    return "low" if product.minimum is not None and quantity < product.minimum else "ok"


def series(
    connection: Connection, product_id: int, store_id: int, since: datetime, until: datetime, points: int
) -> list[LevelPoint]:
    """A product's level in a store at evenly spaced times.

    Raises:
        EntryError: ``until`` is not after ``since``, or the points are too few or too many.
    """
    if until <= since:
        raise EntryError("until", "give a time after the first one")
    if points not in _POINTS:
        raise EntryError("points", f"give {_POINTS[0]} to {_POINTS[-1]:,}")
    at_first = connection.execute(_LEVELS_THEN, {"store": store_id, "at": since, "ids": [product_id]})
    there = {row.location_id: row.quantity for row in at_first}
    values = {"store": store_id, "product": product_id, "since": since, "until": until}
    changes = _running(connection.execute(_MOVEMENTS_BETWEEN, values), there)
    times = [since + (until - since) * i / (points - 1) for i in range(points)]
    total = sum(there.values(), Decimal(0))
    found = []
    at, following = next(changes, (None, total))
    for time in times:
        while at is not None and at <= time:
            total = following
            at, following = next(changes, (None, total))
        found.append(LevelPoint(time, total))
    return found


_MOVEMENTS_BETWEEN: Final = (
    select(
        movements.c.location_id,
        movements.c.at,
        place_of(movements).label("place"),
        movements.c.kind,
        movements.c.quantity,
    )
    .join(
        levels,
        and_(levels.c.product_id == movements.c.product_id, levels.c.location_id == movements.c.location_id),
    )
    .where(
        _IN_STORE,
        levels.c.product_id == bindparam("product"),
        movements.c.at > bindparam("since", type_=UtcTime),
        movements.c.at <= bindparam("until", type_=UtcTime),
        or_(movements.c.kind != "counted", is_count(movements)),
    )
)
"""What changed or set the level after one time and by another."""


def _running(rows: Any, there: dict[int, Decimal]) -> Iterator[tuple[datetime, Decimal]]:
    """The times of the movements and the sum of the levels after each."""
    quantities = dict(there)
    total = sum(quantities.values(), Decimal(0))
    for row in sorted(rows, key=lambda row: (row.at, row.place)):
        before = quantities.get(row.location_id, Decimal(0))
        now = row.quantity if row.kind == "counted" else before + row.quantity
        quantities[row.location_id] = now
        total += now - before
        yield row.at, total
