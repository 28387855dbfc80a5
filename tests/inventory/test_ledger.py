from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, update

from shelfwise.errors import ConflictError, EntryError, KeyReusedError, NotFoundError, ShelfwiseError
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.product_writing import add_product_in
from shelfwise.inventory.records import Line, NewProduct
from shelfwise.inventory.tables import bookings, movements

D = Decimal
PHOTO = "ab" * 32


def test_each_kind_changes_the_level_its_way(small_shop):
    milk = small_shop.product()
    small_shop.book("received", milk, 10, 0)
    small_shop.book("sold", milk, "2.5", 1)
    small_shop.book("wasted", milk, 1, 2, reason="  broken ")
    small_shop.book("corrected", milk, "-0.5", 3)
    assert small_shop.level(milk) == D(6)
    small_shop.book("counted", milk, 4, 4)
    small_shop.book("corrected", milk, 1, 5)
    assert small_shop.level(milk) == D(5)
    assert small_shop.stock(milk) == (D(5), 2)
    assert check_book(small_shop.database) == ()


def test_a_movement_says_all_that_was_given(small_shop):
    milk = small_shop.product("Milk")
    before = datetime.now(UTC)
    booking = small_shop.book(
        "sold", milk, 2, 1, reason=" gone ", photo=PHOTO, model="retail-1", confidence=0.75, key="k1"
    )
    (movement,) = booking.movements
    assert (movement.product, movement.store, movement.location) == (
        "Milk",
        "Main Street",
        "Aisle 1 / Shelf 2",
    )
    assert (movement.quantity, movement.change) == (D(2), D(-2))
    assert movement.at.astimezone(UTC) == datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
    assert before <= movement.booked_at <= datetime.now(UTC)
    assert (movement.user, movement.reason, movement.photo) == ("ann", "gone", PHOTO)
    assert (movement.model, movement.confidence) == ("retail-1", 0.75)
    assert small_shop.ledger.movement(movement.id) == movement
    assert small_shop.ledger.booking(booking.id) == booking


def test_without_a_time_it_happened_now(small_shop):
    milk = small_shop.product()
    line = Line("received", milk.id, small_shop.shelf.id, D(1))
    (movement,) = small_shop.ledger.book([line], user="ann").movements
    assert movement.at == movement.booked_at


def test_a_count_sets_the_level_as_of_its_time(small_shop):
    milk = small_shop.product()
    small_shop.book("received", milk, 10, 0)
    small_shop.book("sold", milk, 3, 20)
    small_shop.book("counted", milk, 8, 10)
    assert small_shop.level(milk) == D(5)
    small_shop.book("wasted", milk, 4, 5)  # before the count: the count knew
    assert small_shop.level(milk) == D(5)
    small_shop.book("counted", milk, 1, 2)  # an older count changes nothing behind the later one
    assert small_shop.level(milk) == D(5)
    small_shop.book("received", milk, 2, 10)  # of the count's moment, but booked after it
    assert small_shop.level(milk) == D(7)
    assert check_book(small_shop.database) == ()


def test_a_move_keeps_the_total_and_knows_its_other_half(small_shop):
    milk = small_shop.product()
    small_shop.book("received", milk, 10, 0)
    booking = small_shop.book("moved", milk, 4, 1, to_location_id=small_shop.back.id)
    out, into = booking.movements
    assert (out.change, into.change, out.quantity, into.quantity) == (D(-4), D(4), D(4), D(4))
    assert (out.other_location_id, into.other_location_id) == (small_shop.back.id, small_shop.shelf.id)
    assert small_shop.ledger.booking(booking.id) == booking
    assert (small_shop.level(milk), small_shop.level(milk, small_shop.back)) == (D(6), D(4))
    assert small_shop.stock(milk) == (D(10), 2)


def test_a_move_to_another_store_changes_both_stores(small_shop):
    milk = small_shop.product()
    other = small_shop.catalogue.add_store("Harbour", "ann")
    small_shop.book("received", milk, 10, 0)
    small_shop.book("moved", milk, 4, 1, to_location_id=other.root_id)
    assert small_shop.stock(milk) == (D(6), 2)
    assert small_shop.stock(milk, other) == (D(4), 2)
    assert check_book(small_shop.database) == ()


def test_a_level_may_go_below_zero(small_shop):
    milk = small_shop.product()
    small_shop.book("sold", milk, 2, 0)
    assert small_shop.stock(milk) == (D(-2), 0)


def test_the_state_follows_the_minimum(small_shop):
    milk, bread = small_shop.product(minimum=D(3)), small_shop.product()
    assert small_shop.stock(milk) == (D(0), 0)
    assert small_shop.stock(bread) == (D(0), 2)  # never here, and nobody wants it to be
    small_shop.book("received", milk, 2, 0)
    assert small_shop.stock(milk) == (D(2), 1)
    small_shop.book("received", milk, 1, 1)
    assert small_shop.stock(milk) == (D(3), 2)
    small_shop.catalogue.change_product(milk.id, {"minimum": D(4)})
    assert small_shop.stock(milk) == (D(3), 1)
    small_shop.book("counted", bread, 0, 1)
    assert small_shop.stock(bread) == (D(0), 0)


def test_undoing_a_change_takes_it_back(small_shop):
    milk = small_shop.product()
    sold = small_shop.book("sold", milk, 3, 0).movements[0]
    small_shop.book("received", milk, 5, 1)
    undone = small_shop.ledger.undo(sold.id, user="bob", reason="wrong shelf")
    (counter,) = undone.movements
    assert (counter.kind, counter.quantity, counter.change, counter.at) == ("sold", D(3), D(3), sold.at)
    assert (counter.undoes, counter.user, counter.reason) == (sold.id, "bob", "wrong shelf")
    assert small_shop.level(milk) == D(5)
    assert small_shop.ledger.movement(sold.id).undone_by == counter.id
    assert check_book(small_shop.database) == ()


def test_undoing_both_halves_of_a_move_at_either(small_shop):
    for half in (0, 1):
        milk = small_shop.product()
        booking = small_shop.book("moved", milk, 4, 1, to_location_id=small_shop.back.id)
        undone = small_shop.ledger.undo(booking.movements[half].id, user="ann")
        assert [each.undoes for each in undone.movements] == [each.id for each in booking.movements]
        assert [each.quantity for each in undone.movements] == [D(4), D(4)]
        assert small_shop.ledger.booking(undone.id) == undone
        assert (small_shop.level(milk), small_shop.level(milk, small_shop.back)) == (D(0), D(0))
        with pytest.raises(ConflictError, match="undone already"):
            small_shop.ledger.undo(booking.movements[1 - half].id, user="ann")
    assert check_book(small_shop.database) == ()


def test_an_undone_count_counts_no_longer(small_shop):
    milk = small_shop.product()
    small_shop.book("received", milk, 10, 0)
    first = small_shop.book("counted", milk, 9, 1).movements[0]
    small_shop.book("sold", milk, 1, 2)
    second = small_shop.book("counted", milk, 3, 3).movements[0]
    small_shop.book("sold", milk, 2, 4)
    assert small_shop.level(milk) == D(1)
    undone = small_shop.ledger.undo(second.id, user="ann").movements[0]
    assert (undone.kind, undone.quantity, undone.change, undone.undoes) == ("counted", D(3), None, second.id)
    assert small_shop.level(milk) == D(6)
    small_shop.ledger.undo(first.id, user="ann")
    assert small_shop.level(milk) == D(7)
    assert check_book(small_shop.database) == ()


def test_undoing_a_change_of_a_counts_moment_that_came_before_it(small_shop):
    milk = small_shop.product()
    received = small_shop.book("received", milk, 5, 1).movements[0]
    small_shop.book("counted", milk, 3, 1)
    small_shop.ledger.undo(received.id, user="ann")
    assert small_shop.level(milk) == D(3)
    later = small_shop.book("counted", milk, 9, 2).movements[0]
    small_shop.ledger.undo(later.id, user="ann")  # now it is reckoned from all of them
    assert small_shop.level(milk) == D(3)
    assert check_book(small_shop.database) == ()


def test_what_cannot_be_undone(small_shop):
    milk = small_shop.product("Milk")
    sold = small_shop.book("sold", milk, 3, 0).movements[0]
    counter = small_shop.ledger.undo(sold.id, user="ann").movements[0]
    with pytest.raises(ConflictError, match="undone already"):
        small_shop.ledger.undo(sold.id, user="ann")
    with pytest.raises(ConflictError, match="undoes another"):
        small_shop.ledger.undo(counter.id, user="ann")
    with pytest.raises(NotFoundError, match="no movement 999"):
        small_shop.ledger.undo(999, user="ann")
    other = small_shop.book("sold", milk, 3, 0).movements[0]
    small_shop.catalogue.archive_product(milk.id)
    with pytest.raises(ConflictError, match="Milk is archived"):
        small_shop.ledger.undo(other.id, user="ann")
    assert len(small_shop.all_movements()) == 3


def test_one_key_books_once(small_shop):
    milk = small_shop.product()
    first = small_shop.book("sold", milk, "2.50", 0, key="k")
    again = small_shop.book("sold", milk, "2.500", 0, key="k")
    assert again == replace(first, repeated=True)
    assert small_shop.level(milk) == D("-2.5")
    with pytest.raises(KeyReusedError):
        small_shop.book("sold", milk, 3, 0, key="k")
    line = Line("sold", milk.id, small_shop.shelf.id, D("2.5"), first.movements[0].at)
    with pytest.raises(KeyReusedError):
        small_shop.ledger.book([line], user="bob", key="k")
    assert len(small_shop.all_movements()) == 1


def test_a_key_without_a_time_given_books_once_too(small_shop):
    line = Line("sold", small_shop.product().id, small_shop.shelf.id, D(1))
    first = small_shop.ledger.book([line], user="ann", key="k")
    assert small_shop.ledger.book([line], user="ann", key="k") == replace(first, repeated=True)


def test_one_key_undoes_once(small_shop):
    sold = small_shop.book("sold", small_shop.product(), 1, 0).movements[0]
    first = small_shop.ledger.undo(sold.id, user="ann", key="k")
    assert small_shop.ledger.undo(sold.id, user="ann", key="k").id == first.id
    with pytest.raises(KeyReusedError):
        small_shop.ledger.undo(sold.id, user="ann", reason="other", key="k")


def test_a_key_of_what_was_refused_is_free(small_shop):
    milk = small_shop.product()
    with pytest.raises(EntryError):
        small_shop.ledger.book([Line("sold", 999, small_shop.shelf.id, D(1))], user="ann", key="k")
    assert not small_shop.book("sold", milk, 1, 0, key="k").repeated


def test_all_lines_are_booked_or_none(small_shop):
    milk = small_shop.product()
    good = Line("sold", milk.id, small_shop.shelf.id, D(1))
    with pytest.raises(EntryError) as caught:
        small_shop.ledger.book([good, replace(good, location_id=999)], user="ann")
    assert caught.value.field == "lines.1.location_id"
    assert small_shop.level(milk) is None
    assert small_shop.all_movements() == []


def test_many_lines_of_one_level_follow_each_other(small_shop):
    milk = small_shop.product()
    shelf = small_shop.shelf.id
    lines = [
        Line("received", milk.id, shelf, D(5)),
        Line("counted", milk.id, shelf, D(3)),
        Line("sold", milk.id, shelf, D(1)),
        Line("moved", milk.id, shelf, D(1), to_location_id=small_shop.back.id),
    ]
    small_shop.ledger.book(lines, user="ann")
    assert (small_shop.level(milk), small_shop.level(milk, small_shop.back)) == (D(1), D(1))
    assert small_shop.stock(milk) == (D(2), 2)
    assert check_book(small_shop.database) == ()


def test_many_hundred_lines_at_once(small_shop):
    products = small_shop.database.write(
        lambda connection: [add_product_in(connection, NewProduct(f"P{n}")) for n in range(60)]
    )
    aisle = small_shop.shelf.parent_id
    places = [small_shop.catalogue.add_location(small_shop.store.id, f"S{n}", aisle) for n in range(10)]
    lines = [Line("received", each.id, place.id, D(2)) for each in products for place in places]
    booking = small_shop.ledger.book(lines, user="ann")
    assert len({each.id for each in booking.movements}) == 600
    assert small_shop.stock(products[7]) == (D(20), 2)
    assert check_book(small_shop.database) == ()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("kind", {"kind": "eaten"}),
        ("quantity", {"quantity": D(0)}),
        ("quantity", {"quantity": D(-1)}),
        ("quantity", {"quantity": D("0.0001")}),
        ("quantity", {"quantity": D("NaN")}),
        ("quantity", {"quantity": D("Infinity")}),
        ("quantity", {"quantity": D(10) ** 9}),
        ("quantity", {"quantity": 1.5}),
        ("quantity", {"quantity": "1"}),
        ("quantity", {"kind": "counted", "quantity": D(-1)}),
        ("quantity", {"kind": "corrected", "quantity": D(0)}),
        ("at", {"at": datetime(2026, 1, 1)}),
        ("at", {"at": datetime.now(UTC) + timedelta(days=1)}),
        ("at", {"at": datetime(1900, 1, 1, tzinfo=UTC)}),
        ("reason", {"reason": "a\0b"}),
        ("reason", {"reason": "x" * 2000}),
        ("photo", {"photo": "photo.jpg"}),
        ("model", {"model": " "}),
        ("confidence", {"confidence": 1.5}),
        ("confidence", {"confidence": float("nan")}),
        ("to_location_id", {"to_location_id": 1}),
        ("to_location_id", {"kind": "moved"}),
        ("to_location_id", {"kind": "moved", "to_location_id": 999}),
        ("product_id", {"product_id": 999}),
        ("product_id", {"product_id": 2**70}),
        ("location_id", {"location_id": 0}),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_booked(sqlite_shop, field, changes):
    good = Line("sold", sqlite_shop.product().id, sqlite_shop.shelf.id, D(1))
    with pytest.raises(EntryError) as caught:
        sqlite_shop.ledger.book([good, replace(good, **changes)], user="ann")
    assert caught.value.field == f"lines.1.{field}"
    assert sqlite_shop.all_movements() == []


def test_where_it_is_cannot_be_where_it_goes(sqlite_shop):
    shelf = sqlite_shop.shelf.id
    line = Line("moved", sqlite_shop.product().id, shelf, D(1), to_location_id=shelf)
    with pytest.raises(EntryError, match="another location"):
        sqlite_shop.ledger.book([line], user="ann")


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("lines", {"lines": []}),
        ("user", {"user": " "}),
        ("key", {"key": ""}),
        ("key", {"key": "k" * 300}),
        ("key", {"key": "a\nb"}),
    ],
)
def test_a_wrong_booking_is_told_by_field(sqlite_shop, field, asked):
    line = Line("sold", sqlite_shop.product().id, sqlite_shop.shelf.id, D(1))
    with pytest.raises(EntryError) as caught:
        sqlite_shop.ledger.book(**({"lines": [line], "user": "ann", "key": None} | asked))
    assert caught.value.field == field


def test_nothing_is_booked_of_what_is_archived(small_shop):
    milk = small_shop.product()
    small_shop.catalogue.archive_location(small_shop.back.id)
    with pytest.raises(EntryError, match=r"Back room is archived"):
        small_shop.book("sold", milk, 1, 0, location=small_shop.back)
    small_shop.catalogue.archive_store(small_shop.store.id)
    with pytest.raises(EntryError, match=r"Main Street is archived"):
        small_shop.book("sold", milk, 1, 0)
    small_shop.catalogue.restore_store(small_shop.store.id)
    small_shop.catalogue.archive_product(milk.id)
    with pytest.raises(EntryError, match=r"lines\.0\.product_id: .* is archived"):
        small_shop.book("sold", milk, 1, 0)


def test_a_level_too_large_to_keep_is_refused(small_shop):
    milk = small_shop.product()
    line = Line("received", milk.id, small_shop.shelf.id, D(10) ** 9 - 1)
    small_shop.ledger.book([line] * 1000, user="ann")
    with pytest.raises(ConflictError, match="more than a book can hold"):
        small_shop.ledger.book([line] * 2, user="ann")
    with pytest.raises(ConflictError, match="more than a book can hold"):
        for _ in range(2):
            small_shop.ledger.book([line], user="ann")
    assert check_book(small_shop.database) == ()


def test_what_is_booked_can_neither_be_changed_nor_deleted(small_shop):
    small_shop.book("sold", small_shop.product(), 1, 0)
    for statement in (
        update(movements).values(quantity=D(5)),
        delete(movements),
        update(bookings).values(user_name="eve"),
        delete(bookings),
    ):
        with pytest.raises(ShelfwiseError, match="only ever added to"):
            small_shop.database.write(lambda connection, todo=statement: connection.execute(todo))
    assert [each.quantity for each in small_shop.all_movements()] == [D(1)]


def test_a_missing_booking_is_told(sqlite_database):
    with pytest.raises(NotFoundError, match="no booking 5"):
        Ledger(sqlite_database).booking(5)
    with pytest.raises(NotFoundError, match="no movement 5"):
        Ledger(sqlite_database).movement(5)


def test_what_lies_at_an_archived_place_is_not_undone(small_shop):
    milk = small_shop.product()
    booked = small_shop.book("received", milk, 2, 0)
    small_shop.book("sold", milk, 2, 1)
    small_shop.catalogue.archive_location(small_shop.shelf.id)
    with pytest.raises(ConflictError, match="Shelf 2 is archived"):
        small_shop.ledger.undo(booked.movements[0].id, user="ann")
    small_shop.catalogue.restore_location(small_shop.shelf.id)
    small_shop.catalogue.archive_store(small_shop.store.id)
    with pytest.raises(ConflictError, match="Main Street is archived"):
        small_shop.ledger.undo(booked.movements[0].id, user="ann")
    small_shop.catalogue.restore_store(small_shop.store.id)
    small_shop.ledger.undo(booked.movements[0].id, user="ann")
    assert small_shop.level(milk) == -2
