"""Keeping ``store_levels``: a row for each store and each product that is not archived."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
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

from shelfwise.inventory.tables import levels, products, store_levels, stores

__all__ = ["add_store_levels", "derived_store_levels", "keep_store_levels", "state_of", "store_level_after"]


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


def derived_store_levels(*, product_id: int | None = None, store_id: int | None = None) -> Select[Any]:
    """What ``store_levels`` must hold, by the products, the stores and ``levels``; the columns in its order."""
    by_store = select(
        levels.c.store_id,
        levels.c.product_id,
        func.sum(levels.c.quantity).label("quantity"),
        func.max(levels.c.last_at).label("moved_at"),
    ).group_by(levels.c.store_id, levels.c.product_id)
    if product_id is not None:
        by_store = by_store.where(levels.c.product_id == product_id)
    if store_id is not None:
        by_store = by_store.where(levels.c.store_id == store_id)
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
    if product_id is not None:
        found = found.where(products.c.id == product_id)
    return found if store_id is None else found.where(stores.c.id == store_id)


def add_store_levels(
    connection: Connection, *, product_id: int | None = None, store_id: int | None = None
) -> None:
    """Make the rows of a product that came, or came back, or those of a new store."""
    columns = [column.name for column in store_levels.columns]
    rows = derived_store_levels(product_id=product_id, store_id=store_id)
    connection.execute(insert(store_levels).from_select(columns, rows))


def keep_store_levels(connection: Connection, product_id: int) -> None:
    """Carry what a product's rows repeat of it: the key of its name, its category, its minimum and so its state."""
    connection.execute(
        update(store_levels)
        .where(store_levels.c.product_id == products.c.id, products.c.id == product_id)
        .values(
            name_key=products.c.name_key,
            category_id=products.c.category_id,
            minimum=products.c.minimum,
            state=state_of(store_levels.c.quantity, products.c.minimum, store_levels.c.moved_at),
        )
    )
