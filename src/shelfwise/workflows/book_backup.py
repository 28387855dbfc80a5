"""Backups of the stock book: one SQLite file, whatever database the book is in."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, func, insert, select, text

import shelfwise.accounts.tables as accounts
import shelfwise.answers.tables
import shelfwise.inventory.tables as inventory
from shelfwise.accounts.audit import record_in
from shelfwise.database import Database, metadata, open_database, utc_now
from shelfwise.database.opening import database_url, prepare
from shelfwise.database.schema import revision, upgrade_in
from shelfwise.errors import ConflictError, DatabaseError
from shelfwise.files import atomic_path, storage_errors
from shelfwise.workflows.book_lock import keep_others_out

__all__ = ["Backup", "Restored", "back_up", "restore"]

Progress = Callable[[int, int], None]

_BATCH: Final = 5000
_MOVE_AWAY: Final = "So it cannot be backed up first: move it away with its -wal and -shm, then restore again"
_SQLITE: Final = b"SQLite format 3\0"
"""What a backup begins with."""
_PAGES: Final = 4096
_ = shelfwise.answers.tables  # its tables are among those of the metadata


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was written.

    Attributes:
        path: the file.
        size: its length in bytes.
        movements: how many movements it holds.
    """

    path: Path
    size: int
    movements: int


@dataclass(frozen=True, slots=True)
class Restored:
    """A book that was put back.

    Attributes:
        taken_at: the time of the latest booking in it, None where nothing was ever booked.
        movements: how many movements it holds.
        kept: the path, in full, of a backup of the book that it replaced; None where there was none.
    """

    taken_at: datetime | None
    movements: int
    kept: Path | None


def back_up(database: Database, target: Path, progress: Progress | None = None) -> Backup:
    """Write a backup of the book as it is at one moment; a server may go on booking meanwhile.

    Args:
        database: the book.
        target: the file to write; one that is there is replaced when the new one is whole.
        progress: told how much is done, of how much: pages or rows.

    Raises:
        DatabaseError: the book is damaged or cannot be reached.
        StorageError: the file cannot be written.
    """
    with atomic_path(target) as temporary:
        if database.dialect == "sqlite":
            _copy_pages(Path(str(database.url.database)), temporary, progress)
        else:
            with open_database(temporary, create=True) as copy, database.read(snapshot=True) as source:
                _copy_rows(source, copy, progress)
        _one_file(temporary)
        _refuse_damaged(temporary, shown=database.shown)
    with open_database(target) as written:
        movements = _movements(written)
    return Backup(target, target.stat().st_size, movements)


def restore(
    where: str | Path,
    source: Path,
    *,
    replace: bool = False,
    by: str = "",
    progress: Progress | None = None,
) -> Restored:
    """Put a backup's book into a database, all of it or nothing.

    Whoever was signed in when the backup was made has to sign in again. The book's own audit log tells of it.

    Args:
        where: the database, as :func:`shelfwise.database.open_database` takes it; made where it is missing.
        source: the backup; one of an older Shelfwise is brought to this version on the way.
        replace: also where the database holds a book; a backup of that is made first, beside the book, or beside
            the source where the book is in PostgreSQL.
        by: who restores it, for the audit log.
        progress: told how much is done, of how much: pages or rows.

    Raises:
        DatabaseError: the backup is missing, damaged or from a newer Shelfwise.
        ConflictError: the database holds a book and ``replace`` was not asked for; it is another program's; or a
            server is running on it, which of a book in PostgreSQL cannot be told.
    """
    if not source.is_file():
        raise DatabaseError(f"there is no backup at {source}")
    with storage_errors(source), source.open("rb") as file:
        if file.read(len(_SQLITE)) != _SQLITE:
            raise DatabaseError(f"{source} is no backup of a stock book")
    with tempfile.TemporaryDirectory(prefix="shelfwise-restore-") as folder:
        fresh = Path(folder) / "stock.db"
        _copy_pages(source, fresh, None)
        _refuse_damaged(fresh, shown=str(source))
        _refuse_foreign(fresh, source)
        with open_database(fresh, create=True) as backup:
            backup.write(lambda connection: _mark_restored(connection, source, by))
            if database_url(where).get_backend_name() == "sqlite":
                path = Path(str(prepare(where).database))
                with keep_others_out(path, "end it first, then restore again"):
                    kept = _make_room(where, path.parent, replace)
                    backup.close()
                    _one_file(fresh)
                    _copy_pages(fresh, path, progress)
            else:
                kept = _make_room(where, source.absolute().parent, replace)
                with open_database(where, create=True) as database:
                    database.write(lambda connection: _replace_rows(backup, connection, progress))
    with open_database(where) as database, database.read() as connection:
        taken_at = connection.execute(select(func.max(inventory.bookings.c.booked_at))).scalar()
        return Restored(taken_at, _movements(database), kept)


def _mark_restored(connection: Connection, source: Path, by: str) -> None:
    connection.execute(delete(accounts.sessions))
    # In the book that takes the other's place, whose log is gone with it.
    details = {"movements": _count(connection, inventory.movements)}
    record_in(connection, utc_now(), by, "book.restore", source.name, details)


def _copy_pages(source: Path, target: Path, progress: Progress | None) -> None:
    """Copy a SQLite database within one transaction, also one that is being written to."""

    def tell(status: int, remaining: int, total: int) -> None:
        if progress is not None:
            progress(total - remaining, total)

    try:
        with (
            storage_errors(target),
            contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            contextlib.closing(sqlite3.connect(target, timeout=15)) as new,
        ):
            # Within a transaction that reads, or each commit of a server that books would begin the copy anew.
            old.isolation_level = None
            old.execute("BEGIN")
            old.execute("SELECT count(*) FROM sqlite_master").fetchone()
            old.backup(new, pages=_PAGES, progress=tell, sleep=0.01)
    except sqlite3.DatabaseError as error:
        raise DatabaseError(f"{source} cannot be copied to {target}: {error}") from error


def _one_file(path: Path) -> None:
    """Leave no write-ahead log beside it: a backup is one file, which may be carried anywhere."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _refuse_damaged(path: Path, *, shown: str) -> None:
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DatabaseError(f"{shown} is damaged or no stock book: {error}") from error
    if found != "ok":
        raise DatabaseError(f"{shown} is damaged: {found}")


def _refuse_foreign(path: Path, source: Path) -> None:
    with contextlib.closing(Database(database_url(path))) as database:
        if revision(database) is None:
            raise DatabaseError(f"{source} is no backup of a stock book")


def _make_room(where: str | Path, folder: Path, replace: bool) -> Path | None:
    url = database_url(where)
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        if not path.exists():
            return None
        _refuse_others(path)
    with contextlib.closing(Database(url)) as database:
        if revision(database) is None:
            return None
        with open_database(where, create=True) as there:
            if _is_empty(there):
                return None
            if not replace:
                raise ConflictError(
                    f"{there.shown} holds a stock book already: restore with --replace to put the backup in its "
                    "place (a backup of it is made first), or give another database"
                )
            kept = folder / f"before-restore-{utc_now():%Y%m%dT%H%M%SZ}.db"
            try:
                return back_up(there, kept).path
            except DatabaseError as error:
                raise DatabaseError(f"{error}. {_MOVE_AWAY}") from error


def _refuse_others(path: Path) -> None:
    """Refuse to write over a file that is another program's; looked at without touching it."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    except sqlite3.DatabaseError as error:
        raise DatabaseError(f"{path} is damaged or no stock book: {error}. {_MOVE_AWAY}") from error
    if found and ("alembic_version",) not in found:
        raise ConflictError(f"{path} holds another program's tables: give the stock book a file of its own")


def _is_empty(database: Database) -> bool:
    with database.read() as connection:
        return all(
            connection.execute(select(table.c.id).limit(1)).first() is None
            for table in (inventory.stores, inventory.products, accounts.users)
        )


def _copy_rows(source: Connection, target: Database, progress: Progress | None) -> None:
    total = sum(_count(source, table) for table in metadata.sorted_tables)

    def work(connection: Connection) -> None:
        _insert_all(source, connection, total, progress)

    target.write(work)


def _replace_rows(source: Database, target: Connection, progress: Progress | None) -> None:
    """Make the tables anew and fill them, in one transaction of PostgreSQL."""
    for table in reversed(metadata.sorted_tables):
        target.execute(text(f'DROP TABLE IF EXISTS "{table.name}" CASCADE'))
    target.execute(text("DROP TABLE IF EXISTS alembic_version"))
    upgrade_in(target)
    with source.read(snapshot=True) as rows:
        total = sum(_count(rows, table) for table in metadata.sorted_tables)
        _insert_all(rows, target, total, progress)
    for table in metadata.sorted_tables:
        if _is_counted_up(table):
            target.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608  # our own names
                    f'(SELECT max(id) FROM "{table.name}")) WHERE EXISTS (SELECT 1 FROM "{table.name}")'
                )
            )


def _is_counted_up(table: Table) -> bool:
    return table.autoincrement_column is not None and table.autoincrement_column.name == "id"


def _insert_all(source: Connection, target: Connection, total: int, progress: Progress | None) -> None:
    done = 0
    for table in metadata.sorted_tables:
        # In the order of their numbers: what a row refers to in its own table is older.
        rows = source.execute(
            select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_BATCH)
        )
        for batch in rows.mappings().partitions():
            values: list[dict[str, Any]] = [dict(row) for row in batch]
            target.execute(insert(table), values)
            done += len(values)
            if progress is not None:
                progress(done, total)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _movements(database: Database) -> int:
    with database.read() as connection:
        return _count(connection, inventory.movements)
