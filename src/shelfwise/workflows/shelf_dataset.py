"""The boxes on shelf photos as people left them, as a set to train on: photos and a COCO file.

The set is of the layout ``coco`` (:mod:`shelfwise.datasets.layouts.coco`): ``annotations.json``, and the photos in
``images/``. With ``names="one"`` all products are of one category, which is what a detector learns from; the others
leave out the boxes that nobody has named, and teach a classifier.

Boxes of photos that were put together go to the single photos they were taken as, each to those that show its product
whole. What a photo's edge cuts off is marked there as a crowd, of which nothing is learned, be it product or not.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final, Literal, get_args

from shelfwise.answers.shelf_book import ShelfBook
from shelfwise.answers.shelf_records import ShelfBox
from shelfwise.datasets.folders import atomic_folder
from shelfwise.errors import DataError, StorageError
from shelfwise.files import storage_errors
from shelfwise.images.photo_store import PhotoStore
from shelfwise.text import many
from shelfwise.workflows.shop_shelf_parts import PartBox, ShelfPart, boxes_on, parts_of

__all__ = ["BoxNames", "ShelfExport", "ShelfSet", "export_shelves", "open_shelf_set", "zipped"]

BoxNames = Literal["one", "category", "product"]
"""What boxes are called: all ``product``, by their category, or by their product's name."""

_MARKER: Final = ".shelfwise-shelves.json"
_JSON: Final = "annotations.json"
_IMAGES: Final = "images"
_PIECE: Final = 256 * 1024
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(slots=True, eq=False)
class ShelfSet:
    """A set to train on that is ready to be written; the COCO file lies in a temporary file.

    Attributes:
        annotations: the COCO file; to be closed.
        photos: the photos' files.
        boxes: how many boxes there are.
        categories: boxes by category.
        left_out: numbers of the shelf photos that an older version put together: it is not known any more how.
    """

    annotations: IO[bytes]
    photos: list[Path] = field(default_factory=list)
    boxes: int = 0
    categories: dict[str, int] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ShelfExport:
    """What became of an export: the folder, and how much is in it; ``left_out`` as in :class:`ShelfSet`."""

    folder: Path
    photos: int
    boxes: int
    categories: int
    left_out: tuple[int, ...] = ()


def open_shelf_set(
    book: ShelfBook, photos: PhotoStore, names: BoxNames = "one", store_ids: Collection[int] | None = None
) -> ShelfSet:
    """Collect the shelf photos that people corrected or booked. Whatever their number, memory stays small.

    Of a photo that was sent twice, or is part of one that was put together too, the boxes that were corrected last
    count. Left out are photos that are no longer kept, and what was put together by a version that did not keep how.

    Args:
        book: the shelf photos.
        photos: the kept photos.
        names: what boxes are called.
        store_ids: only photos of these stores; None for all.

    Raises:
        ValueError: there is no such kind of names.
    """
    if names not in get_args(BoxNames):
        raise ValueError(f"names are {', '.join(get_args(BoxNames))}, not {names!r}")
    chosen: dict[str, ShelfPart] = {}
    left_out: list[int] = []
    for shelf in book.corrected(store_ids):
        parts = parts_of(book, shelf)
        if not parts:
            left_out.append(shelf.id)
        for part in parts:
            before = chosen.get(part.photo.photo)
            if photos.has(part.photo.photo) and (before is None or _later(part, before)):
                chosen[part.photo.photo] = part
    made = ShelfSet(tempfile.TemporaryFile(), left_out=tuple(left_out))  # noqa: SIM115 - closed by who takes it
    try:
        _write(made, book, photos, sorted(chosen.values(), key=lambda part: part.photo.id), names)
    except BaseException:
        made.annotations.close()
        raise
    made.annotations.seek(0)
    return made


def zipped(made: ShelfSet) -> Iterator[bytes]:
    """The set as a zip file, a piece at a time. Closes the set."""
    sink = _Sink()
    with made.annotations, zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        yield from _entry(archive, sink, _JSON, made.annotations)
        for path in made.photos:
            with path.open("rb") as file:
                yield from _entry(archive, sink, f"{_IMAGES}/{path.name}", file)
    yield sink.taken()


def export_shelves(book: ShelfBook, photos: PhotoStore, folder: Path, names: BoxNames = "one") -> ShelfExport:
    """Write the set into a folder, which appears when it is complete. Photos are linked where that is possible.

    Args:
        book, photos, names: as for :func:`open_shelf_set`.
        folder: a new or empty folder, or one of an earlier export, which gives way as a whole.

    Raises:
        DataError: no shelf photo has been corrected or booked.
        StorageError: the folder cannot be written or holds other files.
    """
    folder = folder.resolve()
    _refuse_others(folder)
    made = open_shelf_set(book, photos, names)
    with made.annotations:
        if not made.photos:
            raise DataError(_nothing(made.left_out))
        with atomic_folder(folder, replace=True) as fresh, storage_errors(folder):
            with (fresh / _JSON).open("wb") as out:
                shutil.copyfileobj(made.annotations, out)
            (fresh / _IMAGES).mkdir()
            for path in made.photos:
                _link(path, fresh / _IMAGES / path.name)
            marker = {"format": "shelfwise-shelves", "version": 1, "photos": len(made.photos)}
            (fresh / _MARKER).write_text(json.dumps(marker) + "\n", encoding="utf-8")
    return ShelfExport(folder, len(made.photos), made.boxes, len(made.categories), made.left_out)


def _nothing(left_out: Collection[int]) -> str:
    if left_out:
        photos = many(len(left_out), "corrected shelf photo")
        return (
            f"nothing to export: an older Shelfwise put {photos} together, and did not keep how. Put the single "
            "photos together again on the page Shelf, and correct that"
        )
    return "no shelf photo has been corrected or booked yet: do so on the page Shelf first"


def _later(part: ShelfPart, before: ShelfPart) -> bool:
    return (part.shelf.corrected_at, part.shelf.id) > (before.shelf.corrected_at, before.shelf.id)


def _write(
    made: ShelfSet, book: ShelfBook, photos: PhotoStore, parts: list[ShelfPart], names: BoxNames
) -> None:
    """Write the COCO file: images, boxes and categories, which are known last."""
    numbers: dict[str, int] = {"product": 1} if names == "one" else {}
    out = made.annotations
    out.write(b'{"images": [')
    for place, part in enumerate(parts):
        path = photos.path(part.photo.photo)
        made.photos.append(path)
        image = {"id": part.photo.id, "file_name": f"{_IMAGES}/{path.name}"}
        out.write(_item(place, image | {"width": part.photo.width, "height": part.photo.height}))
    out.write(b'\n], "annotations": [')
    written = 0
    for part in parts:
        for box in boxes_on(part, book.read(part.shelf.id)[1]):
            name = _name(box.of, names)
            if name is None:
                continue
            number = numbers.setdefault(name, len(numbers) + 1)
            out.write(_item(written, _annotation(written + 1, part.photo.id, number, box)))
            written += 1
            if box.whole:
                made.boxes += 1
                made.categories[name] = made.categories.get(name, 0) + 1
    out.write(b'\n], "categories": [')
    for place, (name, number) in enumerate(numbers.items()):
        out.write(_item(place, {"id": number, "name": name}))
    out.write(b"\n]}\n")


def _item(place: int, value: dict[str, Any]) -> bytes:
    return (b",\n" if place else b"\n") + json.dumps(value, ensure_ascii=False).encode()


def _annotation(number: int, image: int, category: int, box: PartBox) -> dict[str, Any]:
    left, top, right, bottom = box.box
    bbox = [round(each, 2) for each in (left, top, right - left, bottom - top)]
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": bbox,
        "area": round(bbox[2] * bbox[3], 2),
        "iscrowd": int(not box.whole),
    }


def _name(box: ShelfBox, names: BoxNames) -> str | None:
    if names == "one":
        return "product"
    if box.answer != "accept":
        return None
    return box.now_product if names == "product" else box.now_category


class _Sink(io.RawIOBase):
    """A file that can only be written to; what was written is taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Keep it until it is taken."""
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _entry(archive: zipfile.ZipFile, sink: _Sink, name: str, file: IO[bytes]) -> Iterator[bytes]:
    with archive.open(zipfile.ZipInfo(name, _LONG_AGO), "w") as entry:
        while piece := file.read(_PIECE):
            entry.write(piece)
            yield sink.taken()


def _refuse_others(folder: Path) -> None:
    if folder.is_file():
        raise StorageError(f"{folder} is a file: name another folder")
    with storage_errors(folder):
        if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARKER).is_file():
            raise StorageError(f"{folder} holds other files: name a new folder or one of an earlier export")


def _link(kept: Path, target: Path) -> None:
    try:
        os.link(kept, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(kept, target)
