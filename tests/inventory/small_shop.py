"""A small shop to book in: a store with a shelf and a back room, and a model that is reckoned without a database."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from shelfwise.database import Database
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.history import History
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.records import Booking, Line, Location, Movement, NewProduct, Product, Store
from shelfwise.inventory.tables import levels, store_levels

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


@dataclass
class SmallShop:
    database: Database
    catalogue: Catalogue
    ledger: Ledger
    history: History
    store: Store
    shelf: Location
    back: Location
    made: int = 0

    def product(self, name: str | None = None, **fields: Any) -> Product:
        """A new product."""
        self.made += 1
        return self.catalogue.add_product(NewProduct(name or f"Product {self.made}", **fields))

    def book(self, kind: str, product: Product, quantity: object, minutes: float, **fields: Any) -> Booking:
        """Book one line on the shelf."""
        place = fields.pop("location", self.shelf).id
        key = fields.pop("key", None)
        amount = Decimal(str(quantity))
        line = Line(kind, product.id, place, amount, at(minutes), **fields)
        return self.ledger.book([line], user="ann", key=key)

    def level(self, product: Product, location: Location | None = None) -> Decimal | None:
        """What is kept as the level at a location, the shelf unless told."""
        query = select(levels.c.quantity).where(
            levels.c.product_id == product.id, levels.c.location_id == (location or self.shelf).id
        )
        with self.database.read() as connection:
            return connection.execute(query).scalar()

    def stock(self, product: Product, store: Store | None = None) -> tuple[Decimal, int] | None:
        """The quantity and the state of the whole store."""
        query = select(store_levels.c.quantity, store_levels.c.state).where(
            store_levels.c.product_id == product.id, store_levels.c.store_id == (store or self.store).id
        )
        with self.database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else tuple(row)

    def all_movements(self, **wanted: Any) -> list[Movement]:
        """All pages of the history."""
        found: list[Movement] = []
        cursor = None
        while True:
            page = self.history.movements(cursor=cursor, limit=100, **wanted)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found


def open_small_shop(database: Database) -> SmallShop:
    """The shop in an empty database."""
    catalogue = Catalogue(database)
    store = catalogue.add_store("Main Street", "ann")
    shelf = catalogue.location_at(store.id, "Aisle 1 / Shelf 2", create=True)
    back = catalogue.add_location(store.id, "Back room")
    return SmallShop(database, catalogue, Ledger(database), History(database), store, shelf, back)


def reckoned(movements: Iterable[Movement]) -> dict[tuple[int, int], Decimal]:
    """Levels by (product, location): what is undone and what undoes is left out, the rest is gone through in time."""
    reckoned: dict[tuple[int, int], Decimal] = {}
    for each in sorted(movements, key=lambda movement: (movement.at, movement.id)):
        key = (each.product_id, each.location_id)
        before = reckoned.setdefault(key, Decimal(0))
        if each.undone_by is None and each.undoes is None:
            reckoned[key] = each.quantity if each.change is None else before + each.change
    return reckoned
