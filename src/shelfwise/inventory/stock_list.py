"""The stock list: products with their levels, in an order, a page at a time.

Its rows are those of ``store_levels``, one for each product in each store. The list is put together of *runs*, parts
whose rows an index holds in the list's order (one store's, or one state's of one category): from each a page is
read, and these are merged. Where conditions leave few products, these are looked up and sorted instead.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Row, Select, func, literal_column, select, union_all

from shelfwise.inventory.choosing import Condition, few_left, in_categories, in_locations, subtree
from shelfwise.inventory.paging import Cursors, after
from shelfwise.inventory.records import STATES
from shelfwise.inventory.tables import levels, store_levels

__all__ = ["CURSORS", "ORDERS", "Order", "Wanted", "sort_key", "stock_rows"]

Order = Literal["urgency", "name", "quantity"]
ORDERS: Final[tuple[Order, ...]] = get_args(Order)

CURSORS: Final[dict[Order, Cursors]] = {
    "urgency": Cursors("stock.urgency", (int, str, int)),
    "name": Cursors("stock.name", (str, int)),
    "quantity": Cursors("stock.quantity", (Decimal, int, int)),
}
"""Cursors by order: the columns of the sort key, then the store."""

_KEYS: Final[dict[Order, tuple[str, ...]]] = {
    "urgency": ("state", "name_key"),
    "name": ("name_key",),
    "quantity": ("quantity", "product_id"),
}

_FEW: Final = 2000
"""Rows that are looked up and sorted for a page."""

_RUNS: Final = 16
"""Categories that are walked through one by one; more are a condition."""

_ROWS: Final = store_levels.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a stock list is asked for.

    Attributes:
        store_ids: the stores, at least one.
        trail: of a location, all of whose subtree is meant; None for all of the store. Then there is one store.
        category_ids: the products' categories; None for all.
        conditions: what else must hold for the products.
        state: number of the state; None for all.
        key: sort key of the row before the page, None for the first page.
        limit: rows at most.
    """

    store_ids: Sequence[int]
    trail: str | None
    category_ids: Sequence[int] | None
    conditions: Sequence[Condition]
    state: int | None
    order: Order
    key: tuple[Any, ...] | None
    limit: int


def sort_key(order: Order, row: Any) -> tuple[Any, ...]:
    """The sort key of a row of the list."""
    return (*(getattr(row, name) for name in _KEYS[order]), row.store_id)


def stock_rows(connection: Connection, wanted: Wanted) -> Sequence[Row[Any]]:
    """The page's rows: ``store_id``, ``product_id``, ``quantity``, ``state`` and ``name_key``.

    ``quantity`` is the store's, but for the order ``quantity`` at a location, where it is the location's.
    """
    ids = wanted.category_ids
    if ids is not None and not ids:
        return ()
    if wanted.trail is not None and wanted.order == "quantity":
        return connection.execute(_by_quantity_at(wanted)).all()
    by_category = ids is not None and wanted.order != "quantity" and len(ids) <= _RUNS
    conditions = list(wanted.conditions)
    if wanted.trail is not None:
        conditions.append(in_locations(wanted.trail))
    if ids is not None and not by_category:
        conditions.append(in_categories(ids))
    few = few_left(connection, conditions, _FEW // len(wanted.store_ids))
    if few is not None:
        return connection.execute(_few(wanted, few)).all() if few else ()
    holding = [condition.holds(_ROWS.product_id) for condition in conditions]
    return connection.execute(_merged(wanted, by_category, holding)).all()


def _columns() -> Select[Any]:
    return select(_ROWS.store_id, _ROWS.product_id, _ROWS.quantity, _ROWS.state, _ROWS.name_key)


def _few(wanted: Wanted, product_ids: set[int]) -> Select[Any]:
    """Look these products up, and sort them."""
    # An expression keeps the database from walking through all of a store for the sake of the order.
    names = _KEYS[wanted.order]
    columns: list[ColumnElement[Any]] = [
        _ROWS[name] if name == "name_key" else _no_index(_ROWS[name]) for name in names
    ]
    columns.append(_ROWS.store_id)
    query = _columns().where(_ROWS.store_id.in_(wanted.store_ids), _ROWS.product_id.in_(sorted(product_ids)))
    if wanted.category_ids is not None:
        query = query.where(_no_index(_ROWS.category_id).in_(wanted.category_ids))
    if wanted.state is not None:
        query = query.where(_no_index(_ROWS.state) == wanted.state)
    if wanted.key is not None:
        query = query.where(after(columns, wanted.key))
    return query.order_by(*columns).limit(wanted.limit)


def _no_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    expression: ColumnElement[Any] = column.op("+", return_type=column.type)(literal_column("0"))
    return expression


def _merged(wanted: Wanted, by_category: bool, holding: Sequence[ColumnElement[bool]]) -> Select[Any]:
    """A page of each run, merged."""
    names = _KEYS[wanted.order]
    states: Sequence[int | None] = (wanted.state,)
    if wanted.state is None and wanted.order != "urgency":
        states = range(len(STATES))
    category_ids: Sequence[int | None] = (None,)
    if by_category:
        category_ids = wanted.category_ids or ()
    runs = []
    for store_id, category_id, state in itertools.product(wanted.store_ids, category_ids, states):
        query = _columns().where(_ROWS.store_id == store_id, *holding)
        if category_id is not None:
            query = query.where(_ROWS.category_id == category_id)
        if state is not None:
            query = query.where(_ROWS.state == state)
        columns = [_ROWS[name] for name in names]
        if wanted.key is not None:
            *key, store = wanted.key
            # Rows of one key stand in the order of the stores.
            query = query.where(after(columns, key, inclusive=store_id > store))
        runs.append(query.order_by(*columns).limit(wanted.limit).subquery())
    if len(runs) == 1:
        return select(runs[0]).order_by(*(runs[0].c[name] for name in names))
    rows = union_all(*(select(run) for run in runs)).subquery()
    order = [rows.c[name] for name in (*names, "store_id")]
    return select(rows).order_by(*order).limit(wanted.limit)


def _by_quantity_at(wanted: Wanted) -> Select[Any]:
    """All that is at a location, summed up and sorted: no index holds sums over a location's subtree."""
    there = (
        select(levels.c.product_id, func.sum(levels.c.quantity).label("quantity"))
        .where(levels.c.location_id.in_(subtree(wanted.trail or "")))
        .group_by(levels.c.product_id)
        .subquery()
    )
    columns: list[ColumnElement[Any]] = [there.c.quantity, there.c.product_id, _ROWS.store_id]
    query = (
        select(_ROWS.store_id, there.c.product_id, there.c.quantity, _ROWS.state, _ROWS.name_key)
        .join(there, there.c.product_id == _ROWS.product_id)
        .where(_ROWS.store_id.in_(wanted.store_ids))
        .where(*(condition.holds(there.c.product_id) for condition in wanted.conditions))
    )
    if wanted.category_ids is not None:
        query = query.where(_no_index(_ROWS.category_id).in_(wanted.category_ids))
    if wanted.state is not None:
        query = query.where(_no_index(_ROWS.state) == wanted.state)
    if wanted.key is not None:
        query = query.where(after(columns, wanted.key))
    return query.order_by(*columns).limit(wanted.limit)
