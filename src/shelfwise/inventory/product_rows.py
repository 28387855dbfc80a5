"""Products and locations as records, by their numbers: what the lists of levels are completed with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, select

from shelfwise.database.lists import among
from shelfwise.errors import NotFoundError
from shelfwise.inventory.part import checked_id
from shelfwise.inventory.records import Category, Location, Product
from shelfwise.inventory.tables import categories, locations, products, stores

__all__ = [
    "categories_by_id",
    "check_store",
    "location_by_id",
    "locations_by_id",
    "product_by_id",
    "product_from",
    "products_by_id",
    "select_products",
]

_PRODUCT: Final = (
    products.c.id,
    products.c.name,
    products.c.category_id,
    categories.c.name.label("category"),
    products.c.gtin,
    products.c.unit,
    products.c.pack_size,
    products.c.minimum,
    products.c.target,
    products.c.photo,
    products.c.version,
    products.c.archived_at,
    products.c.name_key,
)


def select_products() -> Select[Any]:
    """Products with their category's name, to be narrowed down."""
    return select(*_PRODUCT).select_from(
        products.outerjoin(categories, categories.c.id == products.c.category_id)
    )


def product_from(row: Any) -> Product:
    """The product in a row of :func:`select_products`."""
    return Product(
        row.id,
        row.name,
        row.category_id,
        row.category,
        row.gtin,
        row.unit,
        row.pack_size,
        row.minimum,
        row.target,
        row.photo,
        row.version,
        row.archived_at is not None,
    )


# Put together once: that takes longer than the answer does.
_PRODUCTS: Final = select_products().where(among(products.c.id, "ids"))
_CATEGORIES: Final = select(categories).where(among(categories.c.id, "ids"))
_LOCATIONS: Final = select(locations).where(among(locations.c.id, "ids"))
_STORE: Final = select(stores.c.id).where(stores.c.id == bindparam("id"))


def products_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Product]:
    """The products of these numbers, those that are archived too."""
    rows = connection.execute(_PRODUCTS, {"ids": sorted(set(ids))})
    return {row.id: product_from(row) for row in rows}


def product_by_id(connection: Connection, product_id: int) -> Product:
    """The product of this number.

    Raises:
        NotFoundError: there is none.
    """
    found = products_by_id(connection, [checked_id("product", product_id)]).get(product_id)
    if found is None:
        raise NotFoundError(f"there is no product {product_id}")
    return found


def categories_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Category]:
    """The categories of these numbers."""
    rows = connection.execute(_CATEGORIES, {"ids": sorted(set(ids))})
    return {row.id: Category(row.id, row.name, row.archived_at is not None) for row in rows}


def locations_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, Location]:
    """The locations of these numbers."""
    rows = connection.execute(_LOCATIONS, {"ids": sorted(set(ids))})
    return {row.id: _location(row) for row in rows}


def location_by_id(connection: Connection, location_id: int) -> Location:
    """The location of this number.

    Raises:
        NotFoundError: there is none.
    """
    found = locations_by_id(connection, [checked_id("location", location_id)]).get(location_id)
    if found is None:
        raise NotFoundError(f"there is no location {location_id}")
    return found


def check_store(connection: Connection, store_id: int) -> None:
    """Make sure that there is such a store.

    Raises:
        NotFoundError: there is none.
    """
    if connection.scalar(_STORE, {"id": checked_id("store", store_id)}) is None:
        raise NotFoundError(f"there is no store {store_id}")


def _location(row: Row[Any]) -> Location:
    return Location(
        id=row.id,
        store_id=row.store_id,
        parent_id=row.parent_id,
        name=row.name,
        path=row.path,
        archived=row.archived_at is not None,
    )
