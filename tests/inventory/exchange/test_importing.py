"""Imports: every bad row with its line and reason, all or nothing, a dry run that changes nothing."""

import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shelfwise.database import Database
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.exchange import cells
from shelfwise.inventory.exchange.changes import NEW
from shelfwise.inventory.exchange.importing import import_file
from shelfwise.inventory.exchange.reading import ROWS
from shelfwise.inventory.exchange.rows import PROBLEMS
from shelfwise.inventory.history import History
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.lines import MOST_LINES
from shelfwise.inventory.records import NewProduct


@pytest.fixture
def store(database: Database) -> int:
    book = Catalogue(database)
    book.add_product(NewProduct("Tea", gtin="96385074"))
    return book.add_store("Shop").id


def take(database: Database, store: int, table, text: str | bytes, **options):
    data = text if isinstance(text, bytes) else text.encode()
    return import_file(database, table, data, "file.csv", store_id=store, user="ana", **options)


def told(report) -> list[str]:
    return [str(problem) for problem in report.problems]


def names(database: Database) -> list[str]:
    return [product.name for product in Catalogue(database).products().items]


def test_every_bad_row_is_named_and_nothing_is_imported(database: Database, store: int) -> None:
    text = (
        "Name;Min;Max;GTIN\nRice;2;8;\n;1;2;\nOats;-1;x;\n"
        "Corn;;;4006381333932\nrice;;;\nSoup;;;96385074\nTea;1,5;;\n"
    )
    report = take(database, store, "products", text)
    assert told(report) == [
        "line 3: Name is empty",
        "line 4: Min -1 must not be below 0",
        "line 4: Max 'x' is no number: write it like 12 or 12.5",
        "line 5: GTIN '4006381333932' is no barcode number (GTIN): its last digit would have to be 1. "
        "Look for a mistyped digit",
        "line 6: Name is that of line 2 already",
        "line 8: means Tea, as line 7 does: leave one of them out",
    ]
    assert not report.done
    assert names(database) == ["Tea"]


def test_what_follows_from_a_wrong_cell_is_not_told_beside_it(database: Database, store: int) -> None:
    book = Catalogue(database)
    book.add_product(NewProduct("Cocoa", minimum=Decimal(6)))
    text = (
        "name;min;max;GTIN;unit;category\n"
        "Oats;9;2;;;\n"  # a target below the minimum
        "Corn;x;2;;;\n"  # and one that nobody can say it of
        "Rye;;;;\x07;a//b\n"
        "Cocoa;;;9638507;;\n"  # its name is right whatever the GTIN was to be
        "Cocoa;7;5;;;\n"
        "Rice;;;96385074;;\n"
        "Rice;;;;;\n"
    )
    report = take(database, store, "products", text, dry_run=True)
    assert told(report) == [
        "line 2: max 2 is below the minimum of 9: give at least the minimum, or none",
        "line 3: min 'x' is no number: write it like 12 or 12.5",
        "line 4: unit holds characters that cannot be shown",
        "line 4: category a part of the path is empty: write it like fruit/apple",
        "line 5: GTIN '9638507' is no barcode number (GTIN): give its 8, 12, 13 or 14 digits, "
        "the check digit included",
        "line 6: name is that of line 5 already",
        "line 8: name is that of line 7 already",
    ]
    lowered = take(database, store, "products", "name,max\nCocoa,5\n")
    assert told(lowered) == ["line 2: max 5 is below the minimum of 6: give at least the minimum, or none"]


def test_a_problem_has_the_column_and_the_heading_of_the_file(database: Database, store: int) -> None:
    report = take(database, store, "products", "Name;EAN;Pack  size;Unit\nOats;12;0;\x07\n;;2;\n")
    assert [(each.column, each.heading) for each in report.problems] == [
        ("gtin", "EAN"),
        ("pack_size", "Pack size"),
        ("unit", "Unit"),
        ("name", "Name"),
    ]
    twice = take(database, store, "products", "name;EAN;GTIN\n")
    assert [(each.column, each.heading) for each in twice.problems] == [(None, None)]


def test_what_is_new_is_told_with_the_categories_that_come_with_it(database: Database, store: int) -> None:
    book = Catalogue(database)
    book.add_category("Drinks")
    text = "name,category\nTea,teas\nOats,Grain\nCola,DRINKS\nSalt,\nRye,grain\n"
    for dry_run in (True, False):
        report = take(database, store, "products", text, dry_run=dry_run)
        assert [(each.line, each.product, each.category) for each in report.new] == [
            (3, "Oats", "Grain"),
            (4, "Cola", "DRINKS"),
            (5, "Salt", None),
            (6, "Rye", "grain"),
        ]
        assert (report.new_categories, report.new_categories_total) == (("teas", "Grain"), 2)
    again = take(database, store, "products", text)
    assert (again.new, again.new_categories, again.new_categories_total) == ((), (), 0)


def test_only_the_first_of_what_is_new_is_told(database: Database, store: int) -> None:
    text = "name,category\n" + "".join(f"Product {each},kind {each}\n" for each in range(NEW + 5))
    report = take(database, store, "products", text, dry_run=True)
    assert (report.added, len(report.new), report.new[0].product) == (NEW + 5, NEW, "Product 0")
    assert (len(report.new_categories), report.new_categories_total) == (NEW, NEW + 5)


def test_names_that_the_book_does_not_know_are_told_with_cells_that_cannot_be_read(
    database: Database, store: int
) -> None:
    counts = take(database, store, "counts", "product,quantity\nNope,3\nTea,x\nNope,y\n", dry_run=True)
    unknown = "product is none of the book's: Nope. Import products first"
    assert told(counts) == [
        f"line 2: {unknown}",
        "line 3: quantity 'x' is no number: write it like 12 or 12.5",
        "line 4: quantity 'y' is no number: write it like 12 or 12.5",
        f"line 4: {unknown}",
    ]
    text = (
        "id,kind,product,gtin,quantity,time,undoes\n"
        "1,sold,Tea,,2,,\n"
        "2,sell,Tea,,2,,\n"
        "3,sold,Tea,,-2,,\n"
        "4,sold,Nix,,1,,\n"
        "5,moved,Tea,,1,,\n"
        "6,sold,Tea,,x,2999-01-01,\n"
        "7,sold,Nix,1234,1,,\n"  # whose GTIN may be that of a product
        "8,sold,Tea,,-2,,4\n"  # undoes a row that is wrong: not wrong itself
        "9,sold,Tea,,-2,,4\n"
        "10,sold,Tea,,-2,,one\n"
    )
    movements = take(database, store, "movements", text)
    assert [(each.line, each.column) for each in movements.problems] == [
        (3, "kind"),
        (4, "quantity"),
        (5, "product"),
        (6, "to_location"),
        (7, "quantity"),
        (7, "time"),
        (8, "gtin"),
        (10, "undoes"),
        (11, "undoes"),
    ]
    assert not movements.done


def test_a_mistaken_file_is_not_looked_up(database: Database, store: int) -> None:
    report = take(database, store, "counts", "product,quantity\nNope,3\n" + "Tea,x\n" * (PROBLEMS + 1))
    assert len(report.problems) == PROBLEMS
    assert report.problems[0].line == 3


def test_products_need_no_store_and_counts_do(sqlite_database: Database) -> None:
    data = b"product,quantity\nTea,3\n"
    assert import_file(sqlite_database, "products", b"name\nTea\n", "file.csv", user="ana").done
    with pytest.raises(EntryError, match="say which store the counts are of") as raised:
        import_file(sqlite_database, "counts", data, "file.csv", user="ana")
    assert raised.value.field == "store_id"


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(database: Database, store: int) -> None:
    text = "name,category,minimum\nTea,drinks,3\nRice,food/grain,2\n"
    tried = take(database, store, "products", text, dry_run=True)
    assert (tried.added, tried.changed, tried.done) == (1, 1, False)
    assert names(database) == ["Tea"]
    assert Catalogue(database).categories() == []
    real = take(database, store, "products", text)
    assert (real.added, real.changed, real.done) == (1, 1, True)
    assert Catalogue(database).product_by_name("tea").minimum == Decimal(3)


def test_columns_that_are_not_there_are_left_and_empty_cells_empty_a_field(
    database: Database, store: int
) -> None:
    book = Catalogue(database)
    tea = book.product_by_name("Tea")
    book.change_product(tea.id, {"minimum": Decimal(5), "target": Decimal(9), "unit": "box"})
    take(database, store, "products", "name,minimum,unit\nTea,,\n")
    after = book.product(tea.id)
    assert (after.minimum, after.target, after.unit, after.gtin) == (None, Decimal(9), "box", "96385074")


def test_a_product_is_found_by_its_gtin_when_its_name_changes(database: Database, store: int) -> None:
    report = take(database, store, "products", "name,gtin\nGreen tea,9638507 4\n")
    assert report.changed == 1
    assert names(database) == ["Green tea"]


def test_an_archived_product_is_not_brought_back_by_a_file(database: Database, store: int) -> None:
    book = Catalogue(database)
    book.archive_product(book.product_by_name("Tea").id)
    assert told(take(database, store, "products", "name\nTea\n")) == [
        "line 2: Tea is archived: restore it first"
    ]


def test_a_bad_header_is_told(database: Database, store: int) -> None:
    assert told(take(database, store, "counts", "name of it,quantity,count\n1,2,3\n")) == [
        "line 1: the column quantity is there twice",
        "line 1: there is neither a column product nor a column gtin",
        "line 1: the column 'name of it' is not known; there are: product, gtin, location, quantity, time, reason",
    ]


def test_counts_and_movements_name_each_mistake(database: Database, store: int) -> None:
    Catalogue(database).location_at(store, "Aisle 1", create=True)
    text = (
        "kind,product,location,to_location,quantity,time\n"
        "received,Tea,,,5,2026-03-01\n"
        "sold,Coffee,,,1,\n"
        "sold,Tea,Cellar,,1,\n"
        "sold,Tea,,Aisle 1,1,\n"
        "moved,Tea,aisle 1,Aisle 1,1,\n"
        "sold,Tea,,,-1,\n"
        "corrected,Tea,,,0,\n"
        "wasted,Tea,,,1,2999-01-01T00:00:00Z\n"
        "lost,Tea,,,1,yesterday\n"
    )
    report = take(database, store, "movements", text)
    assert told(report)[-2:] == [
        "line 10: kind 'lost' is none of received, sold, counted, wasted, moved, corrected",
        "line 10: time 'yesterday' is no time: write it like 2026-03-01 or 2026-03-01T14:30:00+01:00",
    ]
    assert [problem.line for problem in report.problems] == [3, 4, 5, 6, 7, 8, 9, 10, 10]
    assert Levels(database).level(Catalogue(database).product_by_name("Tea").id, store) == 0


def test_the_same_file_is_booked_once(database: Database, store: int) -> None:
    text = "product,quantity\nTea,7\n"
    first = take(database, store, "counts", text)
    again = take(database, store, "counts", text)
    assert first.done
    assert not first.repeated
    assert again.repeated
    assert again.booking_id == first.booking_id


def test_a_sheet_from_a_spreadsheet_is_read(database: Database, store: int) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["GTIN", "Counted", None])
    book.active.append([96385074, 0.1 + 0.2, None])
    book.active.append([None, None])
    out = io.BytesIO()
    book.save(out)
    assert take(database, store, "counts", out.getvalue()).done
    assert Levels(database).level(Catalogue(database).product_by_name("Tea").id, store) == Decimal("0.3")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_that_spreadsheets_write_are_read(database: Database, store: int, encoding: str) -> None:
    assert take(database, store, "products", "name\tunit\nKäse\tStück\n".encode(encoding)).done
    assert "Käse" in names(database)


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * 1000)
        archive.filelist[0].file_size = 2**31  # what the directory says it will be
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"  \n ", b"PK\x03\x04nothing", b"\x00\x01\x02\xff", b'name\n"open', b"\x89PNG\r\n\x1a\n\x00\x00"],
    ids=["empty", "blank", "no zip", "bytes", "open quote", "picture"],
)
def test_what_is_no_table_is_refused(database: Database, store: int, data: bytes) -> None:
    with pytest.raises(EntryError) as raised:
        take(database, store, "products", data)
    assert raised.value.field == "file"


def test_a_bomb_is_refused_before_it_is_unpacked(database: Database, store: int) -> None:
    with pytest.raises(EntryError, match="too large once unpacked"):
        take(database, store, "products", bomb())


def test_a_store_that_is_not_there_is_told(database: Database) -> None:
    with pytest.raises(NotFoundError):
        take(database, 99, "products", "name\nTea\n")


def test_what_the_book_refuses_is_named_for_every_row(database: Database, store: int) -> None:
    text = (
        "kind,product,quantity,time\nsold,Tea,1000000000,\nsold,Tea,999999999,1969-12-31T00:00Z\n"
        "sold,Tea,1,1960-01-01\nsold,Tea,0.0001,\nsold,Tea,1,2026-03-01\n"
    )
    report = take(database, store, "movements", text)
    assert told(report) == [
        "line 2: quantity 1000000000 is too large",
        "line 3: time is refused: 1969-12-31T00:00:00+00:00 is too long ago",
        "line 4: time is refused: 1960-01-01T12:00:00+00:00 is too long ago",
        "line 5: quantity 0.0001 has more than 3 digits after the point",
    ]
    assert not report.done


def test_a_file_may_have_as_many_rows_as_a_booking() -> None:
    assert MOST_LINES >= ROWS


def test_a_date_alone_is_its_noon_and_todays_is_taken_in_the_morning_too(monkeypatch) -> None:
    monkeypatch.setattr(cells, "utc_now", lambda: datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert cells.time("2026-03-01") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert cells.time("2026-03-02") == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert cells.day("2026-03-02") == datetime(2026, 3, 2, tzinfo=UTC)
    assert cells.day("2026-03-02T00:00") is None


def test_dates_and_tiny_numbers_of_a_spreadsheet(sqlite_database: Database) -> None:
    from openpyxl import Workbook

    catalogue = Catalogue(sqlite_database)
    catalogue.add_product(NewProduct("Tea"))
    shop = catalogue.add_store("Shop").id
    book = Workbook()
    book.active.append(["product", "quantity", "time"])
    book.active.append(["Tea", 2, datetime(2026, 3, 1)])  # as spreadsheets keep a date
    book.active.append(["Tea", 2.5e-7, None])
    out = io.BytesIO()
    book.save(out)
    report = take(sqlite_database, shop, "counts", out.getvalue())
    assert told(report) == ["line 3: quantity 0.00000025 has more than 3 digits after the point"]
    book.active.delete_rows(3)
    out = io.BytesIO()
    book.save(out)
    assert take(sqlite_database, shop, "counts", out.getvalue()).done
    (found,) = History(sqlite_database).movements().items
    assert found.at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_misspelt_column_is_answered_with_the_nearest(database: Database, store: int) -> None:
    assert told(take(database, store, "products", "name,Targt\nTea,3\n")) == [
        "line 1: the column 'Targt' is not known. Did you mean target?"
    ]
