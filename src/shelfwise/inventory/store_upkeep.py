"""Keeping ``store_levels``: a row for each store and each product that is not archived."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    Select,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)

from shelfwise.database.lists import among
from shelfwise.inventory.tables import levels, products, store_levels, stores

__all__ = [
    "add_levels_of_store",
    "add_store_levels",
    "derived_store_levels",
    "keep_store_levels",
    "state_of",
    "store_level_after",
]


def state_of(
    quantity: ColumnElement[Any], minimum: ColumnElement[Any], moved_at: ColumnElement[Any]
) -> ColumnElement[int]:
    """The number of a level's state: 0 out, 1 low, 2 ok (:data:`shelfwise.inventory.records.STATES`)."""
    kept = or_(minimum.is_not(None), moved_at.is_not(None))
    return case((and_(quantity <= 0, kept), 0), (quantity < minimum, 1), else_=2)


def store_level_after(by: ColumnElement[Any], at: ColumnElement[Any]) -> dict[str, ColumnElement[Any]]:
    """The new values of a row of ``store_levels`` after a movement.

    Args:
        by: how much more there is.
        at: when it happened.
    """
    quantity = store_levels.c.quantity + by
    return {
        "quantity": quantity,
        "moved_at": case((store_levels.c.moved_at > at, store_levels.c.moved_at), else_=at),
        # What moved was in stock once: with nothing left it is out, whether or not it has a minimum.
        "state": case((quantity <= 0, 0), (quantity < store_levels.c.minimum, 1), else_=2),
    }


def derived_store_levels(*, of_products: bool = False, of_store: bool = False) -> Select[Any]:
    """What ``store_levels`` must hold, by the products, the stores and ``levels``; the columns in its order.

    Args:
        of_products: those alone whose numbers the parameter ``products`` has.
        of_store: only in the store whose number the parameter ``store`` has.
    """
    by_store = select(
        levels.c.store_id,
        levels.c.product_id,
        func.sum(levels.c.quantity).label("quantity"),
        func.max(levels.c.last_at).label("moved_at"),
    ).group_by(levels.c.store_id, levels.c.product_id)
    if of_products:
        by_store = by_store.where(among(levels.c.product_id, "products"))
    if of_store:
        by_store = by_store.where(levels.c.store_id == bindparam("store"))
    sums = by_store.subquery("sums")
    quantity = func.coalesce(sums.c.quantity, literal(0, levels.c.quantity.type))
    found = (
        select(
            stores.c.id.label("store_id"),
            products.c.id.label("product_id"),
            quantity.label("quantity"),
            state_of(quantity, products.c.minimum, sums.c.moved_at).label("state"),
            products.c.minimum,
            products.c.name_key,
            products.c.category_id,
            sums.c.moved_at.label("moved_at"),
        )
        .select_from(stores)
        .join(products, true())
        .outerjoin(sums, and_(sums.c.store_id == stores.c.id, sums.c.product_id == products.c.id))
        .where(products.c.archived_at.is_(null()))
    )
    if of_products:
        found = found.where(among(products.c.id, "products"))
    return found.where(stores.c.id == bindparam("store")) if of_store else found


def _insertion(rows: Select[Any]) -> Insert:
    return insert(store_levels).from_select([column.name for column in store_levels.columns], rows)


# Put together once: that takes longer than writing the rows of one product.
_ADD_OF_PRODUCTS: Final = _insertion(derived_store_levels(of_products=True))
_ADD_OF_STORE: Final = _insertion(derived_store_levels(of_store=True))
_KEEP: Final = (
    update(store_levels)
    .where(store_levels.c.product_id == products.c.id, among(products.c.id, "products"))
    .values(
        name_key=products.c.name_key,
        category_id=products.c.category_id,
        minimum=products.c.minimum,
        state=state_of(store_levels.c.quantity, products.c.minimum, store_levels.c.moved_at),
    )
)


def add_store_levels(connection: Connection, product_ids: Collection[int]) -> None:
    """Make the rows of products that came, or came back."""
    connection.execute(_ADD_OF_PRODUCTS, {"products": product_ids})


def add_levels_of_store(connection: Connection, store_id: int) -> None:
    """Make the rows of a new store."""
    connection.execute(_ADD_OF_STORE, {"store": store_id})


def keep_store_levels(connection: Connection, product_ids: Collection[int]) -> None:
    """Carry what products' rows repeat of them: the key of the name, the category, the minimum and so the state."""
    connection.execute(_KEEP, {"products": product_ids})
