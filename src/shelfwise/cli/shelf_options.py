"""Options of ``shelfwise shelf``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

__all__ = [
    "AllOption",
    "BookAtOption",
    "BookDatabaseOption",
    "BookHomeOption",
    "BookKeyOption",
    "BookOption",
    "BookPlaceOption",
    "BookStoreOption",
    "BookUserOption",
    "DepthOption",
    "DetectorOption",
    "DraftOption",
    "FormatOption",
    "JoinOption",
    "NamesOption",
    "OutputOption",
    "PicturesOption",
    "PlanogramOption",
    "SaveOption",
    "ScoreOption",
    "YesOption",
]

_PLAN: Final = "Planogram"
_BOOK: Final = "Booking"

DetectorOption = Annotated[
    Path | None,
    typer.Option(
        metavar="BUNDLE", help="What finds the products. By default the one that comes with Shelfwise."
    ),
]
FormatOption = Annotated[
    Literal["table", "json", "csv", "coco"] | None,
    typer.Option(
        "--format",
        metavar="table|json|csv|coco",
        help="How to write the counts. By default a table, or as --output ends: .csv, .json, .coco.json or .txt.",
    ),
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the counts to this file.")
]
SaveOption = Annotated[
    bool, typer.Option("--save-picture", help="Save each photo, marked out, beside it as NAME.shelf.jpg.")
]
PicturesOption = Annotated[
    Path | None,
    typer.Option(
        "--pictures", metavar="PATH", help="Save marked-out photos in this folder, or one as this file."
    ),
]
PlanogramOption = Annotated[
    Path | None,
    typer.Option(
        "--planogram", metavar="FILE", help="Compare with what should stand there: a JSON or CSV file."
    ),
]
DraftOption = Annotated[
    Path | None,
    typer.Option(
        "--draft-planogram",
        metavar="FILE",
        help="Write what stands there as a planogram, JSON or CSV.",
        rich_help_panel=_PLAN,
    ),
]
JoinOption = Annotated[
    bool,
    typer.Option(
        "--join", help="The photos show one shelf, from one end to the other, and overlap: count it once."
    ),
]
NamesOption = Annotated[
    bool,
    typer.Option(
        "--names/--no-names",
        help="Name the products, or only find and count them: quick. --join, --book and planograms need names.",
    ),
]
ScoreOption = Annotated[
    float,
    typer.Option(metavar="X", min=0.0, max=1.0, help="Leave out boxes less sure than this (0 to 1)."),
]
BookOption = Annotated[
    bool,
    typer.Option(
        "--book",
        help="Book what was named for sure as a stock-take of --place, after showing what changes.",
        rich_help_panel=_BOOK,
    ),
]
DepthOption = Annotated[
    int,
    typer.Option(
        "--depth",
        metavar="N",
        min=1,
        help="Units that stand behind each facing, that one with them: a photo does not show them.",
        rich_help_panel=_BOOK,
    ),
]
AllOption = Annotated[
    bool,
    typer.Option(
        "--all",
        help="The photos show all of the place: what was not seen there is gone.",
        rich_help_panel=_BOOK,
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Book without asking.", rich_help_panel=_BOOK)]
BookStoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="NAME",
        help="The store; not needed where there is one alone.",
        rich_help_panel=_BOOK,
    ),
]
BookPlaceOption = Annotated[
    str | None,
    typer.Option(
        "--place",
        metavar="PATH",
        help="Where in the store, such as 'Aisle 3 / Shelf 2'; else the store itself.",
        rich_help_panel=_BOOK,
    ),
]
BookAtOption = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="When the photos were taken, ISO 8601; UTC without a zone. By default now.",
        rich_help_panel=_BOOK,
    ),
]
BookKeyOption = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="KEY", help="Idempotency key: the same key books only once.", rich_help_panel=_BOOK
    ),
]
BookUserOption = Annotated[
    str | None,
    typer.Option(
        "--user", metavar="NAME", help="Who books it. By default the system's user.", rich_help_panel=_BOOK
    ),
]
BookHomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="The shop's folder. By default $SHELFWISE_HOME, else shelfwise/shop in the user's data folder.",
        rich_help_panel=_BOOK,
    ),
]
BookDatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="The stock book's database. By default $SHELFWISE_DATABASE, else stock.db in the shop's folder.",
        rich_help_panel=_BOOK,
    ),
]
