"""What a booking must know of the products and locations that it names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, true

from shelfwise.database.lists import among
from shelfwise.database.prepared import Prepared
from shelfwise.errors import EntryError
from shelfwise.inventory.records import Line
from shelfwise.inventory.tables import locations, products, stores

__all__ = [
    "LOCATION_COLUMNS",
    "PLACES",
    "PRODUCT_COLUMNS",
    "Facts",
    "LocationFact",
    "ProductFact",
    "read_facts",
]

_CHUNK: Final = 500


class ProductFact(NamedTuple):
    """A product, as far as a booking goes."""

    id: int
    name: str
    archived_at: datetime | None


class LocationFact(NamedTuple):
    """A location and its store, as far as a booking goes."""

    id: int
    path: str
    archived_at: datetime | None
    store_id: int
    store: str
    store_archived_at: datetime | None


PRODUCT_COLUMNS: Final = (products.c.id, products.c.name, products.c.archived_at)
LOCATION_COLUMNS: Final = (
    locations.c.id,
    locations.c.path,
    locations.c.archived_at,
    locations.c.store_id,
    stores.c.name,
    stores.c.archived_at,
)
PLACES: Final = locations.join(stores, stores.c.id == locations.c.store_id)
_ONE: Final = Prepared(
    lambda _: (
        select(*PRODUCT_COLUMNS, *LOCATION_COLUMNS)
        .select_from(products.join(PLACES, true()))
        .where(products.c.id == bindparam("product_id"), locations.c.id == bindparam("location_id"))
    )
)
_PRODUCTS: Final = select(*PRODUCT_COLUMNS).where(among(products.c.id, "ids"))
_LOCATIONS: Final = select(*LOCATION_COLUMNS).select_from(PLACES).where(among(locations.c.id, "ids"))


@dataclass(slots=True)
class Facts:
    """Products and locations by number."""

    products: dict[int, ProductFact] = field(default_factory=dict)
    locations: dict[int, LocationFact] = field(default_factory=dict)

    def check(self, lines: Iterable[Line]) -> None:
        """Refuse lines whose product or location is not there, or is archived.

        Raises:
            EntryError: at a line's ``product_id``, ``location_id`` or ``to_location_id``.
        """
        for place, line in enumerate(lines):
            self._check_product(f"lines.{place}.product_id", line.product_id)
            self._check_location(f"lines.{place}.location_id", line.location_id)
            if line.to_location_id is not None:
                self._check_location(f"lines.{place}.to_location_id", line.to_location_id)

    def _check_product(self, at: str, product_id: int) -> None:
        row = self.products.get(product_id)
        if row is None:
            raise EntryError(at, f"there is no product {product_id}")
        if row.archived_at is not None:
            raise EntryError(at, f"{row.name} is archived: restore it to book")

    def _check_location(self, at: str, location_id: int) -> None:
        row = self.locations.get(location_id)
        if row is None:
            raise EntryError(at, f"there is no location {location_id}")
        if row.store_archived_at is not None:
            raise EntryError(at, f"the store {row.store} is archived: restore it to book")
        if row.archived_at is not None:
            raise EntryError(at, f"the location {row.path} is archived: restore it to book")


def read_facts(connection: Connection, product_ids: Collection[int], location_ids: Collection[int]) -> Facts:
    """Look up what is there of these; what is not there is missing in the result."""
    if len(product_ids) == len(location_ids) == 1:
        given = {"product_id": next(iter(product_ids)), "location_id": next(iter(location_ids))}
        for row in _ONE.rows(connection, given):
            product, location = ProductFact(*row[:3]), LocationFact(*row[3:])
            return Facts({product.id: product}, {location.id: location})
    facts = Facts()
    for ids in _chunks(product_ids):
        for row in connection.execute(_PRODUCTS, {"ids": ids}):
            facts.products[row[0]] = ProductFact(*row)
    for ids in _chunks(location_ids):
        for row in connection.execute(_LOCATIONS, {"ids": ids}):
            facts.locations[row[0]] = LocationFact(*row)
    return facts


def _chunks(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]
