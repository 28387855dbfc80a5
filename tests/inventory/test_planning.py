from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelfwise.database import utc_now
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.inventory.planning import Planning
from shelfwise.inventory.tables import products

on_one_book = settings(max_examples=7, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def book(database, stock_model):
    return stock_model.Book(database)


@pytest.fixture
def planning(database):
    return Planning(database)


@on_one_book
@given(st.data())
def test_shrinkage_is_what_each_count_found_against_the_book_just_before(book, planning, stock_model, data):
    book.play(data.draw(stock_model.SCRIPTS))
    first, lasts = data.draw(st.integers(-1, 12)), data.draw(st.integers(0, 13))
    since, until = stock_model.hours(first), stock_model.hours(first + lasts)
    limit = data.draw(st.sampled_from([1, 2, 500]))
    store = book.stores[0]
    told = stock_model.walk(
        lambda cursor: planning.shrinkage(store.id, since, until, cursor=cursor, limit=limit)
    )
    counts = [
        event
        for event in book.model.events
        if event.kind == "counted"
        and not event.undone
        and event.location in book.store_locations(store)
        and since <= event.at <= until
    ]
    expected = []
    for event in sorted(counts, key=lambda event: (event.at, event.id), reverse=True):
        before, previous = book.model.level_at(event.product, event.location, (event.at, event.id))
        expected.append(
            (
                event.product,
                event.location,
                event.at,
                before,
                event.quantity,
                event.quantity - before,
                previous,
            )
        )
    assert [
        (
            *(each.product.id, each.location.id, each.counted_at, each.expected, each.counted),
            *(each.difference, each.previous_count_at),
        )
        for each in told
    ] == expected


def test_shrinkage_in_words(book, planning, stock_model):
    """Twenty are counted, eight sold; twelve should be there, and ten are: two are missing."""
    pear = book.play([])[0]
    shelf = book.locations[1]
    book.book("counted", pear, shelf, 20, stock_model.hours(0))
    book.book("sold", pear, shelf, 8, stock_model.hours(5))
    book.book("counted", pear, shelf, 10, stock_model.hours(9))
    found, first = planning.shrinkage(book.stores[0].id, stock_model.hours(0), stock_model.hours(9)).items
    assert (found.expected, found.counted, found.difference) == (12, 10, -2)
    assert found.previous_count_at == stock_model.hours(0)
    assert (found.product, found.location) == (pear, shelf)
    assert (first.expected, first.difference, first.previous_count_at) == (0, 20, None)
    # What is entered late counts from when it happened.
    book.book("received", pear, shelf, 1, stock_model.hours(6))
    found, _ = planning.shrinkage(book.stores[0].id, stock_model.hours(0), stock_model.hours(9)).items
    assert found.difference == -3


def sell(book, product, location, quantity, days_ago):
    return book.book("sold", product, location, quantity, utc_now() - timedelta(days=days_ago))


def orders(planning, book, **options):
    return {each.product.name: each for each in planning.reorder(book.stores[0].id, **options).items}


def test_what_is_out_comes_first_then_low_then_what_soon_will_be(book, planning, stock_model):
    shelf = book.locations[1]
    for name, level, sold in (("soon", 50, 300), ("plenty", 500, 30), ("low", 4, 1), ("out", 0, 20)):
        product = book.add_product(name, minimum=Decimal(5), target=Decimal(200))
        book.book("received", product, shelf, level + sold, utc_now() - timedelta(days=20))
        sell(book, product, shelf, sold, 10)
    found = planning.reorder(book.stores[0].id).items
    assert [each.product.name for each in found] == ["out", "low", "soon"]
    assert [each.level for each in found] == [0, 4, 50]
    assert [each.order for each in found] == [200, 196, 150]
    # 300 in 28 days are 10.714 a day: 50 last for 4.7 days.
    assert (found[2].per_day, found[2].days_of_cover) == (Decimal("10.714"), Decimal("4.7"))
    assert found[0].days_of_cover == 0
    assert [each.product.name for each in planning.reorder(book.stores[0].id, cover=4).items] == [
        "out",
        "low",
    ]
    # With sales of a week alone nothing was sold, so nothing is known to run out.
    week = orders(planning, book, days=7)
    assert set(week) == {"out", "low"}
    assert (week["low"].per_day, week["low"].days_of_cover) == (0, None)


def test_orders_are_whole_packs_up_to_the_target(book, planning):
    shelf = book.locations[1]
    plans = (
        ("packs", {"minimum": Decimal(5), "target": Decimal(20), "pack_size": Decimal(6)}, 3, 18),
        ("exact", {"minimum": Decimal(5), "target": Decimal(15), "pack_size": Decimal(6)}, 3, 12),
        ("grams", {"minimum": Decimal(2), "target": Decimal(3), "pack_size": Decimal("0.250")}, "1.100", 2),
        ("no target", {"minimum": Decimal(8), "pack_size": Decimal(5)}, 3, 5),
        ("no target, sold", {"minimum": Decimal(8)}, 3, 37),
        ("below nothing", {"target": Decimal(10), "pack_size": Decimal(4)}, -5, 16),
        ("no minimum, no target, not sold", {}, 0, None),
        ("no more than the minimum", {"minimum": Decimal(5), "target": Decimal(5)}, 4, 1),
    )
    for name, fields, level, _ in plans:
        product = book.add_product(name, **fields)
        book.book("received", product, shelf, 40, utc_now() - timedelta(days=50))
        if name == "no target, sold":
            sell(book, product, shelf, 40, 3)
        book.book("counted", product, shelf, max(Decimal(level), Decimal(0)), utc_now() - timedelta(days=2))
        if Decimal(level) < 0:
            book.book("corrected", product, shelf, level, utc_now() - timedelta(days=1))
    found = orders(planning, book)
    assert {name: each.order for name, each in found.items()} == {
        name: order for name, _, _, order in plans if order is not None
    }


def test_what_is_low_is_ordered_up_to_its_minimum_whatever_an_older_book_has_as_its_target(book, planning):
    product = book.add_product("Tea", minimum=Decimal(50), pack_size=Decimal(6))
    book.book("received", product, book.locations[1], 6, utc_now() - timedelta(days=1))
    book.database.write(
        lambda connection: connection.execute(
            products.update().where(products.c.id == product.id).values(target=Decimal(5))
        )
    )
    assert {name: each.order for name, each in orders(planning, book).items()} == {"Tea": 48}


def test_what_was_undone_was_not_sold_and_another_store_sells_for_itself(book, planning):
    product = book.add_product("Tea", minimum=Decimal(5), target=Decimal(10))
    sell(book, product, book.locations[0], 14, 1)
    undone = sell(book, product, book.locations[0], 100, 1)
    sell(book, product, book.locations[3], 1000, 1)
    sell(book, product, book.locations[1], 14, 27.9)
    sell(book, product, book.locations[1], 50, 28.1)
    book.book("wasted", product, book.locations[1], 7, utc_now() - timedelta(days=1))
    book.undo(undone)
    assert orders(planning, book)["Tea"].per_day == 1


def test_pages_hold_every_order_once(book, planning, stock_model, monkeypatch):
    for number in range(25):
        product = book.add_product(f"Tea {number}", minimum=Decimal(2) if number % 3 else None)
        book.book("received", product, book.locations[0], 10, utc_now() - timedelta(days=9))
        sell(book, product, book.locations[0], number + 1, 8)
    store = book.stores[0].id
    everything = planning.reorder(store, limit=500).items
    assert len(everything) > 12
    assert {each.product.minimum for each in everything} == {None, 2}
    for limit, looked_at, chunk in ((1, 5000, 1000), (3, 5000, 4), (500, 2, 2), (2, 1, 1)):
        monkeypatch.setattr("shelfwise.inventory.planning._LOOKED_AT", looked_at)
        monkeypatch.setattr("shelfwise.inventory.planning._CHUNK", chunk)
        told = stock_model.walk(
            lambda cursor, limit=limit: planning.reorder(store, cursor=cursor, limit=limit)
        )
        assert tuple(told) == everything


def test_wrong_values_are_named(book, planning, stock_model):
    store, at = book.stores[0].id, stock_model.START
    for field, ask in (
        ("until", lambda: planning.shrinkage(store, at, at - timedelta(days=1))),
        ("limit", lambda: planning.shrinkage(store, at, at, limit=501)),
        ("cursor", lambda: planning.shrinkage(store, at, at, cursor="AAAA")),
        ("days", lambda: planning.reorder(store, days=0)),
        ("days", lambda: planning.reorder(store, days=367)),
        ("cover", lambda: planning.reorder(store, cover=0)),
        ("limit", lambda: planning.reorder(store, limit=0)),
        ("cursor", lambda: planning.reorder(store, cursor="AAAA")),
    ):
        with pytest.raises(EntryError) as caught:
            ask()
        assert caught.value.field == field
    for ask in (lambda: planning.shrinkage(999, at, at), lambda: planning.reorder(999)):
        with pytest.raises(NotFoundError, match="no store 999"):
            ask()
