"""How much there is at one location itself, without those below it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import Connection, select

from shelfwise.errors import NotFoundError
from shelfwise.inventory.part import checked_id
from shelfwise.inventory.product_rows import location_by_id, product_by_id, products_by_id
from shelfwise.inventory.records import Product
from shelfwise.inventory.tables import levels

__all__ = ["products_at", "quantity_at"]


def quantity_at(connection: Connection, product_id: int, location_id: int) -> Decimal:
    """How much of a product is at a location.

    Raises:
        NotFoundError: there is no such product or location.
    """
    query = select(levels.c.quantity).where(
        levels.c.product_id == checked_id("product", product_id),
        levels.c.location_id == checked_id("location", location_id),
    )
    quantity: Decimal | None = connection.scalar(query)
    if quantity is None:
        product_by_id(connection, product_id)
        location_by_id(connection, location_id)
    return quantity or Decimal(0)


def products_at(
    connection: Connection, location_id: int, product_ids: Iterable[int] = ()
) -> list[tuple[Product, Decimal]]:
    """What is at a location, by the products' names; archived ones too.

    Args:
        connection: to the book.
        location_id: the location.
        product_ids: products that are told of also where there is nothing of them.

    Raises:
        NotFoundError: there is no such location or product.
    """
    asked = {checked_id("product", each) for each in product_ids}
    query = select(levels.c.product_id, levels.c.quantity).where(
        levels.c.location_id == checked_id("location", location_id), levels.c.quantity != 0
    )
    quantities = {row.product_id: row.quantity for row in connection.execute(query)}
    if not quantities:
        location_by_id(connection, location_id)
    found = products_by_id(connection, asked | set(quantities))
    if missing := asked - set(found):
        raise NotFoundError(f"there is no product {min(missing)}")
    ordered = sorted(found.values(), key=lambda product: (product.name.casefold(), product.id))
    return [(product, quantities.get(product.id, Decimal(0))) for product in ordered]
