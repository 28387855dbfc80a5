"""What the stock book says about the days to come and about what went missing."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from sqlalchemy import Connection, Integer, Row, Select, SmallInteger, and_, bindparam, func, select

from shelfwise.database import Database, UtcTime, utc_now
from shelfwise.database.lists import among
from shelfwise.errors import EntryError
from shelfwise.inventory.paging import Cursors, after, page_limit
from shelfwise.inventory.part import checked_time
from shelfwise.inventory.past import is_count, levels_at
from shelfwise.inventory.product_rows import check_store, locations_by_id, products_by_id
from shelfwise.inventory.records import STATES, Page, Product, Reorder, Shrinkage
from shelfwise.inventory.tables import KEY, levels, movements, store_levels

__all__ = ["Planning"]

_COUNTS: Final = Cursors("shrinkage", (datetime, int))
_PRODUCTS: Final = Cursors("reorder", (int, str))
_DAYS_MAX: Final = 366
_CHUNK: Final = 1000
_LOOKED_AT: Final = 5000
"""Products that are looked at for a page of what to order: most of a shop's need nothing."""

_OK: Final = STATES.index("ok")


class Planning:
    """Questions to the stock book about shrinkage and orders.

    Args:
        database: where the book is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def shrinkage(
        self,
        store_id: int,
        since: datetime,
        until: datetime,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Shrinkage]:
        """What the counts of a time found against what the book expected just before them, newest first.

        A count that has none before it at its location has ``previous_count_at`` None: there, a difference may
        as well come from stock that was never entered. Counts that are undone are left out.

        Args:
            store_id: the store.
            since: counts from then on,
            until: and up to then, that moment included.
            cursor: ``next`` of the page before.
            limit: counts at most.

        Raises:
            NotFoundError: there is no such store.
            EntryError: ``until`` is before ``since``; the cursor is broken.
        """
        page_limit(limit)
        if checked_time("until", until) < checked_time("since", since):
            raise EntryError("until", "give a time after the first one")
        key = _COUNTS.decode(cursor)
        values = {"store": store_id, "since": since, "until": until, "rows": limit + 1}
        values |= dict(zip(("key_at", "key_id"), key or (), strict=False))
        with self._database.read() as connection:
            check_store(connection, store_id)
            rows = connection.execute(_shrinkage(key is not None), values).all()
            rows = sorted(rows, key=lambda row: (row.at, row.place), reverse=True)
            products = products_by_id(connection, (row.product_id for row in rows[:limit]))
            locations = locations_by_id(connection, (row.location_id for row in rows[:limit]))
        items = tuple(
            Shrinkage(
                product=products[row.product_id],
                location=locations[row.location_id],
                counted_at=row.at,
                expected=row.quantity,
                counted=row.found,
                difference=row.found - row.quantity,
                previous_count_at=row.count_at,
            )
            for row in rows[:limit]
        )
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(items, _COUNTS.encode((last.at, last.place)) if last else None)

    def reorder(
        self,
        store_id: int,
        days: int = 28,
        cursor: str | None = None,
        limit: int = 50,
        cover: int = 7,
    ) -> Page[Reorder]:
        """What to order for a store: what is out first, then what is low, then what soon will be.

        A product is due when it is out or below its minimum, or lasts for less than ``cover`` days at the pace of
        the last ``days``. It is ordered up to its target; without one, up to its minimum or what ``days``
        (or ``cover``, if that is longer) take, whichever is more; in whole packs, rounded up.

        Args:
            store_id: the store.
            days: how many days back sales are counted, and how many an order lasts where there is no target.
            cursor: ``next`` of the page before.
            limit: products at most. A page may hold fewer, even none, and still have a ``next``: it looks at so
                many products at most.
            cover: how many days the stock should last.

        Raises:
            NotFoundError: there is no such store.
            EntryError: the days are not 1 to 366; the cursor is broken.
        """
        page_limit(limit)
        for field, value in (("days", days), ("cover", cover)):
            if not 1 <= value <= _DAYS_MAX:
                raise EntryError(field, f"give 1 to {_DAYS_MAX} days")
        key = _PRODUCTS.decode(cursor)
        pace = _Pace(utc_now(), days, cover)
        items: list[Reorder] = []
        with self._database.read() as connection:
            check_store(connection, store_id)
            looked_at = 0
            while looked_at < _LOOKED_AT:
                # What is out or low comes first and mostly makes a page; it is rare among what follows.
                chunk = min(max(2 * limit, 4 * looked_at), _CHUNK)
                values = {"store": store_id, "rows": chunk}
                values |= dict(zip(("key_0", "key_1"), key or (), strict=False))
                rows = connection.execute(_by_urgency(key is not None), values).all()
                looked_at += chunk
                for row, found in _due(connection, store_id, rows, pace):
                    items.append(found)
                    if len(items) == limit:
                        return Page(tuple(items), _PRODUCTS.encode((row.state, row.name_key)))
                if len(rows) < chunk:
                    return Page(tuple(items))
                key = (rows[-1].state, rows[-1].name_key)
        return Page(tuple(items), _PRODUCTS.encode(key or ()))


@dataclass(frozen=True, slots=True)
class _Pace:
    """The time that sales are counted in, and how many days the stock should last."""

    now: datetime
    days: int
    cover: int

    def is_due(self, row: Row[Any], sold: Decimal) -> bool:
        # Level / (sold / days) < cover, without dividing by what may be 0.
        return bool(row.state != _OK or row.quantity * self.days < sold * self.cover)

    def proposal(self, product: Product, level: Decimal, sold: Decimal) -> Reorder:
        goal = product.target
        if goal is None:
            goal = sold * max(self.days, self.cover) / self.days
        # Older books have targets below the minimum; ordered up to one, a product would stay low.
        goal = max(goal, product.minimum or Decimal(0))
        packs = ((goal - level) / product.pack_size).to_integral_value(ROUND_CEILING)
        return Reorder(
            product=product,
            level=level,
            per_day=_rounded(sold / self.days, "0.001"),
            days_of_cover=_rounded(max(level, Decimal(0)) * self.days / sold, "0.1") if sold else None,
            order=max(packs, Decimal(0)) * product.pack_size,
        )


def _rounded(number: Decimal, step: str) -> Decimal:
    return number.quantize(Decimal(step), ROUND_HALF_EVEN)


# Putting a query together takes longer than answering it: they are kept.
@functools.lru_cache
def _shrinkage(later: bool) -> Select[Any]:
    listed = movements.alias("listed")
    columns = [listed.c.at, listed.c.id]
    query = (
        select(
            listed.c.product_id,
            listed.c.location_id,
            listed.c.at,
            listed.c.id.label("place"),
            listed.c.quantity.label("found"),
        )
        .where(
            is_count(listed),
            listed.c.store_id == bindparam("store"),
            listed.c.at >= bindparam("since", type_=UtcTime),
            listed.c.at <= bindparam("until", type_=UtcTime),
        )
        .order_by(listed.c.at.desc(), listed.c.id.desc())
        .limit(bindparam("rows", type_=Integer))
    )
    if later:
        key = [bindparam("key_at", type_=UtcTime), bindparam("key_id", type_=listed.c.id.type)]
        query = query.where(after(columns, key, descending=True))
    return levels_at(query.subquery("moments"))


@functools.lru_cache
def _by_urgency(later: bool) -> Select[Any]:
    rows = store_levels.c
    columns = [rows.state, rows.name_key]
    query = (
        select(rows.product_id, rows.quantity, rows.state, rows.name_key)
        .where(rows.store_id == bindparam("store"))
        .order_by(*columns)
        .limit(bindparam("rows", type_=Integer))
    )
    if not later:
        return query
    return query.where(
        after(columns, [bindparam("key_0", type_=SmallInteger), bindparam("key_1", type_=KEY)])
    )


_SOLD: Final = (
    select(levels.c.product_id, func.sum(movements.c.quantity))
    .join(
        movements,
        and_(movements.c.product_id == levels.c.product_id, movements.c.location_id == levels.c.location_id),
    )
    .where(
        levels.c.store_id == bindparam("store"),
        among(levels.c.product_id, "ids"),
        movements.c.kind == "sold",
        movements.c.at > bindparam("since", type_=UtcTime),
        movements.c.at <= bindparam("until", type_=UtcTime),
    )
    .group_by(levels.c.product_id)
)


def _due(
    connection: Connection, store_id: int, rows: Sequence[Row[Any]], pace: _Pace
) -> Iterator[tuple[Row[Any], Reorder]]:
    """The rows whose products are due and of which something is to be ordered."""
    sold = _sold(connection, store_id, [row.product_id for row in rows], pace)
    due = [row for row in rows if pace.is_due(row, sold.get(row.product_id, Decimal(0)))]
    products = products_by_id(connection, (row.product_id for row in due))
    for row in due:
        found = pace.proposal(products[row.product_id], row.quantity, sold.get(row.product_id, Decimal(0)))
        if found.order > 0:
            yield row, found


def _sold(
    connection: Connection, store_id: int, product_ids: Sequence[int], pace: _Pace
) -> dict[int, Decimal]:
    """How much of each product was sold in the time; what was undone does not count."""
    values = {"store": store_id, "ids": list(product_ids)}
    values |= {"since": pace.now - timedelta(days=pace.days), "until": pace.now}
    return {product: max(-quantity, Decimal(0)) for product, quantity in connection.execute(_SOLD, values)}
