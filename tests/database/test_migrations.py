"""The migrations make what the tables say, and two starts at once make it once."""

import importlib
import threading
from pathlib import Path

import pytest
from sqlalchemy import bindparam, inspect, text

from shelfwise.database import Database, UtcTime, metadata, open_database, schema, utc_now
from shelfwise.database.opening import connect, prepare
from shelfwise.database.schema import HEAD, MIGRATIONS, revision, upgrade
from shelfwise.errors import ConflictError


@pytest.fixture
def all_rooms() -> None:
    """The tables of all rooms, whatever was imported before."""
    for room in ("inventory", "accounts", "answers"):
        importlib.import_module(f"shelfwise.{room}.tables")


def test_the_head_is_the_last_of_the_migrations() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.usefixtures("all_rooms")
def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_first_starts_at_once_make_one_schema(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    where = (
        str(tmp_path / "stock.db") if kind == "sqlite" else request.getfixturevalue("empty_postgresql_url")
    )
    failures: list[BaseException] = []

    def start() -> None:
        try:
            open_database(where, create=True).close()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_database(where) as database:
        assert revision(database) == HEAD


def test_another_programs_tables_are_not_taken_for_ours(empty_postgresql_url: str, tmp_path: Path) -> None:
    for where, table in ((empty_postgresql_url, "products"), (tmp_path / "other.db", "letters")):
        with connect(prepare(where)) as other:
            other.write(
                lambda connection, table=table: connection.execute(text(f"CREATE TABLE {table} (n int)"))
            )
            with pytest.raises(ConflictError, match="another program's tables"):
                upgrade(other)
            with other.read() as connection:
                assert inspect(connection).get_table_names() == [table]


def test_a_database_of_postgresql_may_be_shared(empty_postgresql_url: str) -> None:
    with connect(prepare(empty_postgresql_url)) as other:
        other.write(lambda connection: connection.execute(text("CREATE TABLE letters (n int)")))
        assert upgrade(other)[0] is None


@pytest.mark.usefixtures("all_rooms")
def test_all_our_tables_are_known_by_name() -> None:
    assert {*metadata.tables, "alembic_version"} == schema._OURS


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_older_book_asks_about_each_photo_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shelfwise.inventory.catalogue import Catalogue

    where = (
        str(tmp_path / "stock.db") if kind == "sqlite" else request.getfixturevalue("empty_postgresql_url")
    )
    # Photo, store and verdict of answers 1 to 8, as the version before kept them.
    kept = [
        ("a", 1, None),
        ("a", 1, None),
        ("a", 2, None),
        ("b", None, None),
        ("b", None, None),
        ("c", 1, None),
        ("c", 1, "confirmed"),
        ("a", None, "skipped"),
    ]
    columns = "photo, model, kind, confidence, doubt, candidates, user_name, at, store_id, verdict"
    with monkeypatch.context() as before:
        before.setattr(schema, "HEAD", "0004")
        with connect(prepare(where)) as book:
            upgrade(book)
            for name in ("North", "South"):
                Catalogue(book).add_store(name, "Ada")
            for photo, store, verdict in kept:
                values = f"'{photo}', 'm', 'ask', 0.5, 1500000, '[]', 'Ada', :at, :store, :verdict"
                statement = text(f"INSERT INTO answers ({columns}) VALUES ({values})").bindparams(
                    bindparam("at", utc_now(), UtcTime), store=store, verdict=verdict
                )
                book.write(lambda connection, statement=statement: connection.execute(statement))
    with open_database(where, create=True) as book, book.read() as connection:
        assert revision(book) == HEAD
        rows = connection.execute(text("SELECT id, newer_id FROM answers ORDER BY id"))
        assert [row.newer_id for row in rows] == [2, None, None, 5, None, 7, None, None]
