"""Layout ``freiburg-boxes``: the Freiburg Groceries set with boxes around its products.

The folder of layout ``freiburg`` with ``boxes.json`` in it, a COCO file. The set's folds are the official parts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts.base import Layout, Reading
from shelfwise.datasets.layouts.coco import COCO
from shelfwise.datasets.layouts.freiburg import FREIBURG
from shelfwise.errors import LayoutError

__all__ = ["FREIBURG_BOXES"]

_BOXES = "boxes.json"


def _detect(root: Path) -> bool:
    return (root / _BOXES).is_file() and FREIBURG.detect(root)


def _read(root: Path, how: Reading) -> Dataset:
    if not (root / _BOXES).is_file():
        raise LayoutError(f"{root}: no {_BOXES} there; without boxes it is of layout freiburg")
    photos = FREIBURG.read(root, how)
    part_of = {photos.samples[i].path: fold for fold, members in photos.official.items() for i in members}
    boxes = COCO.read(root / _BOXES, how)
    official: dict[str, list[int]] = {fold: [] for fold in photos.official}
    for index, sample in enumerate(boxes.samples):
        if fold := part_of.get(sample.path):
            official[fold].append(index)
    return replace(
        boxes,
        layout="freiburg-boxes",
        official={fold: tuple(members) for fold, members in official.items() if members},
        notes=tuple(replace(note, part=part_of.get(note.path)) for note in boxes.notes),
    )


FREIBURG_BOXES = Layout("boxes.json beside the folds of the Freiburg set", _detect, _read)
