"""Cut-outs: pictures of single products with their background made transparent, prepared once into a folder.

A folder of cut-outs holds ``pictures.npy``, all PNG and JPEG files one after the other, and ``cutouts.json``, which
says of each where it begins, from which photo it is and of which category. A cut-out belongs to a part by its
photo, so that what is cut from one photo is never on both sides of a split.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from shelfwise.datasets.dataset import Dataset, Sample
from shelfwise.datasets.folders import atomic_folder
from shelfwise.datasets.scenes.pixels import Array
from shelfwise.datasets.scenes.silhouettes import content, on_white, silhouette
from shelfwise.errors import DataError
from shelfwise.files import storage_errors
from shelfwise.images.decode import decode

__all__ = ["CutOut", "CutOuts", "Part", "cut_boxes", "cut_pictures", "is_cut_outs"]

Part = Literal["train", "held-out", "all"]

_INDEX = "cutouts.json"
_PICTURES = "pictures.npy"
_MIN_SIDE = 28
_TILE_COVER = 0.78
"""A photo is a tile if its boxes cover this part of the frame about them."""
_HELD_OUT = 10
"""One photo in so many is held out."""
_LOOSE = ("fruit", "vegetables")


@dataclass(frozen=True, slots=True)
class CutOut:
    """What is known of one cut-out without its pixels.

    Attributes:
        photo: the photo that it is from, as its dataset names it.
        category: of the product.
        width: in pixels.
        height: in pixels.
        outlined: False for a plain rectangle, whose background could not be told apart.
        truncated: the photo's edge cuts the product.
        boxes: of a tile, which is a part of a photo with nearly all its products marked: their left, top, right
            and bottom. Empty for a single product.
        offset: where its PNG or JPEG file begins among the pictures.
        length: of its PNG file in bytes.
    """

    photo: str
    category: str
    width: int
    height: int
    outlined: bool
    truncated: bool
    boxes: Sequence[Sequence[float]] = ()
    offset: int = 0
    length: int = 0

    @property
    def loose(self) -> bool:
        """Whether it is fruit or vegetables, which lie about and are not packed."""
        return _is_loose(self.category)


class CutOuts(Sequence[CutOut]):
    """A folder of cut-outs, read; pixels are decoded when they are asked for.

    Args:
        folder: as :func:`cut_boxes` or :func:`cut_pictures` wrote it.
        part: keep those of this part only: of ten photos one, chosen by its name, is held out.

    Raises:
        DataError: it is no such folder, or is damaged.
    """

    def __init__(self, folder: Path, part: Part = "all") -> None:
        self.folder = folder
        try:
            entries = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
            self._items = [CutOut(**entry) for entry in entries]
            self._pictures = np.load(folder / _PICTURES, mmap_mode="r")
        except (OSError, ValueError, TypeError) as error:
            raise DataError(f"{folder}: no cut-outs there ({error}); make the folder anew") from error
        if part != "all":
            self._items = [item for item in self._items if _held_out(item.photo) == (part == "held-out")]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._items[index]

    def rgba(self, index: int) -> Array:
        """Pixels of one, (H, W, 4) of uint8. Raises DataError where the file is damaged."""
        item = self._items[index]
        data = np.asarray(self._pictures[item.offset : item.offset + item.length])
        pixels = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if pixels is None or pixels.ndim != 3:
            raise DataError(f"{self.folder}: cut-out {index} is damaged; make the folder anew")
        opaque = pixels.shape[2] == 3
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGBA if opaque else cv2.COLOR_BGRA2RGBA)


def is_cut_outs(folder: Path) -> bool:
    """Whether the folder holds prepared cut-outs."""
    return (folder / _INDEX).is_file()


def cut_boxes(
    dataset: Dataset,
    folder: Path,
    *,
    photos: Iterable[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CutOuts:
    """Cut the boxed products out of a dataset's photos, and, as tiles, the photos that boxes cover.

    A product that is shorter or narrower than 28 pixels, or that two or more edges of its photo cut, is left out.

    Args:
        dataset: one with boxes (layouts coco, yolo, voc).
        folder: to make; an older one gives way.
        photos: only these, as their samples name them; None: all.
        progress: called with (photos done, photos in all).

    Raises:
        DataError: there is no box to cut out.
        ImageError: a photo cannot be read.
        StorageError: the folder cannot be written.
    """
    wanted = None if photos is None else set(photos)
    samples = [s for s in dataset.samples if s.box is not None and (wanted is None or s.path in wanted)]
    if not samples:
        raise DataError(f"{dataset.root}: no boxes to cut products out of")
    groups = [
        list(group) for _, group in groupby(sorted(samples, key=lambda s: s.path), key=lambda s: s.path)
    ]

    def all_cuts() -> Iterator[tuple[CutOut, Array]]:
        for done, group in enumerate(groups, 1):
            yield from _cut_photo(dataset, group)
            if progress:
                progress(done, len(groups))

    return _write(folder, all_cuts())


def _cut_photo(dataset: Dataset, samples: Sequence[Sample]) -> Iterator[tuple[CutOut, Array]]:
    path = samples[0].path
    photo = decode(dataset.root / path, name=path)
    left, top, right, bottom = content(photo)
    tile = _tile(photo, samples, (left, top, right, bottom))
    if tile is not None:
        yield tile
    for sample in samples:
        box = sample.box
        assert box is not None
        x0, y0 = max(round(box.x), left), max(round(box.y), top)
        x1, y1 = min(round(box.x + box.width), right), min(round(box.y + box.height), bottom)
        cut_by = sum((x0 - left < 3, y0 - top < 3, right - x1 < 3, bottom - y1 < 3))
        if min(x1 - x0, y1 - y0) < _MIN_SIDE or cut_by > 1:
            continue
        alpha, found = silhouette(photo, (x0, y0, x1, y1), (left, top, right, bottom))
        rgba = np.dstack([photo[y0:y1, x0:x1], alpha])
        category = dataset.categories[sample.label]
        yield CutOut(path, category, x1 - x0, y1 - y0, found, cut_by > 0), rgba


def _tile(
    photo: Array, samples: Sequence[Sample], bounds: tuple[int, int, int, int]
) -> tuple[CutOut, Array] | None:
    """The part of a photo that holds all its boxes, if they cover most of it: what else it shows is little."""
    boxes = np.array([(b.x, b.y, b.x + b.width, b.y + b.height) for s in samples if (b := s.box) is not None])
    left, top = np.maximum(np.floor(boxes[:, :2].min(axis=0)).astype(int) - 1, bounds[:2])
    right, bottom = np.minimum(np.ceil(boxes[:, 2:].max(axis=0)).astype(int) + 1, bounds[2:])
    if min(right - left, bottom - top) < 2 * _MIN_SIDE:
        return None
    covered = np.zeros((bottom - top, right - left), bool)
    inside = np.clip(boxes - (left, top, left, top), 0, (right - left, bottom - top) * 2)
    for x0, y0, x1, y1 in inside.round().astype(int):
        covered[y0:y1, x0:x1] = True
    if covered.mean() < _TILE_COVER:
        return None
    part = photo[top:bottom, left:right]
    size = int(right - left), int(bottom - top)
    return CutOut(samples[0].path, "", *size, False, True, boxes=inside.round(1).tolist()), part


def cut_pictures(
    pictures: Path,
    folder: Path,
    *,
    keep: Callable[[str], bool] = lambda name: True,
    longest: int = 700,
) -> CutOuts:
    """Cut the product out of each picture of one product before white.

    Args:
        pictures: a folder; JPEG and PNG files at any depth below it are read, in the order of their names.
        folder: to make; an older one gives way.
        keep: which of them, by the path below ``pictures``.
        longest: a longer cut-out is made smaller, to so many pixels.

    Raises:
        DataError: there is no picture with a white background.
        ImageError: a picture cannot be read.
        StorageError: the folder cannot be written.
    """
    files = sorted(p for p in pictures.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    names = [path.relative_to(pictures).as_posix() for path in files]

    def all_cuts() -> Iterator[tuple[CutOut, Array]]:
        for name in filter(keep, names):
            category = name.rpartition("/")[0]
            rgba = on_white(decode(pictures / name, name=name), longest, convex=not _is_loose(category))
            if rgba is not None:
                yield CutOut(name, category, rgba.shape[1], rgba.shape[0], True, False), rgba

    return _write(folder, all_cuts())


def _write(folder: Path, cuts: Iterator[tuple[CutOut, Array]]) -> CutOuts:
    entries, files, offset = [], [], 0
    for cut, rgba in cuts:
        data = _encoded(rgba)
        entries.append({**asdict(cut), "offset": offset, "length": data.size})
        files.append(data)
        offset += data.size
    if not entries:
        raise DataError(f"{folder}: nothing could be cut out for it")
    with atomic_folder(folder, replace=True) as temporary, storage_errors(folder):
        np.save(temporary / _PICTURES, np.concatenate(files))
        (temporary / _INDEX).write_text(json.dumps(entries), encoding="utf-8")
    return CutOuts(folder)


def _encoded(picture: Array) -> Array:
    if picture.shape[2] == 4:
        return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))[1].ravel()
    jpeg = [cv2.IMWRITE_JPEG_QUALITY, 95]
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), jpeg)[1].ravel()


def _is_loose(category: str) -> bool:
    return category.partition("/")[0].lower() in _LOOSE


def _held_out(photo: str) -> bool:
    return int(hashlib.sha256(photo.encode()).hexdigest()[:8], 16) % _HELD_OUT == 0
