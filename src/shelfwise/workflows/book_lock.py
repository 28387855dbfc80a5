"""One server at a time for a SQLite book, and none while its file is replaced.

The lock is on a file beside the book, and lasts as long as the process that holds it: a server that was killed leaves
the file behind and nothing locked. Several servers may share a book in PostgreSQL.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from shelfwise.errors import ConflictError
from shelfwise.files import storage_errors

__all__ = ["keep_others_out"]


@contextlib.contextmanager
def keep_others_out(where: str | Path, otherwise: str) -> Iterator[None]:
    """Keep other servers and restores from a SQLite book; for a book in PostgreSQL, nothing.

    Args:
        where: the database, as :func:`shelfwise.database.open_database` takes it; a file's folder is made.
        otherwise: what to do where somebody else has it, after "a server is running on …: ".

    Raises:
        ConflictError: a server is running on the book.
        StorageError: its folder cannot be written.
    """
    if (book := _file(where)) is None:
        yield
        return
    path = book.with_name(f"{book.name}.lock")
    lock = FileLock(path, timeout=0, mode=0o600, thread_local=False)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise ConflictError(f"a server is running on {book}: {otherwise}") from None
    try:
        yield
    finally:
        lock.release()


def _file(where: str | Path) -> Path | None:
    text = str(where)
    if "://" in text:
        from shelfwise.database.opening import database_url

        url = database_url(text)
        if url.get_backend_name() != "sqlite":
            return None
        text = str(url.database)
    # By whatever name, it is one book.
    return Path(text).expanduser().resolve()
