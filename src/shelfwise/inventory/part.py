"""What the parts of the catalogue have in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from shelfwise.database import Database
from shelfwise.errors import EntryError, NotFoundError

__all__ = ["Check", "Part", "checked_id", "checked_time"]

T = TypeVar("T")
Check = Callable[[T], None] | None
"""Looks at a record as it is just before a change, in its transaction, and raises where it is not to be changed."""

_LARGEST_ID: Final = 2**63 - 1


class Part:
    """A part of the stock book.

    Args:
        database: where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database


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
