"""``shelfwise shelf``: find, mark out, name and count the products on shelf photos."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from shelfwise.cli.classify import EngineOption, IndexOption, ModelOption, PathsArgument, RecursiveOption
from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.result_file import on_one_terminal, result_file, style_for
from shelfwise.cli.shelf_booking import Asked, booking
from shelfwise.cli.shelf_counting import Sight, Tally, counted, joined, write_all
from shelfwise.cli.shelf_options import (
    AllOption,
    BookAtOption,
    BookDatabaseOption,
    BookHomeOption,
    BookKeyOption,
    BookOption,
    BookPlaceOption,
    BookStoreOption,
    BookUserOption,
    DepthOption,
    DetectorOption,
    DraftOption,
    FormatOption,
    JoinOption,
    NamesOption,
    OutputOption,
    PicturesOption,
    PlanogramOption,
    SaveOption,
    ScoreOption,
    YesOption,
)
from shelfwise.errors import ConfigError, ShelfError
from shelfwise.text import many, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shelfwise.cli.shelf_booking import StockBook
    from shelfwise.workflows.shelf_count import ShelfCount

__all__ = ["EXAMPLES", "shelf"]

EXAMPLES = (
    "shelfwise shelf aisle-3.jpg --save-picture",
    "shelfwise shelf photos/ --no-names --format csv --output facings.csv",
    "shelfwise shelf photos/ --pictures marked/ --format coco --output marked/annotations.json",
    "shelfwise shelf left.jpg right.jpg --join --pictures shelf.jpg",
    "shelfwise shelf aisle-3.jpg --draft-planogram aisle-3.csv",
    "shelfwise shelf today.jpg --planogram aisle-3.csv",
    "shelfwise shelf aisle-3.jpg --book --place 'Aisle 3' --depth 4",
)

_FORMAT_OF_ENDING: Final = {".coco.json": "coco", ".json": "json", ".csv": "csv", ".txt": "table"}


@takes_config_file
def shelf(
    paths: PathsArgument,
    save_picture: SaveOption = False,
    pictures: PicturesOption = None,
    output_format: FormatOption = None,
    output: OutputOption = None,
    join: JoinOption = False,
    names: NamesOption = True,
    model: ModelOption = None,
    index: IndexOption = None,
    detector: DetectorOption = None,
    min_score: ScoreOption = 0.0,
    recursive: RecursiveOption = True,
    engine: EngineOption = "auto",
    planogram: PlanogramOption = None,
    draft_planogram: DraftOption = None,
    book: BookOption = False,
    store: BookStoreOption = None,
    place: BookPlaceOption = None,
    depth: DepthOption = 1,
    everything: AllOption = False,
    yes: YesOption = False,
    at: BookAtOption = None,
    key: BookKeyOption = None,
    user: BookUserOption = None,
    home: BookHomeOption = None,
    database: BookDatabaseOption = None,
) -> None:
    """Find, mark out, name and count the products on shelf photos.

    Every product in sight is a facing. Facings are put into rows, and neighbouring ones of the same product into
    runs. A facing is named where the model, or its index of products (shelfwise products), is sure of it; the others
    are to ask about, or unknown.

    Counts go to standard output in the order of the photos. A photo that cannot be read is named with its reason on
    standard error, the rest is done, and the exit code is 1.

    With --book the counts become a stock-take. A facing is the front unit alone: --depth says how many stand behind
    it. Nothing is booked of facings that are not sure, and nothing at all where a photo could not be read. The
    shop's active model and the products that it has learned are used where neither --model nor --index names others.
    """
    from shelfwise.cli.progress import Progress
    from shelfwise.cli.shelf_output import FORMATS
    from shelfwise.workflows.photos import PhotoFinder
    from shelfwise.workflows.shelf_finding import ShelfPhotos
    from shelfwise.workflows.shelf_photos import Pictures

    chosen = output_format or _format_of(output)
    needing = {"--join": join, "--planogram": planogram, "--draft-planogram": draft_planogram, "--book": book}
    _refuse_nameless(names, needing)
    _refuse_coco_of_joined(join, chosen)
    photos = ShelfPhotos(PhotoFinder(paths, recursive=recursive, leave_out=_folder_of(pictures)), pictures)
    count = 1 if join else photos.count()
    _refuse_draft_of_several(draft_planogram, count)
    saved = Pictures(pictures, several=count != 1) if save_picture or pictures is not None else None
    writer = FORMATS[chosen](style_for(output is None))
    # Where the report and the errors go to the same terminal, the report says it already.
    report_is_enough = chosen == "table" and output is None and on_one_terminal()
    sight = Sight(model, index, detector, planogram, names, min_score, engine)
    asked = Asked(store, place, depth, everything, yes, at, key, user, home, database)
    tally = Tally(names, keep=book or draft_planogram is not None)
    with booking(asked) if book else nullcontext() as stock:
        with result_file(output) as write, Progress() as progress:
            reader = sight.reader(stock, progress.note)
            found = (
                joined(reader, photos, saved, progress)
                if join
                else counted(reader, photos, saved, progress, count)
            )
            write_all(found, writer, write, tally, None if report_is_enough else progress.note)
            if not tally.photos:
                raise ConfigError(f"no photo found in {' '.join(map(printable, paths))}")
        _finish(tally, stock, draft_planogram)
    if tally.failed:
        raise typer.Exit(1)


def _finish(tally: Tally, stock: StockBook | None, draft_planogram: Path | None) -> None:
    """Say what was found, and do what was asked for with all of it."""
    tally.tell()
    if draft_planogram is not None and tally.counts:
        _draft(tally.counts[0], draft_planogram)
    if stock is not None and tally.failed:
        typer.echo("nothing is booked: a photo could not be read, so the counts are not complete", err=True)
    elif stock is not None:
        stock.book(tally.counts)


def _refuse_nameless(names: bool, wanted: Mapping[str, object]) -> None:
    """Refuse options that need names where there are none."""
    for option, value in wanted.items():
        if value and not names:
            raise ConfigError(f"{option} needs the products' names: leave out --no-names")


def _refuse_coco_of_joined(join: bool, output_format: str) -> None:
    if join and output_format == "coco":
        raise ConfigError("--format coco is of photos, and what is joined is on none alone: leave out --join")


def _refuse_draft_of_several(draft_planogram: Path | None, photos: int | None) -> None:
    if draft_planogram is not None and photos != 1:
        raise ConfigError("--draft-planogram drafts from one shelf: name one photo alone, or add --join")


def _draft(count: ShelfCount, path: Path) -> None:
    from shelfwise.shelf.planogram import draft, left_out, write_planogram

    left = left_out(count.facings, count.arrangement.runs)
    if not len(count):
        raise ShelfError("no planogram can be drafted: no product was found")
    if left == len(count):
        raise ShelfError(
            f"no planogram can be drafted: none of {many(len(count), 'facing')} was named for sure. Teach the"
            " products first (`shelfwise products add NAME PHOTO…`), or name the index that knows them with --index"
        )
    drafted = draft(count.facings, count.arrangement.runs)
    write_planogram(drafted, path)
    entries = sum(len(row) for row in drafted.rows)
    where = f"in {many(len(drafted.rows), 'row')}, in {printable(str(path))}"
    typer.echo(f"planogram: {many(entries, 'place')} {where}", err=True)
    if left:
        are = "is" if left == 1 else "are"
        note = (
            f"{left:,} of {many(len(count), 'facing')} {are} not named for sure and left out of the planogram"
        )
        typer.echo(f"note: {note}", err=True)


def _format_of(output: Path | None) -> str:
    """The format that a file's name asks for; a table where it has no ending. Raises ConfigError."""
    if output is None or not output.suffix:
        return "table"
    for ending, output_format in _FORMAT_OF_ENDING.items():
        if output.name.lower().endswith(ending):
            return output_format
    known = ", ".join(f"{ending} ({output_format})" for ending, output_format in _FORMAT_OF_ENDING.items())
    raise ConfigError(
        f"{printable(str(output))}: {printable(output.suffix)} says no format. Known are {known}; or say --format"
    )


def _folder_of(pictures: Path | None) -> Path | None:
    """The folder that pictures are written to and none is read from."""
    return pictures if pictures is not None and pictures.is_dir() else None
