"""A database that is open: reading, and writing that is durable when it returns."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from shelfwise.database.failures import told
from shelfwise.database.sharing import SharedCommits

__all__ = ["Database"]

_T = TypeVar("_T")

_TRIES: Final = 8
# PostgreSQL's codes of what goes well when it is tried again: serialisation failure, deadlock.
_TRY_AGAIN: Final = frozenset({"40001", "40P01"})
_BUSY_SECONDS: Final = 15
_CONNECTIONS: Final = 10
_MORE_CONNECTIONS: Final = 40
# Of the connections that wait, the one used last is taken: it has pages and statements of the last question still.
# SQLite maps at most so many bytes of a file, and fetches the pages behind them one by one.
_MAPPED: Final = 0x7FFF0000


class Database:
    """The stock book's database.

    Args:
        url: SQLAlchemy's URL of a SQLite file or a PostgreSQL database.

    Attributes:
        engine: SQLAlchemy's engine.
        dialect: which of the two it is.
    """

    def __init__(self, url: URL) -> None:
        self.url: Final = url
        self.dialect: Final[Literal["sqlite", "postgresql"]] = (
            "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
        )
        self.engine: Final = _sqlite(url) if self.dialect == "sqlite" else _postgresql(url)
        self._shared: Final = SharedCommits(self.engine) if self.dialect == "sqlite" else None
        if self.dialect == "sqlite":
            self._asking = self._looking = self.engine
        else:
            # A statement sees what is committed when it begins, in a transaction or not. Beginning and ending one
            # would be two ways to the server and back, as long as two of a page's questions.
            self._asking = self.engine.execution_options(isolation_level="AUTOCOMMIT")
            self._looking = self.engine.execution_options(isolation_level="REPEATABLE READ")

    @contextlib.contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """A connection that only reads.

        Args:
            snapshot: one transaction, which sees one state of the book throughout; rows can be fetched a few at a
                time. On SQLite it is always so; without it, each statement on PostgreSQL sees what is there by then.

        Raises:
            DatabaseError: the database cannot be reached or is damaged.
        """
        try:
            with (self._looking if snapshot else self._asking).connect() as connection:
                yield connection
        except DBAPIError as error:
            raise told(error, self.shown) from error

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """Do ``work`` in a transaction of its own, which is on the disk when this returns.

        On SQLite, what several threads write at the same time shares one commit, for it is the disk's flush that
        takes long; what raises is undone alone. On PostgreSQL it is tried again where it met another's transaction.

        Args:
            work: statements on the connection that it is given, and nothing else: it may run more than once.

        Raises:
            DatabaseError: the database cannot be reached or is damaged.
            StorageError: the disk is full or may not be written to.
            BusyError: another program holds the database.
        """
        try:
            return self._shared.run(work) if self._shared else self._retried(work)
        except DBAPIError as error:
            raise told(error, self.shown) from error

    def _retried(self, work: Callable[[Connection], _T]) -> _T:
        for attempt in range(_TRIES):
            try:
                with self.engine.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN or attempt == _TRIES - 1:
                    raise
            time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # so that two do not meet again
        raise AssertionError("unreachable")

    @property
    def shown(self) -> str:
        """The database's name for people, without a password."""
        if self.dialect == "sqlite":
            return str(self.url.database)
        return self.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Give the connections back. SQLite's write-ahead log is merged into its file with the last one."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=_CONNECTIONS,
        max_overflow=_MORE_CONNECTIONS,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        # Python's module would begin transactions by itself, too late and without a lock.
        connection.isolation_level = None
        cursor = connection.cursor()
        # WAL: readers never wait. FULL: a commit is on the disk when it returns.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "cache_size = -65536",
            "temp_store = MEMORY",
            f"mmap_size = {_MAPPED}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that will write takes the lock at once: taken later, it could not be waited for.
        writes = connection.get_execution_options().get("shelfwise_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=_MORE_CONNECTIONS,
        pool_recycle=1800,
        pool_use_lifo=True,
    )
