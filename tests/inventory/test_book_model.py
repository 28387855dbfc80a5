"""Random bookings, one after the other and from several threads, against levels that are reckoned in plain Python."""

import random
import threading
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelfwise.errors import ConflictError, KeyReusedError
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.records import Line, NewProduct
from shelfwise.inventory.tables import levels

D = Decimal
THREADS = 6

# Few moments, so that many movements happen at the same one.
moments = st.integers(min_value=0, max_value=4)
amounts = st.integers(min_value=1, max_value=9000).map(lambda thousandths: D(thousandths).scaleb(-3))
lines = st.tuples(
    st.sampled_from(["received", "sold", "wasted", "counted", "corrected", "moved"]),
    st.booleans(),  # at the shelf or in the back room
    st.booleans(),  # of which product
    amounts,
    moments,
)
bookings = st.lists(lines, min_size=1, max_size=3)
undoings = st.integers(min_value=0, max_value=50)  # which of the movements so far
steps = st.lists(st.one_of(bookings, bookings, undoings), min_size=1, max_size=12)
relaxed = settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None, database=None)


def kept(shop, products):
    ids = [product.id for product in products]
    with shop.database.read() as connection:
        rows = connection.execute(levels.select().where(levels.c.product_id.in_(ids)))
        return {(row.product_id, row.location_id): row.quantity for row in rows}


def to_line(shop, small_shops, products, spelled):
    kind, at_shelf, which, quantity, minutes = spelled
    here, there = (shop.shelf.id, shop.back.id) if at_shelf else (shop.back.id, shop.shelf.id)
    target = there if kind == "moved" else None
    return Line(kind, products[which].id, here, quantity, small_shops.at(minutes), to_location_id=target)


def history_of(shop, products):
    return [each for product in products for each in shop.all_movements(product_id=product.id)]


@relaxed
@given(steps=steps)
def test_levels_are_what_the_movements_tell(small_shop, small_shops, steps):
    products = [small_shop.product(), small_shop.product()]
    booked = []
    for step in steps:
        if isinstance(step, list):
            chosen = [to_line(small_shop, small_shops, products, spelled) for spelled in step]
            booked += small_shop.ledger.book(chosen, user="ann").movements
        elif step < len(booked) and small_shop.ledger.movement(booked[step].id).undone_by is None:
            small_shop.ledger.undo(booked[step].id, user="bob")
    found = history_of(small_shop, products)
    assert {each.id for each in booked} <= {each.id for each in found}
    assert kept(small_shop, products) == small_shops.reckoned(found)
    totals = [small_shop.stock(product)[0] for product in products]
    assert sum(totals) == sum(kept(small_shop, products).values(), D(0))
    assert check_book(small_shop.database) == ()


@relaxed
@given(amounts=st.lists(amounts, min_size=1, max_size=8), data=st.data())
def test_moves_keep_the_total(sqlite_shop, small_shops, amounts, data):
    milk = sqlite_shop.product()
    sqlite_shop.book("received", milk, 100, 0)
    for amount in amounts:
        at_shelf = data.draw(st.booleans())
        line = to_line(sqlite_shop, small_shops, [milk], ("moved", at_shelf, 0, amount, 1))
        sqlite_shop.ledger.book([line], user="ann")
    assert sqlite_shop.stock(milk)[0] == D(100)


def in_threads(work, threads=THREADS):
    """Run ``work(number)`` in threads that begin together; what they raise is raised here."""
    failures, begin = [], threading.Barrier(threads)

    def run(number):
        begin.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failures:
        raise failures[0]


def test_threads_neither_lose_nor_double_a_quantity(small_shop, small_shops):
    products = [small_shop.product(), small_shop.product(minimum=D(5))]
    acknowledged = []

    def work(number):
        chance = random.Random(number)
        own = []
        for _ in range(20):
            if own and chance.random() < 0.2:
                undone = small_shop.ledger.undo(own.pop().id, user=f"user {number}")
                acknowledged.extend(undone.movements)
                continue
            chosen = [
                to_line(
                    small_shop,
                    small_shops,
                    products,
                    (
                        chance.choice(["received", "sold", "counted", "moved", "corrected"]),
                        chance.random() < 0.5,
                        chance.random() < 0.5,
                        D(chance.randrange(1, 5000)).scaleb(-3),
                        chance.randrange(5),
                    ),
                )
                for _ in range(chance.choice([1, 1, 1, 3]))
            ]
            booking = small_shop.ledger.book(chosen, user=f"user {number}")
            own.append(booking.movements[0])
            acknowledged.extend(booking.movements)

    in_threads(work)
    found = history_of(small_shop, products)
    assert sorted(each.id for each in acknowledged) == sorted(each.id for each in found)
    assert kept(small_shop, products) == small_shops.reckoned(found)
    assert check_book(small_shop.database) == ()


def test_one_hot_level_adds_up(small_shop):
    milk = small_shop.product()

    def work(number):
        for step in range(15):
            kind = "received" if (number + step) % 3 else "sold"
            small_shop.ledger.book([Line(kind, milk.id, small_shop.shelf.id, D(1))], user="ann")

    in_threads(work)
    changes = [each.change for each in small_shop.all_movements()]
    assert len(changes) == 15 * THREADS
    assert small_shop.level(milk) == small_shop.stock(milk)[0] == sum(changes)


def test_one_key_from_many_threads_books_once(small_shop):
    milk = small_shop.product()
    answers = []

    def work(number):
        answers.append(small_shop.book("received", milk, 5, 0, key="once"))

    in_threads(work)
    assert len({answer.id for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * (THREADS - 1)
    assert small_shop.level(milk) == D(5)


def test_one_key_for_different_things_books_one_of_them(small_shop):
    milk = small_shop.product()
    outcomes = []

    def work(number):
        try:
            outcomes.append(
                small_shop.book("received", milk, number + 1, 0, key="once").movements[0].quantity
            )
        except KeyReusedError:
            outcomes.append(None)

    in_threads(work)
    (won,) = [outcome for outcome in outcomes if outcome is not None]
    assert small_shop.level(milk) == won


def test_many_who_undo_the_same_undo_it_once(small_shop):
    milk = small_shop.product()
    booking = small_shop.book("moved", milk, 5, 0, to_location_id=small_shop.back.id)
    outcomes = []

    def work(number):
        try:
            outcomes.append(small_shop.ledger.undo(booking.movements[number % 2].id, user="ann"))
        except ConflictError:
            outcomes.append(None)

    in_threads(work)
    assert outcomes.count(None) == THREADS - 1
    assert (small_shop.level(milk), small_shop.level(milk, small_shop.back)) == (D(0), D(0))
    assert check_book(small_shop.database) == ()


def test_moves_in_both_directions_at_once_do_not_block_each_other(small_shop):
    milk, bread = small_shop.product(), small_shop.product()

    def work(number):
        here, there = (small_shop.shelf.id, small_shop.back.id)[:: 1 if number % 2 else -1]
        first, second = (milk, bread)[:: 1 if number % 3 else -1]
        for _ in range(8):
            small_shop.ledger.book(
                [Line("moved", each.id, here, D(1), to_location_id=there) for each in (first, second)],
                user="ann",
            )

    in_threads(work)
    assert small_shop.stock(milk)[0] == small_shop.stock(bread)[0] == 0
    assert check_book(small_shop.database) == ()


def test_changes_of_a_product_while_it_is_booked(small_shop):
    milk = small_shop.product()

    def work(number):
        for step in range(8):
            if number == 0:
                small_shop.catalogue.change_product(milk.id, {"minimum": D(step), "category": f"c{step}"})
            elif number == 1 and step % 4 == 0:
                small_shop.catalogue.add_store(f"Store {step}", "ann")
            elif number == 1:
                small_shop.product(f"Product {number} {step}")
            else:
                small_shop.book("received", milk, 1, step)

    in_threads(work)
    assert small_shop.level(milk) == 8 * (THREADS - 2)
    assert check_book(small_shop.database) == ()


def test_products_are_found_by_a_category_that_was_renamed_meanwhile(small_shop):
    def work(number):
        for step in range(8):
            if number:
                product = small_shop.catalogue.add_product(NewProduct(f"P{number} {step}", "new"))
                small_shop.catalogue.change_product(product.id, {"name": f"Q{number} {step}"})
            else:
                for category in small_shop.catalogue.categories():
                    if category.name == "new":
                        small_shop.catalogue.rename_category(category.id, f"renamed {step}")

    in_threads(work, threads=3)
    assert len(small_shop.catalogue.products("q1").items) == 8
    assert check_book(small_shop.database) == ()
