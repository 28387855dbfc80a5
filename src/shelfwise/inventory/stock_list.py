"""The stock list: products with their levels, in an order, a page at a time.

Its rows are those of ``store_levels``, one for each product in each store. The list is put together of *runs*, parts
whose rows an index holds in the list's order (one store's, or one state's of one category): from each a page is
read, and these are merged. Where conditions leave few products, these are looked up and sorted instead. Many that
share a word are first looked for near the page's beginning, or, where their names begin with it, by their names.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    bindparam,
    func,
    literal_column,
    select,
    tuple_,
    union_all,
)

from shelfwise.database.lists import among
from shelfwise.inventory import choosing
from shelfwise.inventory.choosing import (
    SUBTREE,
    Condition,
    Form,
    all_begin,
    begins,
    few_left,
    holds,
    in_categories,
    in_locations,
    left_by_all,
    subtree_of,
)
from shelfwise.inventory.paging import Cursors, after
from shelfwise.inventory.records import STATES
from shelfwise.inventory.tables import levels, products, store_levels

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

_MANY: Final = 20_000
"""Products of a word that are looked up, rather than walking through the list and trying each."""

_NEAR: Final = 4000
"""Rows behind a page's beginning that are tried before the products of a frequent word are all looked up."""

_RUNS: Final = 16
"""Categories that are walked through one by one; more are a condition."""

_ROWS: Final = store_levels.c
_COLUMNS: Final = select(_ROWS.store_id, _ROWS.product_id, _ROWS.quantity, _ROWS.state, _ROWS.name_key)
_STORES: Final = _ROWS.store_id.in_(bindparam("store_ids", expanding=True))
_LIMIT: Final = bindparam("rows", type_=Integer)


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
    conditions = list(wanted.conditions)
    at_location = wanted.trail is not None and wanted.order == "quantity"
    if wanted.trail is not None:
        conditions.append(in_locations(wanted.trail))
    if ids is not None and (conditions or wanted.order == "quantity" or len(ids) > _RUNS):
        conditions.append(in_categories(ids))
        ids = None
    left, together = None, False
    if conditions and not at_location:
        # Names that share a word often stand together: a walk in the order of names could take long to get there.
        together = wanted.order != "quantity" and any(each.form.kind == "word" for each in conditions)
        left = few_left(connection, conditions, _MANY if together else choosing.FEW)
    # Putting a query together takes longer than answering it: those of one shape are kept.
    shape = _Shape(
        order=wanted.order,
        stores=len(wanted.store_ids),
        categories=len(ids or ()),
        by_state=wanted.state is not None,
        later=wanted.key is not None,
        forms=tuple(each.form for each in conditions) if left is None else left.forms,
    )
    values = shape.values(wanted, ids or ())
    if left is None:
        return connection.execute((_by_quantity_at if at_location else _merged)(shape), values).all()
    if left.ids is None and together:
        found = _page_of_many(connection, conditions, left.most, shape, values)
        if found is not None:
            return found
    return connection.execute(_few(shape, listed=left.ids is not None), {**values, "ids": left.ids}).all()


def _page_of_many(
    connection: Connection,
    conditions: Sequence[Condition],
    count: int,
    shape: _Shape,
    values: Mapping[str, Any],
) -> Sequence[Row[Any]] | None:
    """A page of products that share a word, without looking all of them up; None if there is no way to."""
    if len(conditions) == 1 and all_begin(connection, conditions[0], count):
        return connection.execute(_merged(replace(shape, named=True)), values).all()
    if shape.is_one_run:
        # Mostly some of so many are near.
        last = connection.execute(_far(replace(shape, forms=())), {**values, "near": _NEAR}).first()
        until = {} if last is None else {f"until_{i}": part for i, part in enumerate(last)}
        rows = connection.execute(_merged(replace(shape, bounded=bool(until))), {**values, **until}).all()
        if not until or len(rows) == values["rows"]:
            return rows
    return None


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a list's query looks like, whatever the values in it are.

    Attributes:
        named: the form is a word's with which names begin.
        bounded: the list ends at a sort key.
    """

    order: Order
    stores: int
    categories: int
    by_state: bool
    later: bool
    forms: tuple[Form, ...]
    named: bool = False
    bounded: bool = False

    @property
    def is_one_run(self) -> bool:
        """Whether an index holds all of the list in its order."""
        return self.stores == 1 and self.order == "urgency" and not self.categories

    def values(self, wanted: Wanted, category_ids: Sequence[int]) -> dict[str, Any]:
        """The query's parameters, and more."""
        values: dict[str, Any] = {"rows": wanted.limit, "state": wanted.state}
        values["store_ids"] = list(wanted.store_ids)
        values |= {f"store_{i}": store_id for i, store_id in enumerate(wanted.store_ids)}
        values |= {f"category_{i}": category_id for i, category_id in enumerate(category_ids)}
        values |= {f"key_{i}": part for i, part in enumerate(wanted.key or ())}
        for condition in wanted.conditions:
            values |= condition.values
        if wanted.trail is not None:
            values |= subtree_of(wanted.trail)
        return values | {"category_ids": list(wanted.category_ids or ())}


@functools.lru_cache(maxsize=64)
def _far(shape: _Shape) -> Select[Any]:
    """The sort key up to which the next rows are near; none where the list ends before."""
    columns = [_ROWS[name] for name in _KEYS[shape.order]]
    return (
        _run(shape, 0, None, None)
        .with_only_columns(*columns)
        .offset(bindparam("near", type_=Integer))
        .limit(1)
    )


@functools.lru_cache(maxsize=512)
def _merged(shape: _Shape) -> Select[Any]:
    """A page of each run, merged; each product is tried."""
    category_numbers: Sequence[int | None] = range(shape.categories) or (None,)
    # By name and by quantity an index holds the rows of one state, but by name those of one category too.
    apart = shape.order == "quantity" or shape.named or (shape.order == "name" and not shape.categories)
    states: Sequence[int | None] = range(len(STATES)) if apart and not shape.by_state else (None,)
    runs = [
        _run(shape, store, category, state)
        for store in range(shape.stores)
        for category in category_numbers
        for state in states
    ]
    if len(runs) == 1:
        return runs[0]
    rows = union_all(*(select(run.subquery()) for run in runs)).subquery()
    order = [rows.c[name] for name in (*_KEYS[shape.order], "store_id")]
    return select(rows).order_by(*order).limit(_LIMIT)


def _run(shape: _Shape, store: int, category: int | None, state: int | None) -> Select[Any]:
    """A page of a store's rows; of one category and one state, where they are given by their numbers."""
    columns: list[ColumnElement[Any]] = [_ROWS[name] for name in _KEYS[shape.order]]
    query = _COLUMNS.where(_ROWS.store_id == bindparam(f"store_{store}"))
    for form in shape.forms:
        query = query.where(begins(_ROWS.name_key, form) if shape.named else holds(form, _ROWS.product_id))
    if category is not None and shape.order == "name" and not shape.by_state:
        # The products' own index has a category's names in order, whatever the state.
        columns = [products.c.name_key]
        query = query.join(products, products.c.id == _ROWS.product_id).where(
            products.c.category_id == bindparam(f"category_{category}")
        )
    elif category is not None:
        query = query.where(_ROWS.category_id == bindparam(f"category_{category}"))
    if shape.by_state:
        query = query.where(_ROWS.state == bindparam("state"))
    elif state is not None:
        query = query.where(_ROWS.state == literal_column(str(state)))
    if shape.later:
        query = query.where(_after([*columns, _ROWS.store_id]))
    if shape.bounded:
        query = query.where(tuple_(*columns) <= tuple_(*_parameters("until", columns)))
    return query.order_by(*columns).limit(_LIMIT)


@functools.lru_cache(maxsize=512)
def _few(shape: _Shape, listed: bool) -> Select[Any]:
    """Look products up, by a list of their numbers or by the conditions, and sort them."""
    # An expression keeps the database from walking through all of a store for the sake of the order.
    columns = [_ROWS[name] if name == "name_key" else _no_index(_ROWS[name]) for name in _KEYS[shape.order]]
    query = _COLUMNS.where(_STORES)
    if listed:
        query = query.where(among(_ROWS.product_id, "ids"))
        query = query.where(*(holds(form, _ROWS.product_id) for form in shape.forms))
    else:
        query = query.where(_ROWS.product_id.in_(left_by_all(shape.forms)))
    return _sorted(query, shape, columns)


@functools.lru_cache(maxsize=512)
def _by_quantity_at(shape: _Shape) -> Select[Any]:
    """All that is at a location, summed up and sorted: no index holds sums over a location's subtree."""
    there = (
        select(levels.c.product_id, func.sum(levels.c.quantity).label("quantity"))
        .where(levels.c.location_id.in_(SUBTREE))
        .group_by(levels.c.product_id)
        .subquery()
    )
    query = (
        select(_ROWS.store_id, there.c.product_id, there.c.quantity, _ROWS.state, _ROWS.name_key)
        .join(there, there.c.product_id == _ROWS.product_id)
        .where(_STORES)
        .where(*(holds(form, there.c.product_id) for form in shape.forms if form.kind != "locations"))
    )
    return _sorted(query, shape, [there.c.quantity, there.c.product_id])


def _sorted(query: Select[Any], shape: _Shape, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    if shape.by_state:
        query = query.where(_no_index(_ROWS.state) == bindparam("state"))
    keyed = [*columns, _ROWS.store_id]
    if shape.later:
        query = query.where(_after(keyed))
    return query.order_by(*keyed).limit(_LIMIT)


def _after(columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    return after(columns, _parameters("key", columns))


def _parameters(name: str, columns: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    return [bindparam(f"{name}_{i}", type_=each.type) for i, each in enumerate(columns)]


def _no_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    expression: ColumnElement[Any] = column.op("+", return_type=column.type)(literal_column("0"))
    return expression
