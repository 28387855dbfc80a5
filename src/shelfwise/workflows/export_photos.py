"""Which photos an export is calibrated on, and which it is compared with the original on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import load_split
from shelfwise.errors import ConfigError
from shelfwise.images.preprocess import BoxLike
from shelfwise.training.folder import RunFolder
from shelfwise.workflows.photos import PhotoFinder

__all__ = ["CALIBRATION_PHOTOS", "MOST_COMPARED", "ExportPhotos", "Item", "of_data", "of_photos", "of_run"]

CALIBRATION_PHOTOS: Final = 128
MOST_COMPARED: Final = 1000
_T = TypeVar("_T")


class Item(NamedTuple):
    """A photo, and the part of it that counts; None for all of it."""

    path: Path
    box: BoxLike | None = None


@dataclass(frozen=True, slots=True)
class ExportPhotos:
    """Photos for an export; none is in both parts.

    Attributes:
        calibration: what the ranges of the activations are measured on.
        parity: what the answers are compared on.
    """

    calibration: tuple[Item, ...]
    parity: tuple[Item, ...]

    def __post_init__(self) -> None:
        if any(item in self.calibration for item in self.parity):
            raise ValueError("photos that are calibrated on cannot be compared on too")


def of_run(folder: Path, calibration: int = CALIBRATION_PHOTOS) -> ExportPhotos | None:
    """The photos that a run was trained on, to calibrate; its validation and test photos, to compare.

    None where the folder is not that of a run.

    Raises:
        DataError: the run's photos are no longer where they were, or no longer the same.
    """
    if not (folder / "config.toml").is_file() or not (folder / "split.json").is_file():
        return None
    run, config = RunFolder.open(folder)
    dataset = read_dataset(config.data, config.layout, level=config.level, classes=config.classes)
    split = load_split(run.split, dataset)
    return _chosen(dataset, split.train, (*split.val, *split.test), calibration)


def of_data(data: Path, *, layout: str | None = None, calibration: int = CALIBRATION_PHOTOS) -> ExportPhotos:
    """Photos of a labelled set: its official training part to calibrate, its others to compare, if it has any.

    Raises:
        DataError: the set cannot be read.
    """
    dataset = read_dataset(data, layout)
    train = set(dataset.official.get("train", ()))
    others = [index for name, part in dataset.official.items() if name != "train" for index in part]
    if train and others:
        return _chosen(dataset, sorted(train), sorted(set(others) - train), calibration)
    return _divided([_item(dataset, index) for index in range(len(dataset))], calibration)


def of_photos(paths: Sequence[str], calibration: int = CALIBRATION_PHOTOS) -> ExportPhotos:
    """Photos, folders and patterns without labels: some to calibrate, the others to compare.

    Raises:
        ConfigError: there is none.
    """
    found = [Item(Path(each)) for each in PhotoFinder(paths) if isinstance(each, str)]
    if not found:
        raise ConfigError(f"no photo found in {' '.join(paths)}")
    return _divided(found, calibration)


def _chosen(dataset: Dataset, train: Sequence[int], others: Sequence[int], calibration: int) -> ExportPhotos:
    return ExportPhotos(
        tuple(_item(dataset, index) for index in _spread(train, calibration)),
        tuple(_item(dataset, index) for index in _spread(others, MOST_COMPARED)),
    )


def _divided(items: Sequence[Item], calibration: int) -> ExportPhotos:
    # At most a third to calibrate: of a few photos most are needed to compare on.
    taken = set(_spread(range(len(items)), min(calibration, max(1, len(items) // 3))))
    others = [item for index, item in enumerate(items) if index not in taken]
    return ExportPhotos(tuple(items[index] for index in sorted(taken)), tuple(_spread(others, MOST_COMPARED)))


def _item(dataset: Dataset, index: int) -> Item:
    return Item(dataset.path(index), dataset.samples[index].box)


def _spread(items: Sequence[_T], count: int) -> list[_T]:
    """At most ``count`` of the items, evenly spread."""
    taken = min(count, len(items))
    return [items[i * len(items) // taken] for i in range(taken)]
