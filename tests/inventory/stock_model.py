"""A stock book that is reckoned anew for every question, and how a real one is filled beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from shelfwise.database import Database
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.records import Level, Line, Location, NewProduct, Page, Product, Store

START = datetime(2026, 3, 1, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
STATES = ("out", "low", "ok")


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


@dataclass
class Event:
    id: int
    kind: str
    product: int
    location: int
    quantity: Decimal  # what it adds, or what was counted
    at: datetime
    undone: bool = False


@dataclass
class Model:
    """Products and movements in plain lists."""

    products: list[Product] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def level_at(self, product: int, location: int, until: tuple[datetime, float]) -> tuple:
        """The level just before a time and place, and when the count was that it rests on."""
        quantity, counted_at = Decimal(0), None
        for event in sorted(self.events, key=lambda event: (event.at, event.id)):
            if (event.product, event.location) != (product, location) or event.undone:
                continue
            if (event.at, event.id) >= until:
                break
            if event.kind == "counted":
                quantity, counted_at = event.quantity, event.at
            else:
                quantity += event.quantity
        return quantity, counted_at

    def level(self, product: int, locations: set[int], at: datetime = NEVER):
        return sum((self.level_at(product, each, (at, float("inf")))[0] for each in locations), Decimal(0))

    def was_at(self, product: int, locations: set[int], at: datetime = NEVER) -> set:
        """Those of the locations where it had been moved by then, whatever was undone later."""
        return {
            event.location
            for event in self.events
            if event.product == product and event.location in locations and event.at <= at
        }

    def state(self, product: Product, quantity: Decimal, moved: bool) -> str:
        if quantity <= 0 and (moved or product.minimum is not None):
            return "out"
        return "low" if product.minimum is not None and quantity < product.minimum else "ok"


class Book:
    """A real book with two stores, and the model of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.catalogue, self.ledger, self.model = Catalogue(database), Ledger(database), Model()
        self.stores: list[Store] = [self.catalogue.add_store(name) for name in ("North", "South")]
        self.locations: list[Location] = [
            self.catalogue.location_at(self.stores[store].id, path, create=True)
            for store, path in ((0, "Aisle 1"), (0, "Aisle 1 / Shelf 1"), (0, "Aisle 10"), (1, "Back room"))
        ]
        self.locations.append(self.catalogue.location(self.stores[0].root_id))
        self.numbers = 0

    def store_locations(self, store: Store) -> set[int]:
        return {each.id for each in self.locations if each.store_id == store.id}

    def add_product(self, name: str, **fields: object) -> Product:
        product = self.catalogue.add_product(NewProduct(name, **fields))
        self.model.products.append(product)
        return product

    def book(
        self,
        kind: str,
        product: Product,
        location: Location,
        quantity: object,
        at: datetime,
        to: Location | None = None,
    ) -> Event:
        amount = Decimal(quantity)
        line = Line(kind, product.id, location.id, amount, at, to_location_id=to.id if to else None)
        booking = self.ledger.book([line], user="anna")
        for movement in booking.movements:
            change = movement.quantity if movement.change is None else movement.change
            self.model.events.append(
                Event(movement.id, kind, product.id, movement.location_id, change, movement.at)
            )
        return self.model.events[-1]

    def undo(self, event: Event) -> None:
        booking = self.ledger.undo(event.id, user="anna")
        undone = {movement.undoes for movement in booking.movements}
        for each in self.model.events:
            each.undone = each.undone or each.id in undone

    def play(self, script: list[tuple]) -> list[Product]:
        """New products and what happens to them."""
        self.numbers += 1
        n = self.numbers
        products = [
            self.add_product(f"Pear {n}", category=f"fruit {n}/pear", minimum=Decimal(5), target=Decimal(20)),
            self.add_product(f"apple {n} (dried)", category=f"fruit {n}", pack_size=Decimal(6)),
            self.add_product(f"Água {n}", minimum=Decimal(2)),
        ]
        booked: list[Event] = []
        for kind, product, location, quantity, hour in script:
            if kind == "undo":
                live = [event for event in booked if not event.undone]
                if live:
                    self.undo(live[hour % len(live)])
                continue
            to = self.locations[(location + 1) % len(self.locations)]
            if kind == "moved" and to.store_id != self.locations[location].store_id:
                continue
            booked.append(
                self.book(
                    kind,
                    products[product],
                    self.locations[location],
                    quantity,
                    hours(hour),
                    to if kind == "moved" else None,
                )
            )
        return products


SCRIPTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["received", "sold", "counted", "counted", "wasted", "corrected", "moved", "undo", "undo"]
        ),
        st.integers(0, 2),
        st.integers(0, 4),
        st.integers(1, 9),
        st.integers(0, 12),  # hours: often the same, so that the order within a moment counts
    ),
    max_size=14,
)


def walk(ask: Callable[[str | None], Page]) -> list:
    """All pages of a list, one after the other."""
    items: list = []
    cursor = None
    while True:
        page = ask(cursor)
        items += page.items
        if page.next is None:
            return items
        cursor = page.next


def plain(level: Level) -> tuple:
    return level.store_id, level.product.id, level.location_id, level.quantity, level.state
