import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:  # the benchmarks are no part of the installed package
    sys.path.append(str(ROOT))

from benchmarks.result import BenchmarkError
from benchmarks.stock_fill import fill
from benchmarks.stock_questions import LEVEL, is_page, timed
from benchmarks.stock_writers import Written, write_together
from shelfwise.inventory.checks import check_book
from shelfwise.inventory.ledger import Ledger


@pytest.fixture
def filled(sqlite_database):
    return fill(sqlite_database, 60, 2000, datetime(2026, 3, 1, tzinfo=UTC))


def test_writers_book_together_and_nothing_is_lost(sqlite_database, filled):
    written = write_together(sqlite_database, filled, 0.5, 2)
    assert written.rate == 2 * len(written.moments) / 0.5 > 0
    assert all(0 <= moment < 0.5 for moment in written.moments)
    assert check_book(sqlite_database) == ()


def test_a_booking_that_is_not_there_is_told(sqlite_database, filled, monkeypatch):
    class Forgetful(Ledger):
        """Says that it has booked what it has not."""

        def book(self, lines, **rest):
            booking = super().book(lines, **rest)
            return type("Booked", (), {"id": booking.id + 1_000_000})

    monkeypatch.setattr("benchmarks.stock_writers.Ledger", Forgetful)
    with pytest.raises(BenchmarkError, match="0 are there"):
        write_together(sqlite_database, filled, 0.1, 1)


def test_rates_by_second():
    written = Written(seconds=2.5, lines=10, moments=[0.1, 0.9, 1.5, 2.2])
    assert written.rate == 16
    assert written.by_second == [20, 10]


def test_every_kind_of_question_is_timed_and_planned(sqlite_database, filled):
    asked = timed(sqlite_database, filled, 3)
    assert sum(map(is_page, asked)) > 10
    for each in asked.values():
        assert len(each.samples) == 3
        assert min(each.samples) <= each.median <= each.p95 == max(each.samples)
        assert all(planned.plan for planned in each.plans)
    assert "store_levels" in asked[LEVEL].plans[0].plan[0]
