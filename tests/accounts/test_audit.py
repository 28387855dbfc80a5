from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from shelfwise.accounts.audit import AuditLog
from shelfwise.accounts.tables import audit_log
from shelfwise.database import open_database
from shelfwise.errors import EntryError, ShelfwiseError


@pytest.fixture
def audit(database, clock):
    return AuditLog(database, now=clock)


def test_an_entry_tells_who_what_when_and_where_from(audit, clock):
    audit.record(
        "Ana", "product.change", "product 3", {"name": {"before": "Tea", "after": "Tee"}}, "10.0.0.7"
    )
    (entry,) = audit.entries().items
    assert (entry.at, entry.user, entry.action, entry.subject) == (
        clock(),
        "Ana",
        "product.change",
        "product 3",
    )
    assert entry.details == {"name": {"before": "Tea", "after": "Tee"}} and entry.address == "10.0.0.7"


def test_an_entry_is_there_exactly_if_what_it_tells_of_is(audit, database):
    def work(connection):
        audit.record_in(connection, "Ana", "stock.book")
        raise EntryError("quantity", "too much")

    with pytest.raises(EntryError):
        database.write(work)
    assert audit.entries().items == ()
    database.write(lambda connection: audit.record_in(connection, "Ana", "stock.book"))
    assert len(audit.entries().items) == 1


def test_pages_hold_each_entry_once_newest_first(audit, clock):
    for number in range(25):
        audit.record("Ana", "a.b", str(number))
        clock.go(seconds=number % 2)  # two of the same moment
    seen, cursor = [], None
    while True:
        page = audit.entries(limit=4, cursor=cursor)
        seen += [int(entry.subject) for entry in page.items]
        audit.record("Ana", "a.b", "99")
        cursor = page.next
        if cursor is None:
            break
    assert seen == list(range(24, -1, -1))


def test_entries_are_found_by_user_action_and_time(audit, clock):
    start = clock()
    for user, action in (
        ("Ana", "user.add"),
        ("Mia", "user.add"),
        ("Ana", "user.change"),
        ("Ana", "users%x"),
    ):
        audit.record(user, action)
        clock.go(minutes=1)

    def found(**wanted):
        return [(entry.user, entry.action) for entry in audit.entries(**wanted).items]

    assert found(user="Mia") == [("Mia", "user.add")]
    assert found(action="user.add") == [("Mia", "user.add"), ("Ana", "user.add")]
    assert len(found(action="user.")) == 3
    assert found(action="user%.") == []
    minute = timedelta(minutes=1)
    assert found(since=start + minute, until=start + 3 * minute) == [
        ("Ana", "user.change"),
        ("Mia", "user.add"),
    ]
    assert found(user="Mia", action="user.change") == []
    assert found(user="\0") == found(action="\ud800") == []


@pytest.mark.parametrize("wanted", [{"cursor": "x"}, {"cursor": "bm9uZQ"}, {"limit": 0}, {"limit": 501}])
def test_strange_pages_are_refused(audit, wanted):
    with pytest.raises(EntryError) as caught:
        audit.entries(**wanted)
    assert caught.value.field in wanted


def test_the_database_refuses_changes(audit, database):
    audit.record("Ana", "stock.book")
    for statement in (update(audit_log).values(user_name="Mia"), delete(audit_log)):
        with pytest.raises(ShelfwiseError, match="only added to"):
            database.write(lambda connection, statement=statement: connection.execute(statement))
    assert [entry.user for entry in audit.entries().items] == ["Ana"]


def test_what_is_named_like_a_secret_is_left_out(audit):
    audit.record(
        "Ana", "user.change", details={"new_password": "hush", "tokens": [{"Secret": "hush"}], "n": 1}
    )
    (entry,) = audit.entries().items
    assert "hush" not in str(entry.details) and entry.details["n"] == 1


def test_quantities_times_and_sets_are_kept_as_text(audit, clock):
    audit.record("Ana", "a.b", details={"q": Decimal("1.500"), "at": clock(), "s": {2, 1}, "f": float("nan")})
    details = audit.entries().items[0].details
    assert details == {"q": "1.500", "at": "2026-03-01 08:00:00+00:00", "s": [1, 2], "f": "nan"}


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(st.text(), st.text(), st.text(), st.dictionaries(st.text(), json), st.none() | st.text())
def test_any_text_can_be_told_of(audit, user, action, subject, details, address):
    audit.record(user, action, subject, details, address)
    entry = audit.entries(limit=1).items[0]
    assert len(entry.user) <= 64 and len(entry.details) <= len(details) and entry.subject.isprintable()


def test_long_details_are_cut(audit):
    deep = {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}
    audit.record("Ana", "a.b", details={"long": "x" * 5000, "many": list(range(500)), "deep": deep})
    details = audit.entries().items[0].details
    assert len(details["long"]) == 1000 and len(details["many"]) == 100
    assert str(details["deep"]).count("a") < 7


def test_it_outlives_the_program(sqlite_database, clock):
    AuditLog(sqlite_database, now=clock).record("Ana", "a.b")
    sqlite_database.close()
    with open_database(sqlite_database.url.database) as again:
        assert len(AuditLog(again).entries().items) == 1
