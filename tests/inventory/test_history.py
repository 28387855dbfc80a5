from decimal import Decimal

import pytest

from shelfwise.errors import EntryError, NotFoundError
from shelfwise.inventory.records import Line


def test_movements_newest_first_by_when_they_happened(small_shop):
    milk = small_shop.product()
    for minutes in (3, 1, 2, 2):
        small_shop.book("sold", milk, 1, minutes)
    found = small_shop.history.movements().items
    assert [each.id for each in found] == sorted(
        (each.id for each in found), key=lambda number: (small_shop.ledger.movement(number).at, number)
    )[::-1]
    assert [each.at.minute for each in found] == [3, 2, 2, 1]


def test_pages_neither_repeat_nor_miss(small_shop):
    milk, shelf = small_shop.product(), small_shop.shelf.id
    line = Line("received", milk.id, shelf, Decimal(1))
    booked = small_shop.ledger.book([line] * 7, user="ann")  # all of one moment
    seen, cursor = [], None
    for _ in range(3):
        page = small_shop.history.movements(cursor=cursor, limit=3)
        seen += [each.id for each in page.items]
        cursor = page.next
        small_shop.ledger.book([line], user="ann")  # newer ones come to no later page
    assert cursor is None
    assert seen == [each.id for each in booked.movements][::-1]


def test_filters(small_shop, small_shops):
    milk, bread = small_shop.product(), small_shop.product()
    other = small_shop.catalogue.add_store("Harbour")
    small_shop.book("received", milk, 9, 0)
    small_shop.book("sold", milk, 1, 1)
    small_shop.book("sold", bread, 1, 2)
    small_shop.book("moved", milk, 2, 3, to_location_id=small_shop.back.id)
    line = Line("wasted", bread.id, other.root_id, Decimal(1), small_shops.at(4))
    small_shop.ledger.book([line], user="bob")

    def minutes(**wanted):
        return [each.at.minute for each in small_shop.history.movements(**wanted).items]

    assert minutes() == [4, 3, 3, 2, 1, 0]
    assert minutes(store_id=other.id) == [4]
    assert minutes(store_id=[other.id, small_shop.store.id], kind="wasted") == [4]
    assert minutes(store_id=[]) == []
    assert minutes(product_id=bread.id) == [4, 2]
    assert minutes(kind="sold") == [2, 1]
    assert minutes(kind="sold", product_id=milk.id) == [1]
    assert minutes(user="bob") == [4]
    assert minutes(since=small_shops.at(2), until=small_shops.at(4)) == [3, 3, 2]
    assert minutes(location_id=small_shop.back.id) == [3]
    assert minutes(location_id=small_shop.shelf.parent_id) == [3, 2, 1, 0]
    assert minutes(location_id=small_shop.store.root_id) == [3, 3, 2, 1, 0]
    with pytest.raises(NotFoundError, match="no location 99"):
        minutes(location_id=99)
    with pytest.raises(EntryError, match="cursor"):
        minutes(cursor="nonsense")
    with pytest.raises(EntryError, match="limit"):
        minutes(limit=10_000)
    with pytest.raises(EntryError, match=r"since: .* zone"):
        minutes(since=small_shops.at(0).replace(tzinfo=None))
    with pytest.raises(EntryError, match="user"):
        minutes(user="a\0b")


def test_pages_of_several_places_neither_repeat_nor_miss(small_shop, small_shops, monkeypatch):
    monkeypatch.setattr("shelfwise.inventory.history._RUNS", 2)  # so that there are several statements
    aisle = small_shop.shelf.parent_id
    places = [small_shop.catalogue.add_location(small_shop.store.id, f"S{n}", aisle) for n in range(4)]
    other = small_shop.catalogue.add_store("Harbour")
    milk = small_shop.product()
    for number in range(24):
        where = (*(place.id for place in places), small_shop.back.id, other.root_id)[number % 6]
        small_shop.ledger.book(
            [Line("received", milk.id, where, Decimal(1), small_shops.at(number * 7 % 5))],
            user=f"u{number % 2}",
        )

    def told(**wanted):
        return [(each.at, each.id) for each in small_shop.all_movements(**wanted)]

    everything = [(each.at, each.id, each.location_id, each.user) for each in small_shop.all_movements()]
    ids = {place.id for place in places}
    in_aisle = [(at, number) for at, number, place, _ in everything if place in ids]
    by_u1 = [(at, number) for at, number, place, user in everything if place in ids and user == "u1"]
    assert told(location_id=aisle) == in_aisle
    assert told(location_id=aisle, user="u1") == by_u1
    assert told(location_id=aisle, product_id=milk.id) == in_aisle
    assert told(store_id=[small_shop.store.id, other.id]) == [row[:2] for row in everything]
    seen, cursor = [], None
    for _ in range(6):
        page = small_shop.history.movements(location_id=aisle, cursor=cursor, limit=3)
        seen += [(each.at, each.id) for each in page.items]
        cursor = page.next
    assert (seen, cursor) == (in_aisle, None)
    assert told(location_id=aisle, store_id=other.id) == []


def test_names_are_those_of_today(sqlite_shop):
    milk = sqlite_shop.product("Milk")
    sqlite_shop.book("sold", milk, 1, 0)
    sqlite_shop.catalogue.change_product(milk.id, {"name": "Oat milk"})
    sqlite_shop.catalogue.archive_product(milk.id)
    assert [each.product for each in sqlite_shop.history.movements().items] == ["Oat milk"]
