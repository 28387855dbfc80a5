"""Shelf photos one after the other: each is counted, and marked out where that is wanted; none stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from shelfwise.errors import ConfigError, ImageError
from shelfwise.images.reading import PICTURE_SUFFIXES
from shelfwise.shelf.picture import PICTURE_ENDINGS, Mark, draw_shelf, picture_kind, write_picture
from shelfwise.text import printable
from shelfwise.workflows.shelf import ShelfReader, picture_of
from shelfwise.workflows.shelf_count import Progress, ShelfCount
from shelfwise.workflows.shelf_finding import MARKED
from shelfwise.workflows.shelf_joining import join_counts, joined_picture

__all__ = ["CountedPhoto", "Pictures", "count_photos", "join_photos", "mark_out"]

_STDIN: Final = "standard-input"


@dataclass(frozen=True, slots=True)
class CountedPhoto:
    """What became of one photo, or of several that were joined.

    Attributes:
        photo: its path as the user wrote it, ``-`` for a picture from standard input; of several all of them.
        count: what is on it; None where it cannot be read.
        reason: why it cannot be read, else None.
        picture: where its marked-out picture is, if there is one.
    """

    photo: str
    count: ShelfCount | None
    reason: str | None = None
    picture: Path | None = None


class Pictures:
    """Where marked-out pictures go.

    Args:
        where: a file for a single photo, a folder for any number; None: beside each photo, as ``NAME.shelf.jpg``.
        several: whether there may be more than one photo.

    Raises:
        ConfigError: a file is named for several photos, or one whose ending is no picture's.
    """

    def __init__(self, where: Path | None, *, several: bool) -> None:
        self._folder = where
        self._file: Path | None = None
        self._used: set[Path] = set()
        if where is not None and where.suffix.lower() in PICTURE_SUFFIXES and not where.is_dir():
            picture_kind(where)
            if several:
                raise ConfigError(
                    f"{printable(str(where))}: one file cannot hold the pictures of several photos; name a folder"
                )
            self._file = where

    def place(self, photo: str) -> Path:
        """Where the picture of a photo goes; no two photos of a run have the same place.

        Args:
            photo: its path, or ``-`` for one from standard input.
        """
        if self._file is not None:
            return self._file
        name = Path(_STDIN if photo == "-" else photo)
        folder = name.parent if self._folder is None else self._folder
        ending = name.suffix.lower() if name.suffix.lower() in PICTURE_ENDINGS else ".jpg"
        place, number = folder / f"{name.stem}{MARKED}{ending}", 1
        while place in self._used:
            number += 1
            place = folder / f"{name.stem}-{number}{MARKED}{ending}"
        self._used.add(place)
        return place


def count_photos(
    reader: ShelfReader,
    photos: Iterable[str | bytes],
    *,
    name: bool = True,
    pictures: Pictures | None = None,
    progress: Callable[[str], Progress | None] | None = None,
) -> Iterator[CountedPhoto]:
    """Count shelf photos as they come, in order.

    Args:
        reader: counts them.
        photos: paths, or bytes of picture files.
        name: whether to name what is found.
        pictures: where marked-out pictures are saved; None: nowhere.
        progress: gives what is told of the boxes that are named, for the photo of that path.

    Raises:
        StorageError: a picture cannot be saved.
        ModelError: a network fails.
    """
    for photo in photos:
        path = photo if isinstance(photo, str) else "-"
        try:
            image = picture_of(photo, name=path, limits=reader.limits)
            tell = None if progress is None else progress(path)
            count = reader.count(image, source=path, name=name, progress=tell)
        except ImageError as error:
            yield CountedPhoto(path, None, error.reason)
            continue
        saved = None
        if pictures is not None:
            saved = pictures.place(path)
            write_picture(mark_out(image, count), saved)
        yield CountedPhoto(path, count, None, saved)


def join_photos(
    reader: ShelfReader,
    photos: Sequence[str | bytes],
    *,
    pictures: Pictures | None = None,
    progress: Progress | None = None,
) -> CountedPhoto:
    """Count one shelf on several photos, from one end to the other.

    Args:
        reader: counts them.
        photos: paths, or bytes of picture files; each overlaps one before it.
        pictures: where the marked-out joined picture is saved; None: nowhere.
        progress: told how many of a photo's boxes are named.

    Raises:
        ShelfError: the overlap of two cannot be found or is ambiguous.
        StorageError: the picture cannot be saved.
        ModelError: a network fails.
    """
    paths = [photo if isinstance(photo, str) else "-" for photo in photos]
    listed = " + ".join(paths)
    try:
        images = [
            picture_of(photo, name=path, limits=reader.limits)
            for photo, path in zip(photos, paths, strict=True)
        ]
        counts = [
            reader.count(image, source=path, progress=progress)
            for image, path in zip(images, paths, strict=True)
        ]
    except ImageError as error:
        return CountedPhoto(listed, None, f"{error.source}: {error.reason}")
    count = join_counts(counts, reader.planogram)
    saved = None
    if pictures is not None:
        saved = pictures.place(paths[0])
        picture, scale = joined_picture(images, count)
        write_picture(mark_out(picture, count, scale), saved)
    return CountedPhoto(listed, count, None, saved)


def mark_out(photo: Image.Image, count: ShelfCount, scale: float = 1.0) -> Image.Image:
    """The photo with what was found on it, and a legend. Each box is coloured as what its run is.

    Args:
        photo: RGB, as it was counted; it is not changed.
        count: what is on it.
        scale: how many of its pixels one pixel of the count's coordinates is.
    """
    said = {i: run.named for run in count.arrangement.runs for i in run.members}
    marks = [
        Mark(_scaled(facing.box, scale), said[i].category or said[i].product, said[i].answer)
        for i, facing in enumerate(count.facings)
    ]
    lines = [
        _scaled((row.left, row.base(row.left), row.right, row.base(row.right)), scale)
        for row in count.arrangement.rows
    ]
    gaps = [_scaled(gap.box, scale) for gap in count.arrangement.gaps]
    return draw_shelf(photo, marks, base_lines=lines, gaps=gaps, named=count.model is not None)


def _scaled(values: tuple[float, float, float, float], scale: float) -> tuple[float, float, float, float]:
    return values[0] * scale, values[1] * scale, values[2] * scale, values[3] * scale
