"""Whatever the stock book is asked, an index answers: no query reads all movements, nor all levels."""

import re
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # the benchmarks are no part of the installed package
    sys.path.append(str(ROOT))

from benchmarks.plans import planned
from benchmarks.stock_fill import fill
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.history import History
from shelfwise.inventory.ledger import book_in
from shelfwise.inventory.levels import Levels
from shelfwise.inventory.planning import Planning
from shelfwise.inventory.records import Line

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=28)
PRODUCTS, MOVEMENTS = 3000, 12_000
LARGE = ("movements", "levels", "store_levels", "products", "product_words")


@pytest.fixture(scope="module")
def filled(module_database):
    return fill(module_database, PRODUCTS, MOVEMENTS, UNTIL)


@pytest.fixture
def database(module_database):
    """The one that is filled; the tests only ask it."""
    return module_database


def questions(database, filled):
    """What can be asked, by name; each with words that its plan must have."""
    levels, planning, history = Levels(database), Planning(database), History(database)
    shelf, root, department = filled.shelf(3, 1), filled.root_ids[0], filled.department_ids[2]
    later = {
        order: levels.stock_list(1, order=order, limit=5).next for order in ("urgency", "name", "quantity")
    }
    asked = {
        "level": (lambda: levels.level(3, 1), "store_levels"),
        "at a location": (lambda: levels.at_location(3, shelf), "levels"),
        "by location": (lambda: levels.by_location(3, 1), "ix_levels_store"),
        "summary": (lambda: levels.summary(1), "ix_store_levels_quantity"),
        "by category": (lambda: levels.by_category(1), "ix_store_levels"),
        "as of": (lambda: levels.as_of(1, SINCE), "ix_movements_product_location"),
        "as of, a product": (lambda: levels.as_of(1, SINCE, product_id=3), "ix_movements_count"),
        "as of, a location": (lambda: levels.as_of(1, SINCE, location_id=shelf), "ix_movements_count"),
        "series": (lambda: levels.series(3, 1, SINCE, UNTIL), "ix_movements_product_location"),
        "shrinkage": (lambda: planning.shrinkage(1, SINCE, UNTIL), "ix_movements_store_count"),
        "reorder": (lambda: planning.reorder(1, limit=5), "ix_store_levels_state"),
        "history": (lambda: history.movements(), "ix_movements_at"),
        "history of a store": (lambda: history.movements(store_id=1), "ix_movements_store"),
        "history of a product": (lambda: history.movements(product_id=3), "ix_movements_product"),
        "history of a location": (lambda: history.movements(location_id=shelf), "ix_movements_location"),
        "history of an aisle": (
            lambda: history.movements(location_id=filled.aisle_ids[0]),
            "ix_movements_location",
        ),
        "history of two stores": (lambda: history.movements(store_id=[1, 2]), "ix_movements_store"),
        "history since": (lambda: history.movements(store_id=1, since=SINCE), "ix_movements_store"),
    }
    for order, index in (
        ("urgency", "ix_store_levels_state"),
        ("name", "ix_store_levels_state"),
        ("quantity", "ix_store_levels_quantity"),
    ):

        def ask(order=order, **filters):
            return lambda: levels.stock_list(1, order=order, limit=5, **filters)

        by_category = "ix_products_category" if order != "urgency" else "ix_store_levels_category"
        asked |= {
            f"by {order}": (ask(), index),
            f"by {order}, later": (ask(cursor=later[order]), index),
            f"by {order}, low": (ask(state="low"), index),
            f"by {order}, all stores": (lambda order=order: levels.stock_list(order=order, limit=5), index),
            f"by {order}, a category": (ask(category_id=department), by_category),
            f"by {order}, a shelf": (ask(location_id=shelf), "ix_levels_location"),
            f"by {order}, the root": (ask(location_id=root), index),
            f"by {order}, words": (ask(query="sweet br"), "product_words"),
        }
    return asked


def test_a_book_made_in_bulk_is_as_if_it_were_booked(database, filled):
    assert check_book(database) == ()
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM movements")) == MOVEMENTS == filled.movements
        assert connection.scalar(text("SELECT count(*) FROM store_levels")) == 3 * PRODUCTS
    assert planned(database, lambda: Levels(database).level(3, 1))[0].plan
    with database.read() as connection:
        if database.dialect == "sqlite":
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(text("PRAGMA synchronous")) == 2


def test_every_question_is_answered_by_an_index(database, filled):
    if database.dialect == "sqlite":
        whole = re.compile(
            rf"^SCAN ({'|'.join(LARGE)}|counted|changed|count|listed)\b(?! USING (COVERING )?INDEX)"
        )
    else:
        whole = re.compile(rf"Seq Scan on ({'|'.join(LARGE)})\b")
    for name, (ask, index) in questions(database, filled).items():
        plans = planned(database, ask, seqscan=False)
        lines = [line for each in plans for line in each.plan]
        assert not [line for line in lines if whole.search(line)], name
        statements = [each.statement for each in plans]
        if database.dialect == "sqlite":  # PostgreSQL may take another index where the tables are small
            named = (index, f"SEARCH {index}", f"autoindex_{index}_1")  # the last is that of a primary key
            assert any(words in line for line in lines for words in named), (name, lines, statements)


def test_a_page_is_read_in_order_and_not_sorted(database, filled):
    """The page's rows come from the index as they are."""
    asked = questions(database, filled)
    for name in ("by urgency", "by urgency, later", "by urgency, low", "by name, low", "by quantity, low"):
        (page,) = [
            each
            for each in planned(database, asked[name][0], seqscan=False)
            if " FROM store_levels" in each.statement
        ]
        assert not [line for line in page.plan if "Sort" in line or "TEMP B-TREE" in line], name
        assert [line for line in page.plan if "ix_store_levels" in line], name


def test_the_history_of_several_places_reads_a_page_of_each(database, filled):
    """All that ever moved there is not sorted, only the pages of the places are."""
    history = History(database)
    for ask in (
        lambda: history.movements(location_id=filled.aisle_ids[0], limit=5),
        lambda: history.movements(store_id=[1, 2], limit=5, until=UNTIL),
    ):
        (runs, page) = [
            each.statement
            for each in planned(database, ask, seqscan=False)
            if "FROM movements" in each.statement
        ]
        assert runs.count("LIMIT") > runs.count("UNION ALL") >= 1
        assert "movements.id IN" in page
        found = [(each.at, each.id) for each in ask().items]
        assert len(found) == 5
        assert found == sorted(found, reverse=True)


class TakenBackError(Exception):
    """The book stays as it is."""


def test_a_booking_of_several_lines_reads_none_of_the_large_tables_whole(database, filled):
    lines = [Line("sold", product, filled.shelf(product, 1), Decimal(1)) for product in (3, 4, 5)]

    def book(connection):
        book_in(connection, lines, user="ana")
        raise TakenBackError

    def ask():
        with pytest.raises(TakenBackError):
            database.write(book)

    # An index that is read from end to end is no better than its table.
    whole = re.compile(rf"^SCAN ({'|'.join(LARGE)})\b|Seq Scan on ({'|'.join(LARGE)})\b")
    plans = planned(database, ask, seqscan=False)
    assert [each.statement for each in plans if "levels" in each.statement]
    assert [(each.statement, line) for each in plans for line in each.plan if whole.search(line)] == []
