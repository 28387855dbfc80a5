"""Products are written many at once, and come out as if they had been added and changed one after the other."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import event

from shelfwise.database import Database
from shelfwise.errors import ConflictError
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.exchange.importing import import_file
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.product_fields import checked, given_fields
from shelfwise.inventory.product_writing import add_products_in, change_products_in, lock_products
from shelfwise.inventory.records import NewProduct, Product

MANY = 1003


@pytest.fixture
def store(database: Database) -> int:
    return Catalogue(database).add_store("Shop").id


def take(database: Database, store: int, text: str, **options):
    return import_file(database, "products", text.encode(), "p.csv", store_id=store, user="ana", **options)


def all_products(database: Database) -> Iterator[Product]:
    cursor = None
    while True:
        page = Catalogue(database).products(cursor=cursor, limit=100)
        yield from page.items
        if (cursor := page.next) is None:
            return


def test_each_of_many_products_is_as_the_file_has_it(database: Database, store: int) -> None:
    other = Catalogue(database).add_store("Harbour").id
    text = "name,category,pack_size,minimum\n"
    text += "".join(f"Jam {n:04},Food/Shelf {n % 7},{n % 5 + 1},{n % 3 or ''}\n" for n in range(MANY))
    assert take(database, store, text).added == MANY
    found = list(all_products(database))
    assert [(each.name, each.category, each.pack_size, each.minimum, each.version) for each in found] == [
        (f"Jam {n:04}", f"Food/Shelf {n % 7}", Decimal(n % 5 + 1), Decimal(n % 3) if n % 3 else None, 1)
        for n in range(MANY)
    ]
    assert [each.id for each in found] == sorted(each.id for each in found)  # in the order of the file
    assert len(Catalogue(database).categories()) == 7
    for place in (store, other):
        assert Levels(database).level(found[-1].id, place) == 0
    assert check_book(database) == ()  # the words of each, and a level in each store

    # The even ones get another minimum, each seventh a new category, and a few another name by their GTIN.
    text = "name,category,pack_size,minimum\n"
    text += "".join(
        f"Jam {n:04},{'Sweets' if n % 7 == 0 else f'Food/Shelf {n % 7}'},{n % 5 + 1},"
        f"{9 if n % 2 == 0 else n % 3 or ''}\n"
        for n in range(MANY)
    )
    report = take(database, store, text)
    differing = [n for n in range(MANY) if n % 2 == 0 or n % 7 == 0]
    assert (report.added, report.changed, report.unchanged) == (0, len(differing), MANY - len(differing))
    assert [each.version for each in all_products(database)] == [
        2 if n in differing else 1 for n in range(MANY)
    ]
    assert Catalogue(database).product_by_name("Jam 0014").category == "Sweets"
    assert [each.name for each in Catalogue(database).products("sweets 0014").items] == ["Jam 0014"]
    assert check_book(database) == ()


def test_what_cannot_be_taken_far_down_leaves_nothing_behind(database: Database, store: int) -> None:
    rows = "".join(f"Jam {n},Food\n" for n in range(MANY))
    report = take(database, store, f"name,category\n{rows}Last,a//b\n")
    assert [str(problem) for problem in report.problems] == [
        f"line {MANY + 2}: category a part of the path is empty: write it like fruit/apple"
    ]
    assert list(all_products(database)) == []
    assert Catalogue(database).categories() == []


def test_two_spellings_of_a_new_category_are_one(database: Database, store: int) -> None:
    catalogue = Catalogue(database)
    catalogue.archive_category(catalogue.add_category("Tea").id)
    take(database, store, "name,category\nRice,Food\nOats,FOOD\nGreen,tea\nSalt,\n")
    assert [each.name for each in catalogue.categories()] == ["Food", "Tea"]
    assert [each.category for each in all_products(database)] == ["Tea", "Food", "Food", None]
    assert check_book(database) == ()


def test_rows_that_find_one_product_by_name_and_by_gtin_are_refused(database: Database, store: int) -> None:
    Catalogue(database).add_product(NewProduct("Tea", gtin="96385074"))
    report = take(database, store, "name,gtin\nTea,4006381333931\nCoffee,96385074\n")
    assert [str(problem) for problem in report.problems] == [
        "line 3: means Tea, as line 2 does: leave one of them out"
    ]
    assert [(each.name, each.gtin) for each in all_products(database)] == [("Tea", "96385074")]


def test_of_many_one_that_is_taken_is_named(database: Database) -> None:
    catalogue = Catalogue(database)
    tea = catalogue.add_product(NewProduct("Tea", gtin="96385074"))
    rice, oats = (catalogue.add_product(NewProduct(name)) for name in ("Rice", "Oats"))

    def add(*new: NewProduct) -> None:
        database.write(lambda c: add_products_in(c, [checked(given_fields(each)) for each in new]))

    def change(*changes: tuple[Product, dict[str, object]]) -> list[Product]:
        return database.write(
            lambda c: change_products_in(
                c,
                [
                    (lock_products(c, [product.id])[product.id], checked(values))
                    for product, values in changes
                ],
            )
        )

    with pytest.raises(ConflictError, match=rf"this name already: Tea \({tea.id}\)$"):
        add(NewProduct("Salt"), NewProduct("TEA"))
    with pytest.raises(ConflictError, match="this barcode number already: Tea"):
        add(NewProduct("Salt", gtin="4006381333931"), NewProduct("Milk", gtin="000096385074"))
    with pytest.raises(ConflictError, match="this name already: Tea"):
        change((oats, {"minimum": Decimal(1)}), (rice, {"name": "tea"}))
    assert len(list(all_products(database))) == 3
    after = change((oats, {"minimum": Decimal(1)}), (tea, {"name": "TEA"}), (rice, {"unit": "piece"}))
    assert [(each.name, each.minimum, each.version) for each in after] == [
        ("Oats", Decimal(1), 2),
        ("TEA", None, 2),
        ("Rice", None, 1),
    ]
    assert check_book(database) == ()


def test_more_products_are_not_more_statements(sqlite_database: Database) -> None:
    store = Catalogue(sqlite_database).add_store("Shop").id
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    def statements(text: str) -> int:
        asked.clear()
        assert take(sqlite_database, store, text, dry_run=True).problems == ()
        return len(asked)

    def rows(count: int, minimum: int) -> str:
        return "name,category,minimum\n" + "".join(f"Jam {n},Food,{minimum}\n" for n in range(count))

    event.listen(sqlite_database.engine, "before_cursor_execute", listen)
    try:
        assert statements(rows(200, 1)) == statements(rows(2, 1))
        take(sqlite_database, store, rows(200, 1))
        assert statements(rows(200, 2)) == statements(rows(2, 2))
    finally:
        event.remove(sqlite_database.engine, "before_cursor_execute", listen)
