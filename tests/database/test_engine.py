"""Writing: durable, undone alone, shared by threads; and what a broken database says."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, MetaData, Table, event, func, insert, select, text

from shelfwise.database import Database, Id, Quantity, UtcTime
from shelfwise.database.opening import database_url, open_database
from shelfwise.database.schema import HEAD, revision, upgrade
from shelfwise.errors import ConfigError, ConflictError, DatabaseError, StorageError

OWN = MetaData()
NOTES = Table(
    "notes", OWN, Column("id", Id, primary_key=True), Column("amount", Quantity), Column("at", UtcTime)
)


@pytest.fixture
def notes(database: Database) -> Database:
    OWN.create_all(database.engine)
    return database


def add(amount: str):
    return lambda connection: connection.execute(insert(NOTES).values(amount=Decimal(amount)))


def amounts(database: Database) -> list[Decimal]:
    with database.read() as connection:
        return list(connection.execute(select(NOTES.c.amount).order_by(NOTES.c.amount)).scalars())


def test_what_raises_is_undone_alone(notes: Database) -> None:
    def fails(connection) -> None:
        add("2")(connection)
        raise ValueError("no")

    notes.write(add("1"))
    with pytest.raises(ValueError, match="no"):
        notes.write(fails)
    notes.write(add("3"))
    assert amounts(notes) == [Decimal(1), Decimal(3)]


def test_many_threads_write_all_and_only_what_they_were_told(notes: Database) -> None:
    told: list[int] = []

    def writer(first: int) -> None:
        for n in range(first, first + 25):

            def work(connection, n=n) -> None:
                add(str(n))(connection)
                if n % 5 == 0:
                    raise KeyError(n)

            try:
                notes.write(work)
            except KeyError:
                continue
            told.append(n)

    threads = [threading.Thread(target=writer, args=(100 * k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 6 * 20
    assert [int(a) for a in amounts(notes)] == sorted(told)


def test_a_snapshot_sees_one_state_of_the_book(notes: Database) -> None:
    notes.write(add("1"))
    with notes.read(snapshot=True) as connection:
        before = connection.scalar(select(func.sum(NOTES.c.amount)))
        notes.write(add("2"))
        assert connection.scalar(select(func.sum(NOTES.c.amount))) == before
    assert amounts(notes) == [Decimal(1), Decimal(2)]


def test_a_snapshot_gives_rows_a_few_at_a_time(notes: Database) -> None:
    for number in range(5):
        notes.write(add(str(number)))
    query = select(NOTES.c.amount).order_by(NOTES.c.amount).execution_options(yield_per=2)
    with notes.read(snapshot=True) as connection:
        assert [len(each) for each in connection.execute(query).partitions()] == [2, 2, 1]


def test_what_is_written_after_a_read_is_in_a_transaction_again(notes: Database) -> None:
    """The connections of both are the same ones."""

    def fails(connection: Connection) -> None:
        add("2")(connection)
        raise ValueError("no")

    assert amounts(notes) == []
    with pytest.raises(ValueError, match="no"):
        notes.write(fails)
    assert amounts(notes) == []


def test_a_write_within_a_write_is_refused_on_sqlite(sqlite_database: Database) -> None:
    with pytest.raises(RuntimeError, match="within a write"):
        sqlite_database.write(lambda _: sqlite_database.write(lambda _: None))


def test_sums_of_quantities_are_exact(notes: Database) -> None:
    for _ in range(10):
        notes.write(add("0.1"))
    with notes.read() as connection:
        total = connection.execute(select(func.sum(NOTES.c.amount))).scalar()
    assert total == Decimal(1)
    assert isinstance(total, Decimal)


@pytest.mark.parametrize("amount", ["0.0001", "1000000000000", "NaN", "Infinity"])
def test_a_quantity_that_cannot_be_kept_exactly_is_refused(sqlite_database: Database, amount: str) -> None:
    with pytest.raises(ValueError, match=r"quantity|digits"):
        Quantity().process_bind_param(Decimal(amount), sqlite_database.engine.dialect)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1)))
def test_times_come_back_to_the_microsecond(at: datetime) -> None:
    from sqlalchemy.dialects import sqlite

    kept = UtcTime().process_bind_param(at, sqlite.dialect())
    assert UtcTime().process_result_value(kept, sqlite.dialect()) == at


def test_a_time_is_one_moment_in_every_zone(notes: Database) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    notes.write(lambda connection: connection.execute(insert(NOTES).values(at=at)))
    with notes.read() as connection:
        found = connection.execute(select(NOTES.c.at).where(NOTES.c.at == at)).scalar()
    assert found == at
    assert found.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(ValueError, match="zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), sqlite_database.engine.dialect)


def test_a_missing_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="shelfwise db upgrade"):
        open_database(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "stock.db"
    path.write_bytes(b"this is no database, not at all" * 100)
    with pytest.raises(DatabaseError, match="damaged"):
        open_database(path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        open_database(tmp_path / "file" / "stock.db", create=True)


def test_creating_twice_changes_nothing(sqlite_database: Database) -> None:
    assert upgrade(sqlite_database) == (HEAD, HEAD)
    assert revision(sqlite_database) == HEAD


def test_a_newer_schema_is_refused(database: Database) -> None:
    database.write(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num='9999'"))
    )
    where = database.url.render_as_string(hide_password=False)
    for create in (False, True):
        with pytest.raises(DatabaseError, match="newer"):
            open_database(where, create=create)


@pytest.mark.parametrize("url", ["mysql://root@host/x", "sqlite://", "sqlite:///:memory:", "://"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        database_url(url)


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(DatabaseError, match="does not answer") as raised:
        open_database("postgresql://me:secret@127.0.0.1:1/none?connect_timeout=2")
    assert "secret" not in str(raised.value)


def test_a_full_disk_is_told_and_what_was_written_before_is_there(sqlite_database: Database) -> None:
    OWN.create_all(sqlite_database.engine)
    with sqlite_database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    @event.listens_for(sqlite_database.engine, "connect")
    def no_room(connection, _record) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")

    sqlite_database.engine.dispose()
    written = 0
    with pytest.raises(StorageError, match="full"):
        while written < 100_000:
            sqlite_database.write(
                lambda connection: connection.execute(insert(NOTES), [{"amount": Decimal(1)}] * 200)
            )
            written += 1
    event.remove(sqlite_database.engine, "connect", no_room)
    sqlite_database.engine.dispose()
    assert len(amounts(sqlite_database)) == 200 * written > 0
    sqlite_database.write(add("2"))


def test_a_clash_is_told_without_the_databases_own_words(notes: Database) -> None:
    def add(connection: Connection) -> None:
        connection.execute(insert(NOTES).values(id=1))

    notes.write(add)
    with pytest.raises(ConflictError) as raised:
        notes.write(add)
    assert not any(word in str(raised.value).lower() for word in ("notes", "constraint", "key", "insert"))
