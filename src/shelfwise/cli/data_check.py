"""``shelfwise data check``: look for what would spoil training, before it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.tables import console
from shelfwise.rules import Task

if TYPE_CHECKING:
    from rich.console import Console

    from shelfwise.datasets.checks import CheckReport, Finding, Kind, SummaryRow

__all__ = ["EXAMPLES", "check"]

EXAMPLES: Final = (
    "shelfwise data check photos/",
    "shelfwise data check photos/ --html check.html",
    "shelfwise data check photos/ --format json > check.json",
    "shelfwise data check shelves/ --task detect",
)

FOUND_ERRORS: Final = 1
SHOWN: Final = 5
"""Findings of a kind that the table shows without ``--all``."""
PHOTOS_SHOWN: Final = 4
"""Photos of a finding that the table shows without ``--all``."""

_STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_WORDS: Final = {"error": "error", "warning": "warning", "info": "note"}


@takes_config_file
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of labelled photos.")],
    layout: Annotated[
        str | None, typer.Option("--layout", metavar="NAME", help="Its layout; recognised by itself.")
    ] = None,
    task: Annotated[
        Task,
        typer.Option(
            "--task",
            metavar="classify|detect",
            help="What the photos are for: to name what is on them, or to find the products, with boxes.",
        ),
    ] = "classify",
    level: Annotated[
        str | None,
        typer.Option("--level", metavar="LEVEL", help="Level of a hierarchy: fine, coarse or a number."),
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option("--split", metavar="FILE", help="Saved split whose parts must not share photos."),
    ] = None,
    fold: Annotated[
        str | None, typer.Option("--fold", metavar="NAME", help="Official fold to hold against the rest.")
    ] = None,
    output: Annotated[Literal["table", "json"], typer.Option("--format", help="What to print.")] = "table",
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with thumbnails too.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Print every finding, not the first few.")] = False,
) -> None:
    """Look for unreadable, poor, duplicated and mislabelled photos, leaks between parts, thin categories.

    With --task detect all boxes are products, whatever their category: looked for are boxes outside their photo, tiny
    ones, and two on one product; told are photos without boxes, and how many products there are and how large.

    Nothing is changed. Leaves with 1 when an error is found; warnings and notes alone leave 0.
    """
    from shelfwise.cli.progress import stage
    from shelfwise.workflows.check_data import check_data

    with stage("Checking photos") as progress:
        report = check_data(
            folder,
            layout=layout,
            level=level,
            split=split,
            fold=fold,
            page=html,
            progress=progress,
            task=task,
        )
    if output == "json":
        typer.echo(json.dumps(report.to_dict(), indent=2))
    else:
        print_report(report, show_all=show_all)
    if html is not None:
        typer.echo(f"Page: {html}", err=True)
    if report.has_errors:
        raise typer.Exit(FOUND_ERRORS)


def print_report(report: CheckReport, *, show_all: bool = False) -> None:
    """Print a report for people: each kind of finding with what to do and its first cases."""
    printer = console(soft_wrap=True)
    _print_head(printer, report)
    cut = False
    for kind, row, found in report.grouped():
        _print_kind(printer, kind, row)
        shown = found if show_all else found[:SHOWN]
        for finding in shown:
            cut |= _print_finding(printer, finding, show_all=show_all)
        if len(shown) < len(found):
            cut = True
            printer.print(f"      … and {len(found) - len(shown):,} more", style="dim")
        printer.print()
    _print_end(printer, report, cut=cut)


def _print_head(console: Console, report: CheckReport) -> None:
    from rich.table import Table

    from shelfwise.text import many, printable

    if report.task == "detect":
        held = many(sum(report.counts.values()), "box", "boxes")
    else:
        held = many(len(report.counts), "category", "categories")
    where = f"{many(report.photos, 'photo')}, {held}, layout {report.layout}"
    console.print(printable(report.root), style="bold")
    console.print(where + (", rendered by a program" if report.rendered else ""))
    console.print()
    rows = report.summary_rows()
    if not rows:
        return
    table = Table("", "", box=None, show_header=False, pad_edge=False)
    for row in rows:
        table.add_row(_WORDS[row.severity], row.message, style=_STYLES[row.severity])
    console.print(table)
    console.print()


def _print_kind(console: Console, kind: Kind, row: SummaryRow) -> None:
    from rich.text import Text

    heading = Text.assemble((f"{_WORDS[row.severity]}: ", _STYLES[row.severity]), (kind.title, "bold"))
    heading.append(f" ({row.count:,})", "dim")
    console.print(heading)
    console.print(f"  {kind.advice}", style="dim")


def _print_finding(console: Console, finding: Finding, *, show_all: bool) -> bool:
    """Print one finding; say whether some of its photos were left out."""
    from shelfwise.text import printable

    photos = finding.photos if show_all else finding.photos[:PHOTOS_SHOWN]
    if len(finding.photos) == 1:
        console.print(f"    {printable(finding.photos[0].path)}: {printable(finding.message)}")
        return False
    console.print(f"    {printable(finding.message)}")
    for photo in photos:
        told = "; ".join(filter(None, (", ".join(photo.categories), ", ".join(photo.parts))))
        console.print(printable(f"      {photo.path}" + (f"  ({told})" if told else "")))
    hidden = len(finding.photos) - len(photos)
    if hidden:
        console.print(f"      … and {hidden:,} more", style="dim")
    return hidden > 0


def _print_end(console: Console, report: CheckReport, *, cut: bool) -> None:
    if cut:
        console.print("All of them: --all or --format json; with pictures: --html check.html", style="dim")
    counts = {
        "error": report.number_of("error"),
        "warning": report.number_of("warning"),
        "note": report.number_of("info"),
    }
    parts = [f"{count:,} {word}{'' if count == 1 else 's'}" for word, count in counts.items()]
    console.print(", ".join(parts), style="bold")
