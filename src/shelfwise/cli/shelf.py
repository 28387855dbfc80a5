"""``shelfwise shelf``: find, mark out, name and count the products on shelf photos."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from shelfwise.cli.classify import (
    EngineOption,
    IndexOption,
    ModelOption,
    PathsArgument,
    RecursiveOption,
)
from shelfwise.cli.config_file import takes_config_file
from shelfwise.cli.result_file import result_file, style_for
from shelfwise.text import many

if TYPE_CHECKING:
    from shelfwise.cli.progress import Progress, Stage
    from shelfwise.workflows.shelf_photos import CountedPhoto

__all__ = ["EXAMPLES", "shelf"]

EXAMPLES = (
    "shelfwise shelf aisle-3.jpg --save-picture",
    "shelfwise shelf photos/ --no-names --format csv --output facings.csv",
    "shelfwise shelf photos/ --pictures marked/ --format coco --output marked/annotations.json",
)

_FORMAT_OF_SUFFIX: Final = {".csv": "csv", ".json": "json"}

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
        help="How to write the counts. By default a table, or as --output ends.",
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
NamesOption = Annotated[
    bool, typer.Option("--names/--no-names", help="Name the products, or only find and count them: quick.")
]
ScoreOption = Annotated[
    float,
    typer.Option(metavar="X", min=0.0, max=1.0, help="Leave out boxes less sure than this (0 to 1)."),
]


@takes_config_file
def shelf(
    paths: PathsArgument,
    save_picture: SaveOption = False,
    pictures: PicturesOption = None,
    output_format: FormatOption = None,
    output: OutputOption = None,
    names: NamesOption = True,
    model: ModelOption = None,
    index: IndexOption = None,
    detector: DetectorOption = None,
    min_score: ScoreOption = 0.0,
    recursive: RecursiveOption = True,
    engine: EngineOption = "auto",
) -> None:
    """Find, mark out, name and count the products on shelf photos.

    Every product in sight is a facing. Facings are put into rows, and neighbouring ones of the same product into
    runs. A facing is named where the model, or its index of products (shelfwise products), is sure of it; the others
    are to ask about, or unknown.

    Counts go to standard output in the order of the photos. A photo that cannot be read is named with its reason on
    standard error, the rest is done, and the exit code is 1.
    """
    from shelfwise.cli.progress import Progress
    from shelfwise.cli.shelf_output import FORMATS
    from shelfwise.errors import ConfigError
    from shelfwise.settings import Settings
    from shelfwise.text import printable
    from shelfwise.workflows.photos import PhotoFinder
    from shelfwise.workflows.shelf import load_shelf
    from shelfwise.workflows.shelf_photos import Pictures, count_photos

    finder = PhotoFinder(paths, recursive=recursive, leave_out=_folder_of(pictures))
    photos = finder.count()
    saved = Pictures(pictures, several=photos != 1) if save_picture or pictures is not None else None
    writer = FORMATS[output_format or _format_of(output)](style_for(output is None))
    tally = _Tally()
    started = time.monotonic()
    with result_file(output) as write, Progress() as progress:
        reader = load_shelf(
            detector,
            model or Settings().model,
            index,
            name=names,
            min_score=min_score,
            engine=engine,
            tell=progress.note,
        )
        write(writer.header())
        stages = _Stages(progress, photos)
        for counted in count_photos(
            reader, finder, pictures=saved, named=frozenset(paths), progress=stages.begin
        ):
            if counted.reason is not None:
                progress.note(f"error: {printable(counted.photo)}: {counted.reason}")
            write(writer.photo(counted))
            tally.add(counted)
            stages.done()
        if not tally.photos:
            raise ConfigError(f"no photo found in {' '.join(map(printable, paths))}")
        write(writer.footer())
    typer.echo(tally.summary(time.monotonic() - started, names), err=True)
    if tally.failed:
        raise typer.Exit(1)


class _Tally:
    """How many photos and facings there were."""

    def __init__(self) -> None:
        self.photos = self.failed = self.facings = self.named = 0

    def add(self, counted: CountedPhoto) -> None:
        self.photos += 1
        self.failed += counted.count is None
        if counted.count is not None:
            self.facings += len(counted.count)
            self.named += sum(facing.named.answer == "accept" for facing in counted.count.facings)

    def summary(self, seconds: float, names: bool) -> str:
        named = f", {self.named:,} named" if names else ""
        failed = f"{self.failed:,} failed" if self.failed else "none failed"
        photos = many(self.photos - self.failed, "photo")
        return f"{many(self.facings, 'facing')}{named} on {photos} in {seconds:,.1f} s; {failed}"


class _Stages:
    """Progress over photos where there are several, over boxes where there is one."""

    def __init__(self, progress: Progress, photos: int | None) -> None:
        self._photos = None if photos == 1 else progress.stage("Shelves", photos)
        self._progress = progress

    def begin(self, photo: str) -> Stage | None:
        """What is told of the boxes of a photo."""
        return self._progress.stage("Naming") if self._photos is None else None

    def done(self) -> None:
        """One more photo is done."""
        if self._photos is not None:
            self._photos.advance()


def _format_of(output: Path | None) -> str:
    """The format that a file's name asks for; a table where it asks for none."""
    return _FORMAT_OF_SUFFIX.get(output.suffix.lower() if output else "", "table")


def _folder_of(pictures: Path | None) -> Path | None:
    """The folder that pictures are written to and none is read from."""
    return pictures if pictures is not None and pictures.is_dir() else None
