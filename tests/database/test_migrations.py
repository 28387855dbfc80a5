"""The migrations make what the tables say, and two starts at once make it once."""

import importlib
import threading
from pathlib import Path

import pytest

from shelfwise.database import Database, metadata, open_database
from shelfwise.database.schema import HEAD, MIGRATIONS, revision


def test_the_head_is_the_last_of_the_migrations() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations_make_the_tables_of_the_code(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    for room in ("inventory", "accounts", "answers"):
        importlib.import_module(f"shelfwise.{room}.tables")
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
