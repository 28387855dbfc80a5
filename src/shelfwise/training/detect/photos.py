"""Photos with boxes around their products: read from any layout of boxes, and divided photo by photo."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shelfwise.datasets.dataset import Box, Dataset, Sample
from shelfwise.datasets.duplicates import content_hashes
from shelfwise.datasets.layouts import LAYOUTS, detect, read_dataset
from shelfwise.datasets.layouts.pictures import byte_order, missing_photos, refuse_missing
from shelfwise.datasets.split import Split, load_split, save_split, split_dataset
from shelfwise.errors import DataError, SplitError, TrainingError
from shelfwise.text import many, some
from shelfwise.training.detect.config import DetectConfig

__all__ = [
    "DetectionData",
    "DetectionPhoto",
    "PhotoSet",
    "divide",
    "photos_in",
    "read_boxes",
    "read_photo_set",
    "read_photos",
]

Boxes = NDArray[np.float32]
Progress = Callable[[int, int], None]

PHOTOS = "photos"
"""The one category of a set that is divided photo by photo."""
_FREIBURG, _FREIBURG_BOXES = "freiburg", "freiburg-boxes"
_BOX_LAYOUTS = "coco, yolo, voc, freiburg-boxes"


@dataclass(frozen=True, slots=True, eq=False)
class DetectionPhoto:
    """A photo, and where its products are.

    Attributes:
        path: where it lies.
        key: its name within its set.
        boxes: float32 (N, 4), left, top, right and bottom edge of each product in pixels of the photo as shown.
        ignore: float32 (M, 4), regions in which nothing that is found is right or wrong.
    """

    path: Path
    key: str
    boxes: Boxes
    ignore: Boxes


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSet:
    """A set of such photos.

    Attributes:
        whole: the photos as a dataset of one sample a photo and one category, so that it can be divided; official
            parts, rendered and sources are those of the set.
        photos: the same photos with their boxes, in the order of its samples.
        hashes: SHA-256 of each photo's file.
    """

    whole: Dataset
    photos: tuple[DetectionPhoto, ...]
    hashes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over names, boxes and contents of all photos."""
        digest = hashlib.sha256()
        for photo, content in zip(self.photos, self.hashes, strict=True):
            digest.update(f"{photo.key}\0{content}\0{len(photo.boxes)}\n".encode(errors="surrogateescape"))
            digest.update(photo.boxes.tobytes() + photo.ignore.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class DetectionData:
    """What a detector is trained and measured on.

    Attributes:
        main: the set that is divided.
        also: further sets, for training first, then for validation.
        split: which photos of the main set are in which part.
        parts: the photos by part: ``train``, ``val``, ``test``.
        left_out: number of photos in no part because they are copies of validation or test photos.
    """

    main: PhotoSet
    also: tuple[PhotoSet, ...]
    split: Split
    parts: Mapping[str, tuple[DetectionPhoto, ...]]
    left_out: int

    @property
    def digest(self) -> str:
        """SHA-256 over names, boxes and contents of the photos of all sets."""
        text = "\n".join(each.digest for each in (self.main, *self.also))
        return hashlib.sha256(text.encode()).hexdigest()

    def without(self, paths: Collection[Path]) -> DetectionData:
        """The same without the photos at these paths."""
        parts = {
            name: tuple(photo for photo in photos if photo.path not in paths)
            for name, photos in self.parts.items()
        }
        return replace(self, parts=parts)

    @property
    def rendered(self) -> bool:
        """Whether the photos that it is measured on are drawn by a program."""
        return self.main.whole.rendered


def read_photos(
    config: DetectConfig,
    *,
    kept: Path | None = None,
    progress: Progress | None = None,
    refuse: Callable[[Dataset, Split], None] = lambda dataset, split: None,
) -> DetectionData:
    """Read and divide the photos that a configuration names.

    Args:
        config: the settings.
        kept: the split file of a run: read if it is there, else written.
        progress: called with the number of photo files hashed and of all of the set in hand.
        refuse: raises where photos divided so cannot be used; called before the split is written.

    Raises:
        DataError: a set cannot be read, has no boxes, or cannot be divided as asked.
        TrainingError: there is nothing to train on, or nothing to measure on.
        StorageError: the split cannot be written.
    """
    main = read_photo_set(config.data, config.layout, progress)
    also, judging = (
        tuple(read_photo_set(path, None, progress) for path in paths)
        for paths in (config.also, config.validate_on)
    )
    split = divide(main, config, kept)
    refuse(main.whole, split)
    parts = {name: [main.photos[i] for i in members] for name, members in split.parts.items()}
    told = {main.hashes[index] for index in split.test}
    left_out = split.left_out
    left_out += _add(parts["val"], judging, ("val",), told | {main.hashes[index] for index in split.train})
    told |= {main.hashes[index] for index in split.val} | {each for one in judging for each in one.hashes}
    left_out += _add(parts["train"], also, ("train", "trainval"), told)
    _refuse_empty(main, parts)
    if kept is not None and not kept.exists():
        save_split(kept, main.whole, split)
    return DetectionData(
        main, (*also, *judging), split, {name: tuple(photos) for name, photos in parts.items()}, left_out
    )


def read_photo_set(path: Path, layout: str | None = None, progress: Progress | None = None) -> PhotoSet:
    """Read a set of photos with boxes; all its categories count as products.

    Args:
        path: its folder or annotation file.
        layout: as for :func:`~shelfwise.datasets.layouts.read_dataset`; Freiburg's folder is read with its boxes
            where it has some.
        progress: called with the number of photo files hashed and of all.

    Raises:
        DataError: it cannot be read, its samples are whole photos, a photo is missing or in two official parts.
    """
    dataset = read_boxes(path, layout)
    photos = _photos(dataset)
    # Of photos without samples, the reader has not looked whether they are there.
    missing = missing_photos(dataset.root, (photo.key for photo in photos))
    refuse_missing(dataset.root, missing)
    whole = _whole(dataset, photos)
    return PhotoSet(whole, photos, tuple(content_hashes(whole, progress)))


def read_boxes(path: Path, layout: str | None = None, *, strict: bool = True) -> Dataset:
    """Read a set whose samples are boxes.

    Args:
        path, layout: as for :func:`read_photo_set`.
        strict: as for :func:`~shelfwise.datasets.layouts.read_dataset`.

    Raises:
        DataError: it cannot be read, or its samples are whole photos.
    """
    name = layout or detect(path)
    if name == _FREIBURG and LAYOUTS[_FREIBURG_BOXES].detect(path):
        name = _FREIBURG_BOXES
    dataset = read_dataset(path, name, strict=strict)
    if any(sample.box is None for sample in dataset.samples):
        raise DataError(
            f"{path}: layout {name} has no boxes, so it does not tell where products are; give a set in one of"
            f" the layouts {_BOX_LAYOUTS}, or a joining of such sets"
        )
    return dataset


def photos_in(dataset: Dataset) -> Dataset:
    """A set of boxes as one of photos: one sample for each photo, which a detector's split divides.

    Raises:
        DataError: a photo has boxes in two official parts.
    """
    return _whole(dataset, _photos(dataset))


def divide(photos: PhotoSet, config: DetectConfig, kept: Path | None = None) -> Split:
    """Divide a set as a configuration asks, or as a run or a given file has divided it.

    Raises:
        SplitError: it cannot be divided so, or the file is of another set.
    """
    for saved in (kept, config.split):
        if saved is not None and (saved.exists() or saved is config.split):
            return load_split(saved, photos.whole)
    held_in = config.train_fraction + config.val_fraction
    _refuse_few(photos, config)
    number: dict[str, int] = {}
    return split_dataset(
        photos.whole,
        fractions=(config.train_fraction, config.val_fraction, config.test_fraction),
        seed=config.seed,
        fold=config.fold,
        groups=[number.setdefault(content, len(number)) for content in photos.hashes],
        use_official=config.use_official,
        val_fraction=config.val_fraction / held_in,
    )


def _refuse_few(photos: PhotoSet, config: DetectConfig) -> None:
    """Refuse to divide fewer photos than there are parts, in words that say what else can be done with them."""
    official = photos.whole.official if config.use_official else {}
    learned, judged = (
        any(official.get(name) for name in names) for names in (("train", "trainval"), ("val", "test"))
    )
    if config.fold is not None or (learned and judged):
        return
    shares = {
        "training": config.train_fraction,
        "validation": config.val_fraction,
        "test": config.test_fraction,
    }
    wanted = [name for name, share in shares.items() if share > 0]
    there, different = len(photos.photos), len(set(photos.hashes))
    if different >= len(wanted):
        return
    copies = "" if different == there else f", {different} of them different"
    fewer = "; or make do without a part: --train-fraction 0.5 --val-fraction 0 --test-fraction 0.5"
    raise SplitError(
        f"{photos.whole.root}: {many(there, 'photo')}{copies}: too few to divide into {', '.join(wanted)}."
        " Add photos; or train on a larger set and give this one beside it: shelfwise train --task detect LARGER"
        f" --also {photos.whole.root}{fewer if different == 2 else ''}"
    )


def _photos(dataset: Dataset) -> tuple[DetectionPhoto, ...]:
    """Its photos sorted by path, each with its boxes in the order of the samples."""
    boxes: dict[str, list[Box]] = {note.path: [] for note in dataset.notes}
    for sample in dataset.samples:
        if sample.box is not None:
            boxes.setdefault(sample.path, []).append(sample.box)
    crowds = {note.path: note.crowds for note in dataset.notes}
    return tuple(
        DetectionPhoto(dataset.root / path, path, _edges(boxes[path]), _edges(crowds.get(path, ())))
        for path in sorted(boxes, key=byte_order)
    )


def _edges(boxes: Sequence[Box]) -> Boxes:
    rows = [(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes]
    return np.array(rows, np.float32).reshape(-1, 4)


def _whole(dataset: Dataset, photos: Sequence[DetectionPhoto]) -> Dataset:
    """A dataset of one sample a photo, in the official part that its boxes or its note are in."""
    part_of = {note.path: note.part for note in dataset.notes if note.part is not None}
    for part, members in dataset.official.items():
        for index in members:
            path = dataset.samples[index].path
            if part_of.setdefault(path, part) != part:
                raise DataError(
                    f"{dataset.root}: {path} has boxes in {part_of[path]} and in {part}; leave them in one"
                )
    official: dict[str, list[int]] = {}
    for index, photo in enumerate(photos):
        if own := part_of.get(photo.key):
            official.setdefault(own, []).append(index)
    return replace(
        dataset,
        categories=(PHOTOS,),
        samples=tuple(Sample(photo.key, 0) for photo in photos),
        official={name: tuple(members) for name, members in sorted(official.items())},
        levels=(),
        notes=(),
    )


def _add(
    part: list[DetectionPhoto], sets: Sequence[PhotoSet], names: Sequence[str], told: Collection[str]
) -> int:
    """Add photos of further sets to a part, but for copies of those ``told``; the number of those left out."""
    left_out = 0
    for one in sets:
        for index in _taken(one, names):
            if one.hashes[index] in told:
                left_out += 1
            else:
                part.append(one.photos[index])
    return left_out


def _taken(photos: PhotoSet, names: Sequence[str]) -> Iterable[int]:
    """What of a further set is taken: the photos of its own parts of these names, or all where it has no parts."""
    official = photos.whole.official
    parts = [official[name] for name in names if name in official]
    if not parts and any(name in official for name in ("train", "val", "test")):
        raise DataError(f"{photos.whole.root}: has parts, but none called {' or '.join(names)}")
    return sorted(index for part in parts for index in part) if parts else range(len(photos.photos))


def _refuse_empty(main: PhotoSet, parts: Mapping[str, Sequence[DetectionPhoto]]) -> None:
    boxes = {name: sum(len(photo.boxes) for photo in photos) for name, photos in parts.items()}
    if not boxes["train"]:
        raise TrainingError(f"{main.whole.root}: no box is marked on the training photos: nothing to learn")
    if not boxes["val"] and not boxes["test"]:
        raise TrainingError(
            f"{main.whole.root}: no box is marked on the validation and test photos: nothing to measure on"
        )
    empty = [name for name in ("val", "test") if parts[name] and not boxes[name]]
    if empty:
        raise TrainingError(
            f"{main.whole.root}: no box is marked on the photos of {some(empty)}, so nothing can be measured"
            " there; divide otherwise"
        )
