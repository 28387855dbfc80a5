"""Levels at times before: of all of a store, and of one product for a chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, exists, literal, or_, select

from shelfwise.database import Id, UtcTime
from shelfwise.errors import EntryError
from shelfwise.inventory.choosing import SUBTREE, subtree_of
from shelfwise.inventory.paging import Cursors, after
from shelfwise.inventory.past import AFTER_ALL, is_count, levels_at
from shelfwise.inventory.product_rows import products_by_id
from shelfwise.inventory.records import Level, LevelPoint, Page, Product, State
from shelfwise.inventory.tables import levels, movements, place_of, products

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
    named = connection.execute(_products_by_then(store_id, at, trail, product_id, key, limit + 1)).all()
    ids = [row.id for row in named[:limit]]
    found = products_by_id(connection, ids)
    rows: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(levels_at(_moments(store_id, ids, at))):
        rows.setdefault(row.product_id, []).append(row)
    here = None if trail is None else set(connection.scalars(SUBTREE, subtree_of(trail)))
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


def _products_by_then(
    store_id: int,
    at: datetime,
    trail: str | None,
    product_id: int | None,
    key: Sequence[Any] | None,
    limit: int,
) -> Select[Any]:
    """Products that had been moved at the place by then."""
    moved = exists().where(
        levels.c.store_id == store_id,
        levels.c.product_id == products.c.id,
        _moved_by(at),
    )
    if trail is not None:
        moved = moved.where(levels.c.location_id.in_(SUBTREE.params(subtree_of(trail))))
    query = select(products.c.id, products.c.name_key).where(moved).order_by(products.c.name_key).limit(limit)
    if product_id is not None:
        query = query.where(products.c.id == product_id)
    return query if key is None else query.where(after([products.c.name_key], key))


def _moved_by(at: datetime) -> Any:
    return (
        exists()
        .where(
            movements.c.product_id == levels.c.product_id,
            movements.c.location_id == levels.c.location_id,
            movements.c.at <= at,
        )
        .correlate(levels)
    )


def _moments(store_id: int, product_ids: Sequence[int], at: datetime) -> Any:
    return (
        select(
            levels.c.product_id,
            levels.c.location_id,
            literal(at, UtcTime).label("at"),
            literal(AFTER_ALL, Id).label("place"),
        )
        .where(levels.c.store_id == store_id, levels.c.product_id.in_(product_ids), _moved_by(at))
        .subquery("moments")
    )


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
    at_first = levels_at(_moments(store_id, [product_id], since))
    there = {row.location_id: row.quantity for row in connection.execute(at_first)}
    changes = _running(connection.execute(_movements_between(product_id, store_id, since, until)), there)
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


def _movements_between(product_id: int, store_id: int, since: datetime, until: datetime) -> Select[Any]:
    """What changed or set the level after one time and by another."""
    return (
        select(
            movements.c.location_id,
            movements.c.at,
            place_of(movements).label("place"),
            movements.c.kind,
            movements.c.quantity,
        )
        .join(
            levels,
            and_(
                levels.c.product_id == movements.c.product_id, levels.c.location_id == movements.c.location_id
            ),
        )
        .where(
            levels.c.store_id == store_id,
            levels.c.product_id == product_id,
            movements.c.at > since,
            movements.c.at <= until,
            or_(movements.c.kind != "counted", is_count(movements)),
        )
    )


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
