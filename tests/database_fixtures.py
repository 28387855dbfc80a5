"""Fixtures for tests on a real database: SQLite files and, where pgserver is there, a real PostgreSQL."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from shelfwise.database import Database, open_database


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
    """The URL of an empty stock book in PostgreSQL."""
    name = f"book_{uuid4().hex}"
    _run_alone(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    yield _other(postgresql_server, name)
    _run_alone(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


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


def _run_alone(server: str, statement: str) -> None:
    url = server.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
