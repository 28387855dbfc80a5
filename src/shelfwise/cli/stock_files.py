"""CSV and XLSX in and out on the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from shelfwise.cli.shop_options import DatabaseOption, HomeOption
from shelfwise.cli.stock_options import (
    KeyOption,
    StoreOption,
    UserOption,
    bound,
    find_store,
    opened,
    user_name,
)
from shelfwise.errors import ConfigError, EntryError
from shelfwise.text import printable, some

if TYPE_CHECKING:
    from shelfwise.inventory.exchange.records import ImportReport

__all__ = ["COMMANDS", "PANEL"]

PANEL: Final = "Files"

TableArgument = Annotated[
    Literal["products", "counts", "movements"],
    typer.Argument(metavar="TABLE", help="products, counts or movements."),
]


def import_(
    table: TableArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV or XLSX file; docs/stock-files.md has the columns.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
    store: StoreOption = None,
    key: KeyOption = None,
    user: UserOption = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Import a file: all of its rows, or none where one is wrong; every bad row is named.

    An empty cell empties a product's category, GTIN, minimum or target: try the file with --dry-run, which tells
    line by line what would change. Leaves with 1 where rows are wrong. The same counts or movements are not booked
    twice. Products are those of every store: only counts and movements need to know theirs.
    """
    from shelfwise.cli.progress import stage

    try:
        data = file.read_bytes()
    except OSError as error:
        raise EntryError("file", f"{file} cannot be read: {error.strerror}") from error
    with opened(home, database) as book:
        from shelfwise.inventory.exchange.importing import import_file

        # Products are shared by all stores.
        shop = find_store(book.catalogue, store) if store is not None or table != "products" else None
        with stage("Trying" if dry_run else "Importing"):
            report = import_file(
                book.database,
                table,
                data,
                str(file),
                store_id=shop.id if shop else None,
                user=user_name(user),
                dry_run=dry_run,
                key=key,
            )
        if report.done:
            of_store = {"store_id": shop.id} if shop else {}
            book.tell("import", table, file=file.name[:200], rows=report.rows, **of_store)
    for problem in report.problems:
        typer.echo(printable(f"{file}: {problem}"), err=True)
    if dry_run and not report.problems:
        _tell_changes(report)
    _warn_of_emptied(report, dry_run)
    typer.echo(_told(report, dry_run))
    if report.problems:
        raise typer.Exit(1)


def _tell_changes(report: ImportReport) -> None:
    """Say row by row what the file would change, or what it holds of each kind of movement."""
    from shelfwise.inventory.exchange.cells import shown

    for change in report.changes:
        typer.echo(printable(str(change)))
    if (more := report.changes_total - len(report.changes)) > 0:
        typer.echo(f"and {_rows(more)} more that would change something")
    for each in report.kinds:
        typer.echo(f"{each.kind}: {_rows(each.rows)}, {shown(each.quantity)} in all")


def _warn_of_emptied(report: ImportReport, dry_run: bool) -> None:
    """Say which values empty cells take away: also of a real run, for nobody sees it in the counts."""
    if not report.emptied or report.problems:
        return
    parts = [
        f"the {column} of {products:,} product{'' if products == 1 else 's'}"
        for column, products in report.emptied.items()
    ]
    note = f"note: empty cells {'would take' if dry_run else 'took'} away {some(parts)}"
    typer.echo(f"{note}{'; leave a column out to keep what the book has' if dry_run else ''}", err=True)


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _told(report: ImportReport, dry_run: bool) -> str:
    rows = _rows(report.rows)
    if report.problems:
        wrong = len(report.problems)
        if not report.rows:
            return f"Nothing imported: {wrong:,} problem{'' if wrong == 1 else 's'} to correct first"
        return f"Nothing imported of {rows}: {wrong:,} problem{'' if wrong == 1 else 's'} to correct first"
    if report.repeated:
        return f"Booked before (booking {report.booking_id}): nothing to do"
    if report.table == "products":
        what = f"{report.added:,} new, {report.changed:,} changed, {report.unchanged:,} as they were"
    else:
        what = f"{report.added:,} to book" if dry_run else f"{report.added:,} booked"
        if report.table == "counts":
            what += f", {report.changes_total:,} other than expected"
    return f"{'Would import' if dry_run else 'Imported'} {rows}: {what}"


def export(
    table: TableArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="NAME.csv or NAME.xlsx; - writes CSV to standard output.")
    ],
    store: StoreOption = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Movements from this time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Movements before this time.")
    ] = None,
    home: HomeOption = None,
    database: DatabaseOption = None,
) -> None:
    """Export a table of a store; counts is a sheet to count with, filled with what the book says."""
    from shelfwise.files import atomic_path

    kind = _kind(file)
    with opened(home, database) as book:
        from shelfwise.inventory.exchange.exporting import Slice, export_file

        shop = find_store(book.catalogue, store)
        part = Slice(bound(since, "since"), bound(until, "until"))
        if str(file) == "-":
            export_file(book.database, table, kind, shop.id, sys.stdout.buffer, part)
            return
        with atomic_path(file) as temporary, temporary.open("wb") as out:
            rows = export_file(book.database, table, kind, shop.id, out, part)
    typer.echo(printable(f"{file}: {_rows(rows)}"))


def _kind(file: Path) -> Literal["csv", "xlsx"]:
    match file.suffix.lower():
        case ".xlsx":
            return "xlsx"
        case ".csv":
            return "csv"
        case "" if str(file) == "-":
            return "csv"
    raise ConfigError(f"{file}: name it .csv or .xlsx")


COMMANDS: Final[tuple[Callable[..., None], ...]] = (import_, export)
