"""Filters of pages: days where the reader is, empty fields, addresses."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from starlette.requests import Request

from shelfwise.web.pages.filters import address, end_of, start_of, zone_of


def asked_from(zone: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", f"shelfwise_zone={zone}".encode())]})


def test_an_address_has_what_is_given_and_nothing_empty():
    assert (
        address("/stock", query="a&b ü", state=None, location="", category=3)
        == "/stock?query=a%26b+%C3%BC&category=3"
    )
    assert address("/stock", state=None) == "/stock"


def test_a_day_begins_and_ends_where_the_reader_is():
    berlin = zone_of(asked_from("Europe/Berlin"))
    assert berlin == ZoneInfo("Europe/Berlin")
    assert start_of(date(2026, 3, 29), berlin) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert end_of(date(2026, 3, 29), berlin) == datetime(
        2026, 3, 29, 22, tzinfo=UTC
    )  # the clocks went forward


@pytest.mark.parametrize("zone", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "Europe", "a" * 200])
def test_a_zone_that_is_none_is_utc(zone):
    assert zone_of(asked_from(zone)) is UTC


@pytest.mark.parametrize("day", [date.min, date.max, date(1970, 1, 1)])
def test_days_at_the_ends_of_the_calendar_do_no_harm(day):
    first, last = start_of(day, ZoneInfo("Pacific/Auckland")), end_of(day, ZoneInfo("Pacific/Auckland"))
    assert first is not None
    assert last is not None
    assert 1970 <= first.year <= last.year <= 9000


def test_no_day_is_no_limit():
    assert start_of(None, UTC) is None
    assert end_of(None, UTC) is None
