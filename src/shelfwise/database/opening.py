"""Opening a database by what a person wrote: a URL or the path of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shelfwise.database.engine import Database
from shelfwise.database.schema import HEAD, check_revision, revision, upgrade
from shelfwise.errors import ConfigError, DatabaseError, MissingExtraError
from shelfwise.files import storage_errors

__all__ = ["connect", "database_url", "open_database", "prepare"]

_POSTGRESQL: Final = ("postgresql", "postgres", "postgresql+psycopg")


def open_database(where: str | Path, *, create: bool = False) -> Database:
    """Open the stock book's database.

    Args:
        where: ``postgresql://user:password@host/name``, ``sqlite:///file.db``, or a SQLite file's path.
        create: make the file and the schema where there is none, and bring an older schema to this version.

    Raises:
        ConfigError: the URL is neither a SQLite nor a PostgreSQL database's.
        DatabaseError: it cannot be reached, or its schema is not this version's.
        StorageError: the file or its folder cannot be written.
    """
    database = connect(prepare(where, create=create))
    try:
        if not create:
            check_revision(database)
        elif revision(database) != HEAD:
            upgrade(database)
    except BaseException:
        database.close()
        raise
    return database


def database_url(where: str | Path) -> URL:
    """The URL of a database.

    Raises:
        ConfigError: it is neither a SQLite nor a PostgreSQL database's.
    """
    text = str(where)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().absolute()))
    try:
        url = make_url(text)
    except ArgumentError as error:
        # The text may hold a password: it is not repeated.
        raise ConfigError("the database's URL cannot be read: write postgresql://user@host/name") from error
    if url.drivername in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        return url.set(database=str(Path(url.database).expanduser().absolute()))
    raise ConfigError(
        f"{url.drivername} is no database for a stock book: give postgresql://user@host/name or the path of a file"
    )


def prepare(where: str | Path, *, create: bool = True) -> URL:
    """The URL of a database; of a SQLite file its folder is made, or else the file has to be there.

    Raises:
        ConfigError: it is neither a SQLite nor a PostgreSQL database's.
        DatabaseError: it is a folder, or there is no file.
        StorageError: its folder cannot be made.
    """
    url = database_url(where)
    if url.get_backend_name() == "sqlite":
        _prepare_file(Path(str(url.database)), create)
    return url


def _prepare_file(path: Path, create: bool) -> None:
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder: give the path of the stock book's file")
    if create:
        with storage_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
    elif not path.is_file():
        raise DatabaseError(f"there is no stock book at {path}. Make one with: shelfwise db upgrade")


def connect(url: URL) -> Database:
    """A database, whatever its schema; nothing is sent to it yet.

    Raises:
        MissingExtraError: PostgreSQL's driver is not installed.
    """
    try:
        return Database(url)
    except ModuleNotFoundError as error:
        if error.name in ("psycopg", "psycopg_binary"):
            raise MissingExtraError("A PostgreSQL database", "postgresql") from error
        raise
