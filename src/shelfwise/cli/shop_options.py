"""Where a command finds the shop's stock book: options, else the environment, else the user's data folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shelfwise.database import Database

__all__ = ["DatabaseOption", "HomeOption", "book_place", "open_book", "photo_folder"]

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="The shop's folder. By default $SHELFWISE_HOME, else shelfwise/shop in the user's data folder.",
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The stock book's database: postgresql://user@host/name or a SQLite file. "
        "By default $SHELFWISE_DATABASE, else stock.db in the shop's folder.",
    ),
]


def book_place(home: Path | None, database: str | None) -> str | Path:
    """The stock book's database, as :func:`shelfwise.database.open_database` takes it."""
    from shelfwise.settings import Settings

    settings = Settings()
    # A folder that is named means the book in it, whatever the environment says.
    return database or (None if home else settings.database) or (home or settings.home) / "stock.db"


def photo_folder(home: Path | None) -> Path:
    """Where the shop keeps its photos."""
    from shelfwise.settings import Settings

    return (home or Settings().home).expanduser() / "photos"


@contextlib.contextmanager
def open_book(home: Path | None, database: str | None) -> Iterator[Database]:
    """The stock book, open; it has to be there already.

    Raises:
        DatabaseError: there is none, or it is another version's; the message says what to run.
        MissingExtraError: the packages of the stock book are not installed.
    """
    from shelfwise.extras import require

    require("sqlalchemy", what="The stock book", extra="stock")
    from shelfwise.database import open_database

    with open_database(book_place(home, database)) as book:
        yield book
