"""Products and places by what a file calls them, looked up together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from shelfwise.gtin import gtin_key
from shelfwise.inventory.names import name_key
from shelfwise.inventory.product_rows import product_from, select_products
from shelfwise.inventory.records import Product
from shelfwise.inventory.tables import locations, products

__all__ = ["Finder", "path_key", "places_of"]

_AT_ONCE: Final = 500


class Finder:
    """The book's products that the rows of a file may mean, read before anything is changed.

    Args:
        connection: the transaction of the import.
        rows: the values of the file's rows.
        name: the column with the product's name.
    """

    def __init__(self, connection: Connection, rows: Sequence[Mapping[str, Any]], name: str) -> None:
        names = {name_key(row[name]) for row in rows if row.get(name)}
        gtins = {gtin_key(row["gtin"]) for row in rows if row.get("gtin")}
        self._names: dict[str, Product] = {}
        self._gtins: dict[str, Product] = {}
        for row in _rows(connection, products.c.name_key, names):
            self._names[row.name_key] = product_from(row)
        for row in _rows(connection, products.c.gtin_key, gtins):
            self._gtins[gtin_key(row.gtin)] = product_from(row)

    def of_name(self, name: str | None) -> Product | None:
        """The product of a name, archived ones too."""
        return self._names.get(name_key(name)) if name else None

    def of_gtin(self, gtin: str | None) -> Product | None:
        """The product of a GTIN, archived ones too."""
        return self._gtins.get(gtin_key(gtin)) if gtin else None


def places_of(connection: Connection, store_id: int) -> dict[str, int]:
    """The numbers of a store's places by the key of their path; the store itself has the key ``""``."""
    query = select(locations.c.path_key, locations.c.id).where(
        locations.c.store_id == store_id, locations.c.archived_at.is_(None)
    )
    return {row.path_key: row.id for row in connection.execute(query)}


def path_key(path: str) -> str:
    """What a place's path is found by; blanks around the / do not count."""
    return name_key(" / ".join(name.strip() for name in path.split("/") if name.strip()))


def _rows(connection: Connection, column: Any, values: Iterable[str]) -> Iterator[Any]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _AT_ONCE):
        yield from connection.execute(select_products().where(column.in_(ordered[start : start + _AT_ONCE])))
