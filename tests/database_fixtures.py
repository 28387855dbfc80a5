"""Fixtures for tests on a real database: SQLite files and, where pgserver is there, a real PostgreSQL."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from shelfwise.database import Database, open_database

_EMPTY: list[str] = []
"""Names of PostgreSQL databases with an empty stock book, left by tests that are over."""

# What a test may not leave otherwise than it was: tables, columns, indexes, triggers and whether they are on.
_SHAPE = """
    SELECT md5(string_agg(line, chr(10) ORDER BY line)) FROM (
        SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable) AS line
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname) FROM pg_constraint
        UNION ALL SELECT concat_ws(' ', 'revision', version_num) FROM alembic_version
    ) AS lines
"""
_shapes: list[str] = []


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server's database, without the safety of flushes: tests kill no machine."""
    pgserver = pytest.importorskip("pgserver", reason="no PostgreSQL: pip install pgserver")
    # PostgreSQL does not run as root: the folder must be one that another user may enter.
    folder = Path(tempfile.mkdtemp(prefix="shelfwise-postgresql-"))
    folder.chmod(0o755)
    server: Any = pgserver.get_server(folder / "data")
    server.psql("ALTER SYSTEM SET fsync = off; ")
    server.psql("ALTER SYSTEM SET full_page_writes = off;")
    server.psql("ALTER SYSTEM SET max_connections = 200;")
    server.psql("SELECT pg_reload_conf();")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with an empty stock book, to be copied."""
    path = tmp_path_factory.mktemp("template") / "stock.db"
    open_database(path, create=True).close()
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> str:
    """The name of a PostgreSQL database with an empty stock book, to be copied."""
    name = f"template_{os.getpid()}"
    _run_alone(postgresql_server, f"CREATE DATABASE {name}")
    open_database(_other(postgresql_server, name), create=True).close()
    with _alone(_other(postgresql_server, name)) as connection:
        _shapes[:] = [connection.execute(text(_SHAPE)).scalar_one()]
    return name


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty stock book in a SQLite file of its own."""
    path = tmp_path / "book" / "stock.db"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    with open_database(path) as database:
        yield database


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_template: str) -> Iterator[str]:
    """The URL of an empty stock book in PostgreSQL.

    Making a database takes ten times as long as emptying one: what a test leaves is used again, unless it changed
    more than rows.
    """
    if _EMPTY:
        name = _EMPTY.pop()
    else:
        name = f"book_{uuid4().hex}"
        _run_alone(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    yield _other(postgresql_server, name)
    _run_alone(
        postgresql_server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    if _emptied(_other(postgresql_server, name)):
        _EMPTY.append(name)
    else:
        _run_alone(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A stock book that is empty for a module's first test, for tests that only ask a large one."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("book") / "stock.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        with open_database(path) as database:
            yield database
        return
    server, template = (request.getfixturevalue(f"postgresql_{what}") for what in ("server", "template"))
    name = f"book_{uuid4().hex}"
    _run_alone(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    with open_database(_other(server, name)) as database:
        yield database
    _run_alone(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database without any table."""
    name = f"empty_{uuid4().hex}"
    _run_alone(postgresql_server, f"CREATE DATABASE {name}")
    yield _other(postgresql_server, name)
    _run_alone(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgresql_database(postgresql_url: str) -> Iterator[Database]:
    """An empty stock book in PostgreSQL."""
    with open_database(postgresql_url) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty stock book, once in SQLite and once in PostgreSQL."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


def _other(server: str, name: str) -> str:
    """The URL of another database of the same server."""
    base, _, query = server.partition("?")
    return f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


def _emptied(url: str) -> bool:
    """Empty a database's tables; False where that cannot be, or the database is no longer shaped as it was."""
    try:
        with _alone(url) as connection:
            if connection.execute(text(_SHAPE)).scalar() != _shapes[0]:
                return False
            tables = connection.execute(
                text(
                    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
                )
            ).scalars()
            # Without triggers, for some of them refuse just this.
            parts = ["SET session_replication_role = replica", "SET lock_timeout = '5s'"]
            parts += [f'DELETE FROM "{table}"' for table in tables]
            for part in parts:
                connection.execute(text(part))
            connection.execute(
                text("SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences")
            )
    except DBAPIError:
        return False
    return True


def _run_alone(server: str, statement: str) -> None:
    with _alone(server) as connection:
        connection.execute(text(statement))


@contextlib.contextmanager
def _alone(server: str) -> Iterator[Connection]:
    """A connection outside transactions."""
    engine = create_engine(
        server.replace("postgresql://", "postgresql+psycopg://"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()
