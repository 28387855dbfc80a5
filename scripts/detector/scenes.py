"""Compose the scenes that the shipped detector is trained, validated and measured on.

    python scripts/detector/scenes.py runs/scenes               all of them
    python scripts/detector/scenes.py runs/scenes train-a val   these only

The photos are read from the folder that SHELFWISE_DATA names (default ../shared/data): Freiburg's photos and boxes,
and the iconic pictures of Grocery Store. Held-out scenes take their cut-outs from Freiburg's fold 0 and every fifth
iconic picture, and are drawn with palettes, fonts, fittings and surfaces of their own; of the photos of folds 1 to 3
every tenth is kept for the validation scenes. Of photos that are there twice, byte for byte, training keeps its own
and the others go without. No photo of checkout-items is used.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from shelfwise.cli.progress import stage
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.scenes.cutouts import cut_boxes, cut_pictures, is_cut_outs
from shelfwise.datasets.scenes.writer import DEFAULT_KINDS, Recipe, compose

DATA = Path(os.environ.get("SHELFWISE_DATA", "../shared/data"))
ICONS = DATA / "grocery-store" / "iconic-images-and-descriptions"
DENSE = {"shelf": 1.0}
SETS = {
    "train-a": (1500, "train", Recipe(11, DEFAULT_KINDS)),
    "val": (100, "val", Recipe(12, DEFAULT_KINDS)),
    "held-out": (200, "held-out", Recipe(13, DENSE, sizes=(960, 1600), rows=(4, 9), look="held-out")),
    "train-b": (1500, "train", Recipe(14, DEFAULT_KINDS)),
}
"""Scenes by the set's name: how many, from which photos, how."""


def main(out: Path, names: list[str]) -> None:
    for name in names or SETS:
        count, part, recipe = SETS[name]
        cuts = [out / "cuts" / part, out / "cuts" / f"icons-{part}"]
        if not all(is_cut_outs(folder) for folder in cuts):
            make_cuts(part, *cuts)
        with stage(f"Composing {name}", count) as report:
            compose(out / name, count, cuts, recipe, processes=2, progress=report)


def make_cuts(part: str, boxes: Path, icons: Path) -> None:
    dataset = read_dataset(DATA / "freiburg" / "boxes.json", "coco")
    photos = photos_of(part)
    with stage(f"Cutting out, {part}", len(photos)) as report:
        cut_boxes(dataset, boxes, photos=photos, progress=report)
    names = sorted(p.relative_to(ICONS).as_posix() for p in ICONS.rglob("*.jpg"))
    held_out = set(names[::5])
    cut_pictures(ICONS, icons, keep=lambda name: (name in held_out) == (part == "held-out"))


def photos_of(part: str) -> list[str]:
    """The photos of a part; outside of train without those whose very bytes are in train under another name."""
    photos = sorted(photo for number in (1, 2, 3) for photo in fold(number))
    train = [photo for index, photo in enumerate(photos) if index % 10]
    if part == "train":
        return train
    known = {digest(photo) for photo in train}
    return [photo for photo in (photos[::10] if part == "val" else fold(0)) if digest(photo) not in known]


def digest(photo: str) -> str:
    return hashlib.sha256((DATA / "freiburg" / photo).read_bytes()).hexdigest()


def fold(number: int) -> list[str]:
    text = (DATA / "freiburg" / "folds" / f"fold{number}.txt").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
