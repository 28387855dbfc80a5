import base64
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, select

from shelfwise.errors import EntryError
from shelfwise.inventory.paging import LIMIT_MAX, Cursors, after, page_limit

CURSORS = Cursors("things", (int, str, Decimal, datetime))
KEY = (7, "Äpfel / rot", Decimal("-12.500"), datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC))


def cursor_of(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_cursor_gives_back_the_key_it_was_made_of():
    assert CURSORS.decode(CURSORS.encode(KEY)) == KEY


@given(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    st.decimals(-999_999_999_999, 999_999_999_999, places=3),
    st.datetimes(timezones=st.just(UTC)),
)
def test_any_key_survives_and_is_safe_in_an_address(number, text, quantity, at):
    cursor = CURSORS.encode((number, text, quantity, at))
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert CURSORS.decode(cursor) == (number, text, quantity, at)


@pytest.mark.parametrize("none", [None, ""])
def test_no_cursor_is_the_beginning(none):
    assert CURSORS.decode(none) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "not base64!",
        "AAAA",
        "ä",
        "a" * 5000,
        cursor_of({"things": 1}),
        cursor_of(["things", 1, "a", "1.000"]),
        cursor_of(["others", 1, "a", "1.000", 0]),
        cursor_of(["things", True, "a", "1.000", 0]),
        cursor_of(["things", 2**63, "a", "1.000", 0]),
        cursor_of(["things", 1.5, "a", "1.000", 0]),
        cursor_of(["things", 1, 5, "1.000", 0]),
        cursor_of(["things", 1, "a\0b", "1.000", 0]),
        cursor_of(["things", 1, "a\ud800b", "1.000", 0]),
        cursor_of(["things", 1, "a", "NaN", 0]),
        cursor_of(["things", 1, "a", "1e40", 0]),
        cursor_of(["things", 1, "a", "1.0001", 0]),
        cursor_of(["things", 1, "a", "one", 0]),
        cursor_of(["things", 1, "a", 1, 0]),
        cursor_of(["things", 1, "a", "1.000", 10**30]),
        cursor_of(["things", 1, "a", "1.000", "today"]),
        base64.urlsafe_b64encode(b"[" * 3000).decode(),
    ],
)
def test_a_broken_cursor_is_refused(cursor):
    with pytest.raises(EntryError, match="begin again without one") as caught:
        CURSORS.decode(cursor)
    assert caught.value.field == "cursor"


@given(st.text(max_size=60))
def test_whatever_is_given_as_a_cursor_is_a_key_or_an_entry_error(text):
    try:
        key = CURSORS.decode(text)
    except EntryError:
        return
    assert key is None or len(key) == 4


@pytest.mark.parametrize("limit", [0, -1, LIMIT_MAX + 1])
def test_a_page_holds_at_least_one_row_and_not_too_many(limit):
    with pytest.raises(EntryError, match="limit"):
        page_limit(limit)
    assert page_limit(1) == 1
    assert page_limit(LIMIT_MAX) == LIMIT_MAX


@pytest.mark.parametrize("descending", [False, True])
def test_after_walks_through_all_rows_once(descending):
    things = Table("things", MetaData(), Column("name", String), Column("number", Integer))
    engine = create_engine("sqlite://")
    rows = [(name, number) for name in "abc" for number in (1, 2, 3)]
    cursors = Cursors("things", (str, int))
    columns = (things.c.name, things.c.number)
    with engine.begin() as connection:
        things.create(connection)
        connection.execute(things.insert(), [{"name": name, "number": number} for name, number in rows])
        seen: list[tuple[str, int]] = []
        cursor = None
        while True:
            query = select(*columns).order_by(*(c.desc() if descending else c for c in columns)).limit(2)
            key = cursors.decode(cursor)
            if key:
                query = query.where(after(columns, key, descending=descending))
            page = [tuple(row) for row in connection.execute(query)]
            if not page:
                break
            seen += page
            cursor = cursors.encode(page[-1])
    engine.dispose()
    assert seen == sorted(rows, reverse=descending)


def test_after_one_column():
    things = Table("things", MetaData(), Column("number", Integer))
    assert str(after([things.c.number], [3])) == "things.number > :param_1"
    assert str(after([things.c.number], [3], descending=True)) == "things.number < :param_1"
