"""What is exported can be imported, and gives the same book."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelfwise.database import Database
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.exchange.exporting import export_file
from shelfwise.inventory.exchange.importing import import_file
from shelfwise.inventory.exchange.reading import rows_of
from shelfwise.inventory.exchange.writing import write_table
from shelfwise.inventory.history import History
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.records import Line, NewProduct

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def filled(database: Database) -> int:
    """A book with each kind of movement, and two that are undone."""
    book, ledger = Catalogue(database), Ledger(database)
    store = book.add_store("Corner shop")
    shelf = book.location_at(store.id, "Aisle 1 / Shelf 2", create=True)
    oat = book.add_product(
        NewProduct(
            'Oat, "drink"', "drinks/milk", "4006381333931", "l", Decimal("6"), Decimal("7.5"), Decimal(30)
        )
    )
    # What a spreadsheet would run, what looks as if it were guarded from that, and a joiner that is not seen.
    tea = book.add_product(NewProduct("=Tea; \N{WOMAN}\N{ZERO WIDTH JOINER}\N{BRIEFCASE}", gtin="96385074"))
    book.add_product(NewProduct("'=Salt"))
    long = book.location_at(store.id, " / ".join(f"{n}" * 150 for n in range(1, 6)), create=True)
    root = store.root_id
    plan = [
        Line("received", oat.id, root, Decimal(24), NOON, "delivery 118"),
        Line("sold", oat.id, root, Decimal("1.5"), NOON + timedelta(hours=1)),
        Line("moved", oat.id, root, Decimal(5), NOON + timedelta(hours=2), to_location_id=shelf.id),
        Line("counted", oat.id, shelf.id, Decimal(4), NOON + timedelta(hours=3), "+1?"),
        Line("wasted", oat.id, shelf.id, Decimal(1), NOON + timedelta(hours=4)),
        Line("corrected", tea.id, root, Decimal(-2), NOON + timedelta(hours=5)),
        Line(
            "received", tea.id, root, Decimal(9), NOON, photo="a" * 64, model="m-1", confidence=0.93751234567
        ),
        Line("received", tea.id, long.id, Decimal(1), NOON, "two\nlines" + "!" * 900, model="m" * 150),
    ]
    booked = [ledger.book([line], user="ana") for line in plan]
    ledger.undo(booked[1].movements[0].id, user="bo", reason="mistyped")
    ledger.undo(booked[2].movements[0].id, user="bo")
    return store.id


def exported(database: Database, table, kind, store: int) -> bytes:
    out = io.BytesIO()
    export_file(database, table, kind, store, out)
    return out.getvalue()


def levels(database: Database, store: int, at: datetime | None = None) -> dict[tuple[str, str], Decimal]:
    places = {place.id: place.path for place in Catalogue(database).locations(store)}
    found = {}
    for product in Catalogue(database).products().items:
        for level in Levels(database).by_location(product.id, store):
            found[product.name, places[level.location_id]] = level.quantity
    return found


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_products_and_movements_make_the_same_book_elsewhere(database: Database, tmp_path, kind: str) -> None:
    from shelfwise.database import open_database

    store = filled(database)
    with open_database(tmp_path / "other.db", create=True) as other:
        book = Catalogue(other)
        there = book.add_store("Elsewhere").id
        for place in Catalogue(database).locations(store):
            book.location_at(there, place.path, create=True)
        for table in ("products", "movements"):
            data = exported(database, table, kind, store)
            report = import_file(other, table, data, f"x.{kind}", store_id=there, user="cy")
            assert report.problems == ()
            assert report.done
        assert levels(other, there) == levels(database, store)
        assert check_book(other) == ()
        for at in (NOON + timedelta(hours=h) for h in range(6)):
            assert [
                (level.product.name, level.quantity) for level in Levels(other).as_of(there, at).items
            ] == [(level.product.name, level.quantity) for level in Levels(database).as_of(store, at).items]
        told = {
            (m.kind, m.product, m.location, m.quantity, m.at, m.reason, m.photo, m.model, m.confidence)
            for m in History(other).movements(limit=100).items
        }
        assert told == {
            (m.kind, m.product, m.location, m.quantity, m.at, m.reason, m.photo, m.model, m.confidence)
            for m in History(database).movements(limit=100).items
        }


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_count_sheet_that_comes_back_unchanged_keeps_the_levels(database: Database, kind: str) -> None:
    store = filled(database)
    before = levels(database, store)
    report = import_file(
        database, "counts", exported(database, "counts", kind, store), "c", store_id=store, user="a"
    )
    assert report.done
    assert report.added == len(before)
    assert levels(database, store) == {key: max(value, Decimal(0)) for key, value in before.items()}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_products_that_come_back_unchanged_are_unchanged(database: Database, kind: str) -> None:
    store = filled(database)
    data = exported(database, "products", kind, store)
    report = import_file(database, "products", data, "p", store_id=store, user="a")
    assert (report.added, report.changed, report.unchanged) == (0, 0, 3)


CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"])
CELLS = st.text(st.one_of(CHARACTERS, st.sampled_from("'=+-@")), max_size=30).map(str.strip)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), st.sampled_from(["csv", "xlsx"]))
def test_every_text_comes_back_as_it_went(rows: Sequence[tuple[str, str]], kind) -> None:
    out = io.BytesIO()
    write_table(out, kind, "t", ["name", "reason"], rows)
    back = [tuple(cells) for _, cells in rows_of(out.getvalue(), "x")][1:]
    assert back == [row for row in rows if any(cell.strip() for cell in row)]
