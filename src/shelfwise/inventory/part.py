"""What the parts of the catalogue have in common."""

from __future__ import annotations

from shelfwise.database import Database

__all__ = ["Part"]


class Part:
    """A part of the stock book.

    Args:
        database: where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
