"""What an import would change is told row by row, and nobody loses a value unwittingly."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import event

from shelfwise.database import Database
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.exchange.changes import CHANGES
from shelfwise.inventory.exchange.importing import import_file
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.records import Line, NewProduct

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(database: Database) -> int:
    book = Catalogue(database)
    book.add_product(NewProduct("Milk", "Dairy", "4006381333931", "l", Decimal(1), Decimal(4), Decimal(9)))
    book.add_product(NewProduct("Tea", gtin="96385074"))
    return book.add_store("Shop").id


def tried(database: Database, store: int, table, text: str):
    return import_file(database, table, text.encode(), "file.csv", store_id=store, user="ana", dry_run=True)


def test_each_value_that_a_row_changes_is_told_with_the_one_before(database: Database, store: int) -> None:
    text = "name,category,minimum,gtin\nRice,Food,2,\nMilk,,6,4006381333931\nTea,,,96385074\n"
    report = tried(database, store, "products", text)
    assert [str(change) for change in report.changes] == [
        "line 3: Milk: category Dairy -> (emptied), minimum 4 -> 6"
    ]
    assert (report.added, report.changed, report.unchanged) == (1, 1, 1)
    assert (report.changes_total, report.emptied) == (1, {"category": 1})


def test_a_new_name_is_told_beside_the_old_one(database: Database, store: int) -> None:
    report = tried(database, store, "products", "name,gtin\nGreen tea,96385074\n")
    assert [str(change) for change in report.changes] == ["line 2: Tea: name Tea -> Green tea"]
    report = tried(database, store, "products", "name,minimum\nTea,3\n")
    assert [str(change) for change in report.changes] == ["line 2: Tea: minimum (empty) -> 3"]


def test_another_spelling_of_the_category_changes_nothing(database: Database, store: int) -> None:
    report = tried(database, store, "products", "name,category\nMilk,DAIRY\n")
    assert (report.changed, report.unchanged, report.changes) == (0, 1, ())


def test_of_many_changes_those_that_lose_something_are_told_first(database: Database, store: int) -> None:
    book = Catalogue(database)
    for number in range(CHANGES + 20):
        book.add_product(NewProduct(f"Jam {number}", "Jam", minimum=Decimal(1)))
    rows = "".join(f"Jam {number},Jam,{number + 2}\n" for number in range(CHANGES + 10))
    rows += "".join(f"Jam {number},,\n" for number in range(CHANGES + 10, CHANGES + 20))
    report = tried(database, store, "products", f"name,category,minimum\n{rows}")
    assert (len(report.changes), report.changes_total) == (CHANGES, CHANGES + 20)
    assert report.emptied == {"category": 10, "minimum": 10}
    lines = [change.line for change in report.changes]
    assert lines[:10] == list(range(CHANGES + 12, CHANGES + 22))
    assert lines[10:] == list(range(2, CHANGES - 8))


def test_counts_are_held_against_what_the_book_expected_at_their_time(database: Database, store: int) -> None:
    book = Catalogue(database)
    shelf = book.location_at(store, "Shelf 1", create=True)
    tea, root = book.product_by_name("Tea").id, book.location_at(store, "").id
    ledger = Ledger(database)
    ledger.book([Line("received", tea, shelf.id, Decimal(8), MARCH)], user="ana")
    ledger.book([Line("sold", tea, shelf.id, Decimal(3), MARCH.replace(day=3))], user="ana")
    ledger.book([Line("received", tea, root, Decimal("2.5"), MARCH)], user="ana")
    text = (
        "product,location,quantity,time\n"
        "Tea,Shelf 1,6,2026-03-02\n"  # eight were there before the sale
        "Tea,,2.5,\n"
        "Tea,Shelf 1,4,2026-03-04\n"  # three of the six counted above were sold
        "Milk,Shelf 1,1,\n"
    )
    report = tried(database, store, "counts", text)
    assert [str(change) for change in report.changes] == [
        "line 2: Tea at Shelf 1: expected 8, counted 6 (-2)",
        "line 4: Tea at Shelf 1: expected 3, counted 4 (+1)",
        "line 5: Milk at Shelf 1: expected 0, counted 1 (+1)",
    ]
    assert (report.added, report.changes_total, report.done) == (4, 3, False)


def test_a_count_after_all_movements_is_held_against_the_level_without_adding_them_up(
    sqlite_database: Database,
) -> None:
    book = Catalogue(sqlite_database)
    store = book.add_store("Shop").id
    tea, root = book.add_product(NewProduct("Tea")).id, book.location_at(store, "").id
    ledger = Ledger(sqlite_database)
    ledger.book([Line("counted", tea, root, Decimal(5), MARCH)], user="ana")
    ledger.book([Line("sold", tea, root, Decimal(2), MARCH.replace(day=2))], user="ana")
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(sqlite_database.engine, "before_cursor_execute", listen)
    try:
        data = b"product,quantity\nTea,4\n"
        report = import_file(sqlite_database, "counts", data, "file.csv", store_id=store, user="ana")
    finally:
        event.remove(sqlite_database.engine, "before_cursor_execute", listen)
    assert [str(change) for change in report.changes] == ["line 2: Tea: expected 3, counted 4 (+1)"]
    assert report.done
    assert not [statement for statement in asked if "sum(" in statement]


def test_movements_are_summed_by_kind(database: Database, store: int) -> None:
    text = (
        "id,kind,product,quantity,undoes\n"
        "1,received,Tea,5,\n2,received,Milk,2.5,\n3,sold,Tea,1,\n4,sold,Tea,9,\n,sold,Tea,9,4\n"
    )
    report = tried(database, store, "movements", text)
    assert [(each.kind, each.rows, each.quantity) for each in report.kinds] == [
        ("received", 2, Decimal("7.5")),
        ("sold", 2, Decimal(10)),
        ("undone", 1, Decimal(9)),
    ]
    assert report.changes == ()


def test_more_rows_are_not_more_questions(sqlite_database: Database) -> None:
    book = Catalogue(sqlite_database)
    store = book.add_store("Shop").id
    for number in range(40):
        book.add_product(NewProduct(f"Jam {number}"))
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    def questions(rows: int) -> int:
        text = "product,quantity\n" + "".join(f"Jam {number},3\n" for number in range(rows))
        asked.clear()
        assert tried(sqlite_database, store, "counts", text).changes_total == rows
        return len(asked)

    event.listen(sqlite_database.engine, "before_cursor_execute", listen)
    try:
        assert questions(40) == questions(4)
    finally:
        event.remove(sqlite_database.engine, "before_cursor_execute", listen)
