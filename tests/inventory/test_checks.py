from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, update

from shelfwise.inventory.checks import check_book
from shelfwise.inventory.tables import levels, movements, product_words, products, store_levels

D = Decimal


@pytest.fixture
def busy_shop(small_shop):
    milk = small_shop.product("Milk", category="dairy", minimum=D(2))
    small_shop.book("received", milk, 9, 0)
    small_shop.book("counted", milk, 5, 1)
    small_shop.book("moved", milk, 2, 2, to_location_id=small_shop.back.id)
    small_shop.ledger.undo(small_shop.book("sold", milk, 1, 3).movements[0].id, user="ann")
    assert check_book(small_shop.database) == ()
    return small_shop


@pytest.mark.parametrize(
    ("table", "spoil"),
    [
        ("levels", update(levels).values(quantity=levels.c.quantity + 1)),
        ("levels", update(levels).values(count_id=None)),
        ("levels", delete(levels)),
        ("store_levels", update(store_levels).values(quantity=D(7))),
        ("store_levels", update(store_levels).values(state=0)),
        ("store_levels", update(store_levels).values(name_key="cream")),
        ("store_levels", update(store_levels).values(moved_at=None)),
        ("store_levels", delete(store_levels)),
        ("store_levels", update(products).values(archived_at=datetime(2026, 1, 1, tzinfo=UTC))),
        ("product_words", delete(product_words).where(product_words.c.word == "milk")),
        ("product_words", update(products).values(name="Cream")),
    ],
)
def test_what_is_out_of_step_is_told(busy_shop, table, spoil):
    busy_shop.database.write(lambda connection: connection.execute(spoil))
    found = check_book(busy_shop.database)
    assert table in {problem.table for problem in found}
    assert all(str(problem).startswith(f"{problem.table}: ") for problem in found)


def added(shop, **changed):
    """A movement that no ledger would write."""
    booking = shop.all_movements()[0]
    values = {
        "booking_id": booking.booking_id,
        "kind": "moved",
        "product_id": booking.product_id,
        "store_id": shop.store.id,
        "location_id": shop.shelf.id,
        "quantity": D(0),
        "at": booking.at,
        "booked_at": booking.at,
        "user_name": "eve",
    }
    shop.database.write(lambda connection: connection.execute(insert(movements).values(values | changed)))


def test_a_move_without_its_other_half_is_told(busy_shop):
    added(busy_shop)
    assert [problem.message for problem in check_book(busy_shop.database)] == [
        "the other half of this move is missing or does not fit"
    ]


def test_an_undoing_that_does_not_fit_is_told(busy_shop):
    count = next(each for each in busy_shop.all_movements() if each.kind == "counted")
    added(busy_shop, kind="sold", undoes_id=count.id)
    messages = [problem.message for problem in check_book(busy_shop.database)]
    assert "it undoes a movement that it does not fit" in messages
