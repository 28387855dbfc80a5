"""What the parts of the catalogue have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Connection

from shelfwise.database import Database
from shelfwise.errors import EntryError, NotFoundError

__all__ = ["Check", "Part", "Tell", "checked_id", "checked_time", "tell_if_changed"]

T = TypeVar("T")
Check = Callable[[T], None] | None
"""Looks at a record as it is just before a change, in its transaction, and raises where it is not to be changed."""
Tell = Callable[[Connection, T | None, T], None] | None
"""Writes down a change in its transaction: the record as it was, None for one that was added, and as it is now."""

_LARGEST_ID: Final = 2**63 - 1


class Part:
    """A part of the stock book.

    Args:
        database: where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database


def tell_if_changed(tell: Tell[T], connection: Connection, before: T | None, after: T) -> T:
    """Let ``tell`` write down a change, unless nothing is different; gives the record as it is now."""
    if tell is not None and before != after:
        tell(connection, before, after)
    return after


def checked_id(what: str, number: int) -> int:
    """The number of a row, if a database could have one of it.

    Raises:
        NotFoundError: it could not.
    """
    if not 0 < number <= _LARGEST_ID:
        raise NotFoundError(f"there is no {what} {number}")
    return number


def checked_time(field: str, at: datetime) -> datetime:
    """A time that is asked about.

    Raises:
        EntryError: it has no zone.
    """
    if at.tzinfo is None:
        raise EntryError(field, "give a time with its zone, such as 2026-01-31T12:00:00Z")
    return at
