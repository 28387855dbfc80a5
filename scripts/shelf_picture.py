"""Makes the marked-out picture in docs/shelf.md: python scripts/shelf_picture.py [--detector BUNDLE]

Composes a shelf of painted packages, learns the most frequent products from a few of their facings, and counts the
photo as `shelfwise shelf` does.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections import Counter
from pathlib import Path

from PIL import Image

from shelfwise.datasets.scenes.scene import compose_scene
from shelfwise.datasets.scenes.truth import Scene
from shelfwise.datasets.scenes.wares import Wares
from shelfwise.inference.classifier import load
from shelfwise.shelf.detector import load_detector
from shelfwise.shelf.picture import write_picture
from shelfwise.workflows.products import ProductBook
from shelfwise.workflows.shelf import ShelfReader
from shelfwise.workflows.shelf_naming import ClassifierNamer
from shelfwise.workflows.shelf_photos import mark_out

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "shelf.jpg"
NAMES = (
    ("Cocoa 250 g", "baking/cocoa"),
    ("Rolled oats 500 g", "cereals/oats"),
    ("Black tea 50", "tea"),
    ("Lentil soup 400 ml", "soups"),
    ("Wholemeal flour 1 kg", "baking/flour"),
    ("Herb crackers 150 g", "snacks"),
    ("Honey pops 375 g", "cereals/pops"),
    ("Chickpeas 400 g", "pulses"),
)
LEARNED = 4
LONGER_SIDE, LARGEST_BYTES = 1500, 400_000


def learned(scene: Scene, photo: Image.Image, folder: Path) -> ClassifierNamer:
    """The packaged model with an index of the scene's most frequent products."""
    classifier = load()
    book = ProductBook(classifier, folder)
    counts = Counter(placed.product for placed in scene.products)
    frequent = [product for product, count in counts.most_common(len(NAMES)) if count >= LEARNED]
    for (name, category), product in zip(NAMES, frequent, strict=False):
        boxes = [placed.box for placed in scene.products if placed.product == product][:LEARNED]
        book.add(name, [png(photo.crop(tuple(map(round, box)))) for box in boxes], category=category)
    return ClassifierNamer(classifier, book.read())


def png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--out", type=Path, default=PICTURE)
    given = parser.parse_args()
    size = (LONGER_SIDE, LONGER_SIDE)
    scene = compose_scene(Wares(()), "shelf", given.seed, given.number, sizes=size, rows=(3, 4))
    photo = Image.fromarray(scene.picture)
    with tempfile.TemporaryDirectory() as folder:
        reader = ShelfReader(load_detector(given.detector), learned(scene, photo, Path(folder)))
        count = reader.count(photo, source="shelf.jpg")
    write_picture(mark_out(photo, count), given.out)
    gaps = len(count.arrangement.gaps)
    told = f"{len(count)} facings of {len(scene.products)}, {gaps} gaps, {dict(count.products)}"
    sys.stdout.write(f"wrote {given.out}: {told}\n")


if __name__ == "__main__":
    main()
