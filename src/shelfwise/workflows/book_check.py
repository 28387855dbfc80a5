"""Whether the stock book can be relied on: the database's own checks, and whether the book balances."""

from __future__ import annotations

from sqlalchemy import Connection, text

from shelfwise.database import Database
from shelfwise.inventory.checks import check_book

__all__ = ["check_all"]


def check_all(database: Database) -> tuple[str, ...]:
    """What is wrong, a sentence each; empty where nothing is.

    Raises:
        DatabaseError: the database cannot be reached, or is too damaged to be looked at.
    """
    with database.read() as connection:
        damage = _damage(connection) if database.dialect == "sqlite" else ()
    return damage or tuple(str(problem) for problem in check_book(database))


def _damage(connection: Connection) -> tuple[str, ...]:
    """What SQLite finds wrong with its file. PostgreSQL checks its pages whenever it reads them."""
    found = connection.execute(text("PRAGMA integrity_check(20)")).scalars().all()
    damaged = tuple(f"the file is damaged: {line}" for line in found if line != "ok")
    strays = connection.execute(text("PRAGMA foreign_key_check")).all()
    return damaged + tuple(
        f"{row[0]}: row {row[1]} refers to a row of {row[2]} that is not there" for row in strays
    )
