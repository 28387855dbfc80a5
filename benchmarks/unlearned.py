"""Pictures of what no model of groceries has learned: noise, other photos, packages of other shops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from benchmarks.photos import data_folder
from shelfwise.inference.classifier import Source

__all__ = ["NOISE", "ORIGIN", "noise", "pictures", "unlearned"]

NOISE = ("grains", "colours", "clouds", "stripes", "checks", "gradients", "salt and pepper")
"""Kinds of drawn pictures."""
_EACH = 20
_SIDE = 256
_CUT = 4
_PHOTO_SUFFIXES = {".jpg", ".png"}

ORIGIN: Mapping[str, str] = {
    "checkout-items": "photos of nine items on tables and in baskets (Roboflow Universe, cdio-zmfmj, CC BY 4.0);"
    " some are groceries, but no category of the training",
    "noise": f"{_EACH} drawn pictures each of: {', '.join(NOISE)}",
    "other pictures": "china.jpg and flower.jpg of scikit-learn (CC BY) and grace_hopper.jpg of Matplotlib (public"
    f" domain), as they lie in the wheels: whole, and cut into {_CUT} × {_CUT} pieces",
    "barcodes": "photographed barcodes (zxing's test set, Apache-2.0)",
}
"""What each kind is and where it is from."""


def unlearned() -> dict[str, Sequence[Source]]:
    """All pictures by kind; a kind whose photos are not there is left out."""
    found: dict[str, Sequence[Source]] = {
        "checkout-items": sorted((data_folder() / "checkout-items").glob("*/images/*")),
        "noise": [picture for kind in NOISE for picture in noise(kind)],
        "other pictures": list(pictures()),
        "barcodes": [
            path
            for path in sorted((data_folder() / "barcodes").glob("*/*"))
            if path.suffix in _PHOTO_SUFFIXES
        ],
    }
    return {kind: sources for kind, sources in found.items() if sources}


def noise(kind: str, count: int = _EACH) -> Iterator[NDArray[np.uint8]]:
    """Drawn pictures of a kind, the same each time."""
    random = np.random.default_rng([NOISE.index(kind), 0])
    for _ in range(count):
        yield _draw(kind, random)


def _draw(kind: str, random: np.random.Generator) -> NDArray[np.uint8]:
    one, two = random.integers(0, 256, (2, 3))
    down, across = np.mgrid[:_SIDE, :_SIDE]
    if kind == "grains":
        return random.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
    if kind == "colours":
        return np.broadcast_to(one.astype(np.uint8), (_SIDE, _SIDE, 3)).copy()
    if kind == "clouds":
        small = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        wide = small.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
        return np.asarray(wide.filter(ImageFilter.GaussianBlur(4)))
    if kind == "salt and pepper":
        picture = np.full((_SIDE, _SIDE, 3), 128, np.uint8)
        chosen = random.random((_SIDE, _SIDE))
        picture[chosen < 0.1], picture[chosen > 0.9] = 0, 255
        return picture
    width = int(random.integers(4, 40))
    share = {
        "stripes": (across // width) % 2,
        "checks": (across // width + down // width) % 2,
        "gradients": (across + down * random.uniform(-1, 1)) / _SIDE % 1,
    }[kind][..., None]
    return (one * share + two * (1 - share)).astype(np.uint8)


def pictures() -> Iterator[NDArray[np.uint8]]:
    """Photos of a temple, a flower and a person, whole and in pieces."""
    for path in (
        files("sklearn.datasets.images") / "china.jpg",
        files("sklearn.datasets.images") / "flower.jpg",
        files("matplotlib") / "mpl-data" / "sample_data" / "grace_hopper.jpg",
    ):
        with path.open("rb") as file, Image.open(file) as opened:
            whole = np.asarray(opened.convert("RGB"))
        yield whole
        height, width = whole.shape[0] // _CUT, whole.shape[1] // _CUT
        for row in range(_CUT):
            for column in range(_CUT):
                yield np.ascontiguousarray(
                    whole[row * height : (row + 1) * height, column * width : (column + 1) * width]
                )


def freiburg_left_out(categories: Sequence[str]) -> tuple[str, ...]:
    """Every fifth of the categories: those to leave out of a training."""
    return tuple(sorted(categories)[4::5])
