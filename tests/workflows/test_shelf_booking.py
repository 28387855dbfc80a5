"""Counts of shelf photos as a stock-take."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest

from shelfwise.database import open_database
from shelfwise.errors import ConflictError, EntryError, KeyReusedError
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.records import Line, NewProduct
from shelfwise.shelf.facings import Guess, Named
from shelfwise.types import Detections
from shelfwise.workflows.shelf_booking import book_stock_take, booked_stock_take, plan_stock_take
from shelfwise.workflows.shelf_count import ShelfCount, arrange_shelf

COLA = Named("accept", "Cola 1 l", "drinks/cola", 0.95)
OAT = Named("accept", "Oat milk", "drinks/milk", 0.9, gtin="4006381333931")
TEA = Named("accept", None, "tea", 0.8)


def count_of(*named, source="aisle.jpg"):
    boxes = np.array([(50 * place, 10, 50 * place + 40, 90) for place in range(len(named))], np.float32)
    found = Detections(boxes.reshape(-1, 4), np.full(len(named), 0.9, np.float32), 2000, 100, source)
    return ShelfCount((source,), found, arrange_shelf(found, named), None, ("0" * 12, "toy"))


@pytest.fixture
def shop(tmp_path):
    """A stock book with a place, a few products, and something at the place already."""
    with open_database(tmp_path / "stock.db", create=True) as database:
        catalogue = Catalogue(database)
        store = catalogue.add_store("Corner shop")
        place = catalogue.location_at(store.id, "Aisle 3", create=True)

        for name, category, gtin in (
            ("cola 1 L", "drinks/cola", None),
            ("Oat drink", "drinks/milk", "4006381333931"),
            ("Green tea", "tea", None),
            ("Rice", "rice", None),
            ("Basmati", "rice", None),
            ("Jam", None, None),
        ):
            catalogue.add_product(NewProduct(name, category=category, gtin=gtin))
        yield Shop(database, catalogue, place)


class Shop:
    def __init__(self, database, catalogue, place):
        self.database, self.catalogue, self.place = database, catalogue, place

    def receive(self, name, quantity):
        line = Line("received", self.catalogue.product_by_name(name).id, self.place.id, Decimal(quantity))
        Ledger(self.database).book([line], user="ann")

    def plan(self, *counts, **options):
        return plan_stock_take(self.database, self.catalogue, counts, self.place, **options)

    def level(self, name):
        return Levels(self.database).at_location(self.catalogue.product_by_name(name).id, self.place.id)


def told(changes):
    return [(each.product.name, each.facings, int(each.quantity), int(each.expected)) for each in changes]


def test_products_are_found_by_number_then_name_then_as_the_only_one_of_a_category(shop):
    plan = shop.plan(count_of(COLA, COLA, OAT, TEA))
    assert told(plan.seen) == [("cola 1 L", 2, 2, 0), ("Green tea", 1, 1, 0), ("Oat drink", 1, 1, 0)]
    assert plan.left_out == ()
    assert plan.sources == ("aisle.jpg",) and plan.model == "toy"


def test_what_is_not_sure_is_left_out_and_told(shop):
    named = [
        Named("unknown"),
        Named("ask", "Jam", None, 0.5),
        Named("ask", None, "tea", 0.5),
        Named("accept", None, "rice", 0.9),
        Named("accept", None, "pasta", 0.9),
        Named("accept", "Honey", None, 0.9),
        COLA,
    ]
    plan = shop.plan(count_of(*named))
    assert told(plan.seen) == [("cola 1 L", 1, 1, 0)]
    assert dict(plan.left_out) == {
        "to ask about": 2,
        "unknown": 1,
        "rice: several products of this category in the stock book": 1,
        "pasta: no product of this category in the stock book": 1,
        "Honey: not in the stock book": 1,
    }


def test_a_doubtful_facing_between_two_of_a_product_is_neither_counted_nor_booked_as_that(shop):
    guesses = Guess("Jam", None, 0.72), Guess(COLA.product, COLA.category, 0.2)
    for doubtful in (Named("ask", "Jam", None, 0.72, guesses), Named("unknown", candidates=guesses)):
        count = count_of(COLA, doubtful, COLA)
        told_of = count.to_dict()
        assert count.products == told_of["counts"]["products"] == {"Cola 1 l": 2}
        assert [(run["product"], run["members"]) for run in told_of["runs"] if run["answer"] == "accept"] == [
            ("Cola 1 l", [0]),
            ("Cola 1 l", [2]),
        ]
        plan = shop.plan(count)
        assert told(plan.seen) == [("cola 1 L", 2, 2, 0)]
        assert dict(plan.left_out) == {"to ask about" if doubtful.answer == "ask" else "unknown": 1}


def test_an_archived_product_is_left_out(shop):
    shop.catalogue.archive_product(shop.catalogue.product_by_name("Jam").id)
    plan = shop.plan(count_of(Named("accept", "Jam", None, 0.9)))
    assert plan.seen == () and plan.left_out == (("Jam: archived in the stock book", 1),)


def test_booking_sets_the_levels_of_what_was_seen_and_of_nothing_else(shop):
    shop.receive("cola 1 L", 30)
    shop.receive("Rice", 7)
    plan = shop.plan(count_of(COLA, COLA), count_of(COLA, OAT, source="right.jpg"), depth=4)
    assert told(plan.seen) == [("cola 1 L", 3, 12, 30), ("Oat drink", 1, 4, 0)]
    assert told(plan.unseen) == [("Rice", 0, 0, 7)]
    booking = book_stock_take(shop.database, plan, user="ann")
    assert [movement.kind for movement in booking.movements] == ["counted", "counted"]
    assert booking.movements[0].reason == "shelf photo: 3 facings, 4 deep"
    assert booking.movements[0].confidence == pytest.approx(0.95)
    assert (shop.level("cola 1 L"), shop.level("Oat drink"), shop.level("Rice")) == (12, 4, 7)


def test_the_levels_of_a_place_are_asked_for_at_once(shop, monkeypatch):
    names = [f"Tin {number}" for number in range(40)]
    for name in names:
        shop.catalogue.add_product(NewProduct(name))
        shop.receive(name, 3)
    asked = []

    def at(levels, location_id, product_ids=()):
        asked.append(location_id)
        return products_at(levels, location_id, product_ids)

    products_at = Levels.products_at
    monkeypatch.setattr(Levels, "products_at", at)
    monkeypatch.setattr(Levels, "at_location", None)
    monkeypatch.setattr(Levels, "stock_list", None)
    plan = shop.plan(count_of(*(Named("accept", name, None, 0.9) for name in names[:20])))
    assert [len(plan.seen), len(plan.unseen)] == [20, 20]
    assert asked == [shop.place.id]


def test_archived_products_that_nobody_saw_stay_as_they_are(shop):
    shop.receive("Jam", 2)
    shop.receive("Rice", 7)
    shop.catalogue.archive_product(shop.catalogue.product_by_name("Jam").id)
    assert told(shop.plan(count_of(COLA)).unseen) == [("Rice", 0, 0, 7)]


def test_what_stands_in_places_within_is_not_the_places_own(shop):
    within = shop.catalogue.location_at(shop.place.store_id, "Aisle 3 / Shelf 2", create=True)
    rice = shop.catalogue.product_by_name("Rice").id
    Ledger(shop.database).book([Line("received", rice, within.id, Decimal(5))], user="ann")
    assert shop.plan(count_of(COLA)).unseen == ()


def test_where_the_photos_show_everything_what_is_not_seen_is_gone(shop):
    shop.receive("Rice", 7)
    booking = book_stock_take(shop.database, shop.plan(count_of(COLA)), user="ann", everything=True)
    assert booking.movements[1].reason == "shelf photo: not seen"
    assert (shop.level("cola 1 L"), shop.level("Rice")) == (1, 0)


def test_the_same_key_books_once(shop):
    plan = shop.plan(count_of(COLA))
    first = book_stock_take(shop.database, plan, user="ann", key="k")
    assert book_stock_take(shop.database, plan, user="ann", key="k").repeated
    assert not first.repeated


@pytest.mark.parametrize("named", [COLA, Named("unknown")], ids=["some are seen", "none is seen"])
def test_the_same_key_books_once_though_nothing_is_unseen_the_next_time(shop, named):
    shop.receive("Rice", 7)
    options = {"user": "ann", "everything": True, "key": "k"}
    first = book_stock_take(shop.database, shop.plan(count_of(named)), **options)
    shop.receive("Rice", 3)
    shop.receive("Jam", 1)
    again = book_stock_take(shop.database, shop.plan(count_of(named)), **options)
    assert (first.repeated, again.repeated, again.id) == (False, True, first.id)
    assert [each.product for each in again.movements][-1:] == ["Rice"]
    assert (shop.level("Rice"), shop.level("Jam")) == (3, 1)


def test_what_a_key_has_booked_is_told_before_it_is_planned_anew(shop):
    counts, noon = [count_of(COLA)], datetime(2026, 1, 31, 12, tzinfo=UTC)
    options = {"user": "ann", "everything": True, "at": noon}

    def before(**others):
        return booked_stock_take(shop.database, counts, shop.place, **{"depth": 2, **options, **others})

    assert before(key="k") is None
    booking = book_stock_take(shop.database, shop.plan(*counts, depth=2), key="k", **options)
    assert before(key="k").id == booking.id and before(key="k").repeated
    assert before(key="k", at=noon.astimezone(timezone(timedelta(hours=2)))).id == booking.id
    assert before(key="other") is None and before() is None
    for other in ({"depth": 3}, {"everything": False}, {"at": None}, {"user": "bob"}):
        with pytest.raises(KeyReusedError):
            before(key="k", **other)
    with pytest.raises(KeyReusedError):
        booked_stock_take(shop.database, [count_of(COLA, source="b.jpg")], shop.place, 2, key="k", **options)


def test_a_key_that_booked_something_else_books_nothing(shop):
    book_stock_take(shop.database, shop.plan(count_of(COLA)), user="ann", key="k")
    with pytest.raises(KeyReusedError):
        book_stock_take(shop.database, shop.plan(count_of(OAT), depth=2), user="ann", key="k")
    assert shop.level("Oat drink") in (None, 0)


def test_nothing_sure_is_nothing_to_book(shop):
    with pytest.raises(ConflictError, match="nothing to book"):
        book_stock_take(shop.database, shop.plan(count_of(Named("unknown"))), user="ann")
    with pytest.raises(EntryError, match="depth"):
        shop.plan(count_of(COLA), depth=0)
