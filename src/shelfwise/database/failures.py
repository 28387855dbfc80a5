"""From a driver's error to one that tells a person what to do."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from shelfwise.errors import BusyError, ConflictError, DatabaseError, ShelfwiseError, StorageError

__all__ = ["told"]

_NO_ROOM: Final = ("disk is full", "disk i/o error", "readonly database", "no space left", "could not extend")
_REFUSED: Final = ("is only ever added to", "is only added to")  # by our own triggers
_DAMAGED: Final = ("malformed", "not a database", "file is encrypted")


def told(error: DBAPIError, where: str) -> ShelfwiseError:
    """The error of the exception tree for one of the driver's.

    Args:
        error: what SQLAlchemy raised.
        where: the database's name for people.
    """
    # The first line alone: the others are for programmers, such as the statement and where it is wrong.
    said = (str(error.orig).strip() or type(error.orig).__name__).splitlines()[0]
    low = said.lower()
    if isinstance(error, IntegrityError):
        if any(words in low for words in _REFUSED):
            return ConflictError(said)
        return ConflictError(
            "this clashes with what somebody else has just written into the stock book: look again, then try again"
        )
    if any(words in low for words in _NO_ROOM):
        return StorageError(
            f"{where}: the stock book cannot be written: {said}. Make room or give permission"
        )
    if "database is locked" in low:
        return BusyError(f"{where}: another program holds the stock book; try again", 2.0)
    if any(words in low for words in _DAMAGED):
        return DatabaseError(
            f"{where} is damaged: {said}. Run: shelfwise db check, and restore a backup with shelfwise db restore"
        )
    if isinstance(error, ProgrammingError) or "no such table" in low or "no such column" in low:
        return DatabaseError(f"{where}: not this version's stock book ({said}). Run: shelfwise db upgrade")
    return DatabaseError(
        f"{where}: the database does not answer: {said}. Is it running, is its address right?"
    )
