"""``shelfwise shelf`` at work: what looks at the photos, and what is told while it does and in the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from shelfwise.text import many, printable

if TYPE_CHECKING:
    from shelfwise.cli.progress import Progress, Stage
    from shelfwise.cli.shelf_booking import StockBook
    from shelfwise.cli.shelf_output import Writer
    from shelfwise.inference.engines import Engine
    from shelfwise.workflows.shelf import ShelfReader
    from shelfwise.workflows.shelf_count import ShelfCount
    from shelfwise.workflows.shelf_finding import ShelfPhotos
    from shelfwise.workflows.shelf_photos import CountedPhoto, Pictures

__all__ = ["Sight", "Tally", "counted", "joined", "write_all"]

_NOTHING: Final = (
    "hint: no product was found. Is the photo of a shelf, sharp, and near enough? Else name another detector with"
    " --detector; one that finds nothing needs more training or photos (docs/detector.md)"
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What the user said of finding and naming; fields as the options of the same names."""

    model: Path | None
    index: Path | None
    detector: Path | None
    planogram: Path | None
    names: bool
    min_score: float
    engine: Engine

    def reader(self, stock: StockBook | None, tell: Callable[[str], None]) -> ShelfReader:
        """What counts shelves; names are as the stock book has them, where it is open."""
        from shelfwise.workflows.shelf import load_shelf
        from shelfwise.workflows.shelf_sight import CatalogueNamer

        model, index = self._known(stock, tell)
        reader = load_shelf(
            self.detector,
            model,
            index,
            planogram=self.planogram,
            name=self.names,
            min_score=self.min_score,
            engine=self.engine,
            tell=tell,
        )
        if stock is not None and reader.namer is not None:
            reader.namer = CatalogueNamer(reader.namer, stock.catalogue)
        return reader

    def _known(self, stock: StockBook | None, tell: Callable[[str], None]) -> tuple[Path | None, Path | None]:
        """The model and the index of products: those that were named, else the shop's where it is booked into."""
        from shelfwise.settings import Settings
        from shelfwise.workflows.shelf_sight import shop_sight

        settings = Settings()
        model = self.model or settings.model
        if stock is None or stock.home is None or self.index is not None or settings.products is not None:
            return model, self.index
        return shop_sight(stock.home, model, tell)


def counted(
    reader: ShelfReader, photos: ShelfPhotos, pictures: Pictures | None, progress: Progress, count: int | None
) -> Iterator[CountedPhoto]:
    """Count each photo; progress is over photos where there are several, over boxes where there is one.

    Args:
        reader: what counts shelves.
        photos: the photos.
        pictures: where their marked-out pictures go; None: nowhere.
        progress: where progress is told.
        count: how many photos there are; None where that is not known.
    """
    from shelfwise.workflows.shelf_photos import count_photos

    over = None if count == 1 else progress.stage("Shelves", count)

    def begin(photo: str) -> Stage | None:
        return progress.stage("Naming") if over is None else None

    for photo in count_photos(reader, photos, pictures=pictures, progress=begin):
        yield photo
        if over is not None:
            over.advance()


def joined(
    reader: ShelfReader, photos: ShelfPhotos, pictures: Pictures | None, progress: Progress
) -> Iterator[CountedPhoto]:
    """Count all photos as one; nothing where there are no photos. Arguments as for :func:`counted`."""
    from shelfwise.workflows.shelf_photos import join_photos

    found = list(photos)
    if len(found) == 1:
        progress.note("note: --join found one photo alone, so there is nothing to join")
    if found:
        yield join_photos(reader, found, pictures=pictures, progress=progress.stage("Naming"))


def write_all(
    found: Iterable[CountedPhoto],
    writer: Writer,
    write: Callable[[str], None],
    tally: Tally,
    tell: Callable[[str], None] | None,
) -> None:
    """Write what is on all photos, and add it up.

    Args:
        found: the photos.
        writer: turns them into text.
        write: takes the text.
        tally: adds them up.
        tell: is told at once of a photo that cannot be read; None where the text alone is to say it.
    """
    write(writer.header())
    for photo in found:
        if photo.reason is not None and tell is not None:
            tell(f"error: {printable(photo.photo)}: {photo.reason}")
        write(writer.photo(photo))
        tally.add(photo)
    write(writer.footer())


class Tally:
    """How many photos and facings there were.

    Args:
        names: whether facings are named.
        keep: whether what was counted on each photo is needed in the end.

    Attributes:
        photos, failed: how many photos there were, and how many of them could not be read.
        counts: what was counted on each of the others, if that is kept.
    """

    def __init__(self, names: bool, *, keep: bool) -> None:
        self.photos = self.failed = 0
        self.counts: list[ShelfCount] = []
        self._seen = self._facings = self._named = 0
        self._names, self._keep = names, keep
        self._started = time.monotonic()

    def add(self, photo: CountedPhoto) -> None:
        """Count a photo, or several that were joined."""
        self.photos += 1
        self.failed += photo.count is None
        if photo.count is not None:
            self._seen += len(photo.count.sources)
            self._facings += len(photo.count)
            self._named += len(photo.count) - photo.count.asked - photo.count.unknown
            self.counts += [photo.count] if self._keep else []

    def tell(self) -> None:
        """Say on standard error how much was found, in what time."""
        named = f", {self._named:,} named" if self._names else ""
        failed = f"{self.failed:,} failed" if self.failed else "none failed"
        seconds = time.monotonic() - self._started
        found = f"{many(self._facings, 'facing')}{named} on {many(self._seen, 'photo')}"
        typer.echo(f"{found} in {seconds:,.1f} s; {failed}", err=True)
        if self._seen and not self._facings:
            typer.echo(_NOTHING, err=True)
