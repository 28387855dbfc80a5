from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelfwise.errors import EntryError, NotFoundError
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.records import StockSummary

# One book goes on through all examples: each adds products and movements, and all of the book is looked at.
on_one_book = settings(max_examples=7, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def book(database, stock_model):
    return stock_model.Book(database)


@pytest.fixture
def levels(database):
    return Levels(database)


def rows(book, model, levels, limit, **filters):
    """The whole list as it comes, a page at a time."""
    return [
        model.plain(level)
        for level in model.walk(lambda cursor: levels.stock_list(cursor=cursor, limit=limit, **filters))
    ]


def expected(book, order, stores=None, wanted=lambda product, store, state: True):
    """The list by the model: (store, product, None, quantity, state), sorted."""
    found = []
    for store in stores or book.stores:
        places = book.store_locations(store)
        for product in book.model.products:
            quantity = book.model.level(product.id, places)
            state = book.model.state(product, quantity, bool(book.model.was_at(product.id, places)))
            if wanted(product, store, state):
                key = {
                    "urgency": (("out", "low", "ok").index(state), product.name.casefold()),
                    "name": (product.name.casefold(),),
                    "quantity": (quantity, product.id),
                }[order]
                found.append(((*key, store.id), (store.id, product.id, None, quantity, state)))
    return [row for _, row in sorted(found)]


@on_one_book
@given(st.data())
def test_levels_are_what_the_movements_tell(book, levels, stock_model, data):
    for product in book.play(data.draw(stock_model.SCRIPTS)):
        for location in book.locations:
            quantity = book.model.level(product.id, {location.id})
            assert levels.at_location(product.id, location.id) == quantity
            alone = {each.id: amount for each, amount in levels.products_at(location.id)}
            assert alone.get(product.id) == (quantity or None)
            told = {each.id: amount for each, amount in levels.products_at(location.id, [product.id])}
            assert told == alone | {product.id: quantity}
        for store in book.stores:
            places = book.store_locations(store)
            quantity = book.model.level(product.id, places)
            assert levels.level(product.id, store.id) == quantity
            there = levels.by_location(product.id, store.id)
            assert {level.location_id: level.quantity for level in there} == {
                each: book.model.level(product.id, {each}) for each in book.model.was_at(product.id, places)
            }
            assert {level.state for level in there} <= {book.model.state(product, quantity, bool(there))}


@on_one_book
@given(st.data())
def test_the_stock_list_in_every_order_and_with_every_filter(book, levels, stock_model, data):
    book.play(data.draw(stock_model.SCRIPTS))
    order = data.draw(st.sampled_from(["urgency", "name", "quantity"]))
    limit = data.draw(st.sampled_from([4, 500]))
    store = book.stores[0]
    assert rows(book, stock_model, levels, limit, order=order) == expected(book, order)
    assert rows(book, stock_model, levels, limit, order=order, store_id=store.id) == expected(
        book, order, [store]
    )
    for state in stock_model.STATES:
        assert rows(book, stock_model, levels, limit, order=order, state=state) == expected(
            book, order, wanted=lambda _p, _s, found, state=state: found == state
        )
    fruit = next(each for each in book.catalogue.categories() if each.name == f"fruit {book.numbers}")
    listed = rows(book, stock_model, levels, limit, order=order, store_id=store.id, category_id=fruit.id)
    assert listed == expected(
        book, order, [store], lambda product, *_: (product.category or "").split("/")[0] == fruit.name
    )
    assert rows(book, stock_model, levels, limit, order=order, query=f"PE {book.numbers}") == expected(
        book,
        order,
        wanted=lambda product, *_: product.name.startswith("Pear") and _any_begins(product, book.numbers),
    )
    assert (
        rows(
            book,
            stock_model,
            levels,
            limit,
            order=order,
            query="fruit agua",
            state="ok",
            category_id=fruit.id,
        )
        == []
    )


def _any_begins(product, number):
    words = f"{product.name} {product.category or ''}".replace("/", " ").split()
    return any(word.startswith(str(number)) for word in words)


@on_one_book
@given(st.data())
def test_the_stock_list_of_a_location_has_what_is_there_and_below(book, levels, stock_model, data):
    book.play(data.draw(stock_model.SCRIPTS))
    aisle, shelf, tenth, _, root = book.locations
    limit = data.draw(st.sampled_from([2, 500]))
    order = data.draw(st.sampled_from(["urgency", "name", "quantity"]))
    store = book.stores[0]
    states = {row[1]: row[4] for row in expected(book, "name", [store])}
    products = {each.id: each for each in book.model.products}
    keys = {
        "urgency": lambda row: (stock_model.STATES.index(row[4]), products[row[1]].name.casefold()),
        "name": lambda row: products[row[1]].name.casefold(),
        "quantity": lambda row: (row[3], row[1]),
    }
    for location, places in ((aisle, {aisle.id, shelf.id}), (shelf, {shelf.id}), (tenth, {tenth.id})):
        listed = rows(book, stock_model, levels, limit, order=order, location_id=location.id)
        assert listed == sorted(
            (
                (store.id, each, location.id, book.model.level(each, places), states[each])
                for each in products
                if book.model.was_at(each, places)
            ),
            key=keys[order],
        )
    everything = rows(book, stock_model, levels, limit, order=order, location_id=root.id)
    assert [(row[1], row[3]) for row in everything] == [
        (row[1], row[3]) for row in expected(book, order, [store])
    ]


@on_one_book
@given(st.data())
def test_summaries_add_the_list_up(book, levels, stock_model, data):
    book.play(data.draw(stock_model.SCRIPTS))
    for stores in ([book.stores[0]], book.stores):
        listed = expected(book, "name", stores)
        told = levels.summary([store.id for store in stores])
        states = [row[4] for row in listed]
        units = sum((row[3] for row in listed), Decimal(0))
        assert told == StockSummary(len(listed), states.count("out"), states.count("low"), units)
    store = book.stores[0]
    names = {product.id: product.category for product in book.model.products}
    told = levels.by_category(store.id)
    assert [each.category and each.category.name for each in told] == [
        *sorted({name for name in names.values() if name}, key=str.casefold),
        None,
    ]
    for each in told:
        name = each.category.name if each.category else None
        listed = [row for row in expected(book, "name", [store]) if names[row[1]] == name]
        states = [row[4] for row in listed]
        assert (each.products, each.out, each.low) == (
            len(listed),
            states.count("out"),
            states.count("low"),
        )
        assert each.quantity == sum(row[3] for row in listed)


@on_one_book
@given(st.data())
def test_a_past_day_is_what_the_movements_until_then_tell(book, levels, stock_model, data):
    book.play(data.draw(stock_model.SCRIPTS))
    at = stock_model.hours(data.draw(st.integers(-1, 13)))
    limit = data.draw(st.sampled_from([3, 500]))
    store = book.stores[0]
    for location, places in (
        (None, book.store_locations(store)),
        (book.locations[0], {book.locations[0].id, book.locations[1].id}),
    ):
        told = stock_model.walk(
            lambda cursor, location=location: levels.as_of(
                store.id, at, location and location.id, cursor=cursor, limit=limit
            )
        )
        products = sorted(book.model.products, key=lambda product: product.name.casefold())
        assert [(each.product.id, each.location_id, each.quantity, each.counted_at) for each in told] == [
            (product.id, place, *book.model.level_at(product.id, place, (at, float("inf"))))
            for product in products
            for place in sorted(book.model.was_at(product.id, places, at))
        ]
        for each in told:
            whole = book.model.level(each.product.id, book.store_locations(store), at)
            assert each.state == book.model.state(each.product, whole, True)
    only = book.model.products[-3]
    assert levels.as_of(store.id, at, product_id=only.id, limit=1).next is None


@on_one_book
@given(st.data())
def test_a_series_is_the_level_at_each_of_its_times(book, levels, stock_model, data):
    product = book.play(data.draw(stock_model.SCRIPTS))[0]
    since, lasts = data.draw(st.integers(-2, 10)), data.draw(st.integers(1, 14))
    points = data.draw(st.integers(2, 20))
    store = book.stores[0]
    told = levels.series(
        product.id, store.id, stock_model.hours(since), stock_model.hours(since + lasts), points
    )
    assert len(told) == points
    assert told[0].at == stock_model.hours(since)
    assert told[-1].at == stock_model.hours(since + lasts)
    places = book.store_locations(store)
    assert [point.quantity for point in told] == [
        book.model.level(product.id, places, point.at) for point in told
    ]


def test_a_gtin_finds_its_product_alone(book, levels):
    book.play([])
    milk = book.add_product("Milk", gtin="4006381333931")
    assert [
        level.product.id for level in levels.stock_list(book.stores[0].id, query="4006381333931").items
    ] == [milk.id]
    assert levels.stock_list(book.stores[0].id, query="96385074").items == ()
    assert levels.stock_list(query="!?").items == ()
    assert len(levels.stock_list(query="  ", limit=500).items) == 8


def test_many_products_of_one_word_are_listed_like_few(book, levels, stock_model, monkeypatch):
    """With the limits lowered, each way to answer is taken with a few products already."""
    for number in range(12):
        book.add_product(
            f"Pasta {number % 4} no. {number}", category=f"dry/pasta {number % 5}", minimum=number % 2 * 9
        )
    dry = book.catalogue.add_category("dry")
    store = book.stores[0].id
    for at, product in enumerate(book.model.products):
        if at % 3:
            book.book("received", product, book.locations[at % 2], at, stock_model.hours(at))
    filters = (
        {"query": "pasta"},
        {"query": "pasta 2"},
        {"query": "no pasta 1"},
        {"query": "pasta", "state": "low"},
        {"query": "no"},
        {"category_id": dry.id},
        {"category_id": dry.id, "query": "no"},
        {"location_id": book.locations[0].id},
        {"location_id": book.locations[0].id, "query": "pa"},
        {"category_id": dry.id, "state": "ok"},
    )

    def ask():
        return [
            rows(book, stock_model, levels, 8, order=order, store_id=store, **each)
            for order in ("urgency", "name", "quantity")
            for each in filters
        ]

    before = ask()
    assert [len(listed) for listed in before[:3]] == [12, 4, 6]
    assert 0 < len(before[3]) < 12

    def lower(few, many, runs=16, near=4000):
        monkeypatch.setattr("shelfwise.inventory.choosing.FEW", few)
        monkeypatch.setattr("shelfwise.inventory.stock_list._MANY", many)
        monkeypatch.setattr("shelfwise.inventory.stock_list._RUNS", runs)
        monkeypatch.setattr("shelfwise.inventory.stock_list._NEAR", near)

    for limits in ((5, 9), (1, 9), (1, 1), (1, 1, 2), (1, 99), (1, 99, 16, 9), (1, 99, 16, 3)):
        lower(*limits)
        assert ask() == before
    # Some that do not begin with the word, and are the first or the last of the list.
    for name in ("All pasta", "Zzz pasta", "No pasta"):
        book.add_product(name)
    lower(2000, 20_000)
    before = ask()
    assert len(before[0]) == 15
    for near in (4000, 9, 3):
        lower(1, 99, near=near)
        assert ask() == before


def test_counted_at_is_the_latest_count_of_the_store_or_the_place(book, levels, stock_model):
    product = book.play([])[0]
    book.book("counted", product, book.locations[0], 5, stock_model.hours(1))
    book.book("counted", product, book.locations[2], 5, stock_model.hours(3))
    late = book.book("counted", product, book.locations[3], 5, stock_model.hours(7))
    north, south = book.stores

    def counted(**where):
        listed = levels.stock_list(**where).items
        return {level.store_id: level.counted_at for level in listed if level.product.id == product.id}

    assert counted() == {north.id: stock_model.hours(3), south.id: stock_model.hours(7)}
    assert counted(location_id=book.locations[0].id) == {north.id: stock_model.hours(1)}
    book.undo(late)
    assert counted(store_id=south.id) == {south.id: None}


def test_an_archived_product_leaves_the_list_and_its_level_stays(book, levels, stock_model):
    product = book.play([])[0]
    book.book("received", product, book.locations[0], 5, stock_model.hours(1))
    book.catalogue.archive_product(product.id)
    store = book.stores[0].id
    assert product.id not in [level.product.id for level in levels.stock_list(store).items]
    assert levels.level(product.id, store) == 5
    assert [level.quantity for level in levels.by_location(product.id, store)] == [5]
    (then,) = levels.as_of(store, stock_model.hours(2)).items
    assert (then.product.id, then.product.archived, then.quantity) == (product.id, True, 5)


def test_archived_stores_are_left_out_of_the_list_of_all(book, levels):
    book.play([])
    book.catalogue.archive_store(book.stores[1].id)
    assert {level.store_id for level in levels.stock_list().items} == {book.stores[0].id}
    assert {level.store_id for level in levels.stock_list(book.stores[1].id).items} == {book.stores[1].id}
    assert levels.stock_list([]).items == ()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("limit", {"limit": 0}),
        ("order", {"order": "size"}),
        ("state", {"state": "gone"}),
        ("cursor", {"cursor": "AAAA"}),
    ],
)
def test_a_wrong_value_is_named(levels, field, wrong):
    with pytest.raises(EntryError) as caught:
        levels.stock_list(**wrong)
    assert caught.value.field == field


def test_a_cursor_of_another_order_is_refused(book, levels):
    book.play([])
    cursor = levels.stock_list(limit=1, order="name").next
    with pytest.raises(EntryError, match="another list"):
        levels.stock_list(limit=1, order="quantity", cursor=cursor)


def test_what_is_missing_is_told(book, levels, stock_model):
    product = book.play([])[0]
    store, at = book.stores[0].id, stock_model.START
    for ask in (
        lambda: levels.level(999, store),
        lambda: levels.level(product.id, 999),
        lambda: levels.at_location(999, book.locations[0].id),
        lambda: levels.at_location(product.id, 999),
        lambda: levels.products_at(999),
        lambda: levels.products_at(book.locations[0].id, [product.id, 999]),
        lambda: levels.by_location(999, store),
        lambda: levels.by_location(product.id, 999),
        lambda: levels.stock_list(999),
        lambda: levels.stock_list(999, query="!?"),
        lambda: levels.stock_list([store, 999]),
        lambda: levels.stock_list(999 * 10**30),
        lambda: levels.stock_list(location_id=999),
        lambda: levels.stock_list(category_id=999),
        lambda: levels.summary(999),
        lambda: levels.by_category(999),
        lambda: levels.as_of(999, at),
        lambda: levels.as_of(store, at, location_id=999),
        lambda: levels.as_of(store, at, product_id=999),
        lambda: levels.series(999, store, at, at + timedelta(days=1)),
        lambda: levels.series(product.id, 999, at, at + timedelta(days=1)),
    ):
        with pytest.raises(NotFoundError, match=r"there is no .* 999"):
            ask()
    with pytest.raises(EntryError, match="another store") as caught:
        levels.stock_list(book.stores[1].id, location_id=book.locations[0].id)
    assert caught.value.field == "location_id"
    with pytest.raises(EntryError, match="another store"):
        levels.as_of(book.stores[1].id, at, location_id=book.locations[0].id)
    with pytest.raises(EntryError, match="until"):
        levels.series(product.id, store, at, at)
    with pytest.raises(EntryError, match="points"):
        levels.series(product.id, store, at, at + timedelta(days=1), points=1)


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_numbers_that_nothing_can_have_are_missing(book, levels, number):
    assert book.catalogue.stores()
    at = datetime(2026, 3, 1, tzinfo=UTC)
    for ask in (
        lambda: levels.level(number, 1),
        lambda: levels.level(1, number),
        lambda: levels.at_location(number, 1),
        lambda: levels.at_location(1, number),
        lambda: levels.products_at(number),
        lambda: levels.products_at(1, [number]),
        lambda: levels.by_location(number, 1),
        lambda: levels.stock_list(number),
        lambda: levels.stock_list(location_id=number),
        lambda: levels.stock_list(category_id=number),
        lambda: levels.summary(number),
        lambda: levels.by_category(number),
        lambda: levels.as_of(number, at),
        lambda: levels.series(number, 1, at, at + timedelta(days=1)),
    ):
        with pytest.raises(NotFoundError, match=str(number)):
            ask()


def test_a_time_without_a_zone_is_refused(levels):
    at = datetime(2026, 3, 1)
    for ask in (lambda: levels.as_of(1, at), lambda: levels.series(1, 1, at, at + timedelta(days=1))):
        with pytest.raises(EntryError, match="zone"):
            ask()
