"""The quick ways of booking one change: they come as far as they say, and book nothing where they may not."""

from decimal import Decimal

import pytest
from sqlalchemy import delete

from shelfwise.database import Database
from shelfwise.errors import ConflictError
from shelfwise.inventory.at_once import book_at_once
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.tables import store_levels

D = Decimal


@pytest.fixture
def postgresql_shop(small_shops, postgresql_database: Database):
    return small_shops.open_small_shop(postgresql_database)


def values(shop, small_shops, product, key):
    return {
        "key": key,
        "fingerprint": None,
        "kind": "sold",
        "product_id": product.id,
        "location_id": shop.shelf.id,
        "quantity": D(-2),
        "at": small_shops.at(5),
        "booked_at": small_shops.at(6),
        "user_name": "ann",
        "reason": None,
        "photo": None,
        "model": None,
        "confidence": 0.5,
    }


def test_one_statement_comes_as_far_as_there_is_something(postgresql_shop, small_shops):
    shop, milk = postgresql_shop, postgresql_shop.product("Milk")

    def book(key):
        given = values(shop, small_shops, milk, key)
        return shop.database.write(lambda connection: book_at_once(connection, given))

    without_level = book("a")
    assert (without_level.movement_id, without_level.in_store) == (None, False)
    shop.book("received", milk, 9, 0)
    done = book("b")
    assert (done.level, done.in_store) == (D(7), True)
    assert done.facts.products[milk.id].name == "Milk"
    assert done.facts.locations[shop.shelf.id].path == shop.shelf.path
    movement = shop.ledger.movement(done.movement_id)
    assert (movement.booking_id, movement.change, movement.confidence) == (done.booking_id, D(-2), 0.5)
    assert (movement.at, movement.booked_at) == (small_shops.at(5), small_shops.at(6))
    assert book("b") is None
    assert shop.level(milk) == D(7)
    shop.book("counted", milk, 5, 6)
    assert book("c").level == D(5)  # it happened before the count
    assert shop.stock(milk) == (D(5), 2)
    shop.catalogue.archive_product(milk.id)
    assert book("d").movement_id is None
    assert check_book(shop.database) == ()


@pytest.mark.parametrize("kind", ["sold", "counted"])
def test_a_product_that_is_archived_meanwhile_is_not_booked(small_shop, kind):
    milk = small_shop.product()
    small_shop.book("received", milk, 9, 0)
    # What another transaction would have done between the look at the product and the booking.
    mine = delete(store_levels).where(store_levels.c.product_id == milk.id)
    small_shop.database.write(lambda connection: connection.execute(mine))
    with pytest.raises(ConflictError, match="archived just now"):
        small_shop.book(kind, milk, 1, 1)
    assert small_shop.level(milk) == D(9)
    assert len(small_shop.all_movements()) == 1
