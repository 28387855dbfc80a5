"""A shop with something in it."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from shelfwise.database import utc_now
from shelfwise.inventory.records import Line, Location, NewProduct, Product
from shelfwise.workflows.shop import Shop

MILL_LANE = 1


@dataclass(frozen=True)
class Stocked:
    """Bread 10 and milk 2 (low) on a shelf, tea 0 (out); booked three days ago."""

    shelf: Location
    bread: Product
    milk: Product
    tea: Product


@pytest.fixture
def stocked(shop: Shop) -> Stocked:
    add = shop.catalogue.add_product
    shelf = shop.catalogue.add_location(MILL_LANE, "Shelf 1")
    bread = add(NewProduct("Bread", category="bakery", minimum=Decimal(4)))
    milk = add(
        NewProduct(
            "Milk", category="drinks/milk", minimum=Decimal(5), target=Decimal(20), gtin="4006381333931"
        )
    )
    tea = add(NewProduct("Tea", category="drinks", minimum=Decimal(1), pack_size=Decimal(6)))
    then = utc_now() - timedelta(days=3)
    lines = [
        Line("received", bread.id, shelf.id, Decimal(10), then),
        Line("received", milk.id, shelf.id, Decimal(2), then),
    ]
    shop.ledger.book(lines, user="clerk")
    return Stocked(shelf, bread, milk, tea)
