"""``shelfwise db``: make, back up, restore and check the stock book's database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption, book_place, open_book
from shelfwise.cli.stock_options import at_terminal
from shelfwise.errors import ConfigError

__all__ = ["EXAMPLES", "app"]

EXAMPLES: Final = (
    "shelfwise db upgrade",
    "shelfwise db backup backups/monday.db",
    "shelfwise db restore backups/monday.db --database postgresql://shop@localhost/shop",
    "shelfwise db check",
)

app = typer.Typer(help="Make, back up, restore and check the stock book.", pretty_exceptions_enable=False)


@app.command()
def upgrade(home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Make the stock book where there is none; bring an older one to this version, all or nothing.

    The server does this itself when it starts.
    """
    _require()
    from shelfwise.database import schema
    from shelfwise.database.opening import connect, prepare

    url = prepare(book_place(home, database))
    with connect(url) as book:
        before, now = schema.upgrade(book)
        if before == now:
            typer.echo(f"{book.shown} is up to date (revision {now})")
        elif before is None:
            typer.echo(f"Made a stock book: {book.shown} (revision {now})")
        else:
            typer.echo(f"{book.shown}: from revision {before} to {now}")


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the backup.")],
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write the book as it is now into one file, also while a server books.

    The file is a SQLite database, whatever database the book is in; restore puts it into either. Photos and
    models lie in the shop's folder, as files that never change: copy them with the tool of your choice.
    """
    from shelfwise.cli.progress import stage

    if not target.parent.is_dir():
        # Made silently, a mistyped folder would hold the only backup where nobody looks for it.
        raise ConfigError(f"{target.parent}: there is no such folder; make it first, or name another one")
    with open_book(home, database) as book, stage("Backing up") as progress:
        from shelfwise.workflows.book_backup import back_up

        written = back_up(book, target, progress)
    typer.echo(f"{written.path}: {written.movements:,} movements, {written.size / 2**20:,.1f} MiB")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, written by shelfwise db backup.")],
    home: HomeOption = None,
    database: DatabaseOption = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Also where a book is; a backup of that is written first, beside the book (of one in PostgreSQL, "
            "beside FILE).",
        ),
    ] = False,
) -> None:
    """Put a backup's book in place, all of it or nothing. Stop the server first.

    While a server runs on a SQLite book, that book is not replaced; of PostgreSQL you have to see to it yourself.
    Everybody has to sign in again. A backup of SQLite restores into PostgreSQL and the other way round.
    """
    _require()
    from shelfwise.cli.progress import stage
    from shelfwise.workflows import book_backup

    with stage("Restoring") as progress:
        done = book_backup.restore(
            book_place(home, database),
            source,
            replace=replace,
            by=at_terminal(),
            progress=progress,
        )
    latest = f"; the latest was booked {done.taken_at:%Y-%m-%d %H:%M} UTC" if done.taken_at else ""
    typer.echo(f"Restored {done.movements:,} movements{latest}")
    if done.kept is not None:
        typer.echo(f"The book that was there before: {done.kept}")


@app.command()
def check(home: HomeOption = None, database: DatabaseOption = None) -> None:
    """Check that the database is whole and the book balances: every level follows from its movements.

    Leaves with 1 where something is wrong.
    """
    from shelfwise.cli.progress import stage

    with open_book(home, database) as book, stage("Checking"):
        from shelfwise.workflows.book_check import check_all

        problems = check_all(book)
    for problem in problems:
        typer.echo(problem)
    if problems:
        raise typer.Exit(1)
    typer.echo("The book balances.")


def _require() -> None:
    from shelfwise.extras import require

    require("sqlalchemy", what="The stock book", extra="stock")
