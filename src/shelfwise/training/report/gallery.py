"""Photos in a report: which ones, and small enough."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import decode
from shelfwise.training.metrics import ConfusedPair
from shelfwise.training.report.data import PartResult, SampleResult, Thumbnailer

__all__ = [
    "SIDE",
    "PairPhotos",
    "confident_mistakes",
    "jpeg",
    "pairs_with_photos",
    "random_choice",
    "thumbnail",
]

SIDE = 240
"""Longer side of a photo in the report, in pixels."""


class PairPhotos(NamedTuple):
    """Two categories that are confused, with photos of the first that were taken for the second."""

    pair: ConfusedPair
    photos: list[SampleResult]
    looks_like: list[SampleResult]


def thumbnail(result: SampleResult) -> NDArray[np.uint8]:
    """Decode a photo, cut out its box, and make it no larger than :data:`SIDE`.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        ImageError: the photo cannot be read (any more).
    """
    box = result.box
    picture = Image.fromarray(decode(result.path, min_side=SIDE if box is None else None))
    if box is not None:
        edges = (
            max(0, round(box.x)),
            max(0, round(box.y)),
            min(picture.width, round(box.x + box.width)),
            min(picture.height, round(box.y + box.height)),
        )
        if edges[2] <= edges[0] or edges[3] <= edges[1]:
            raise ImageError(str(result.path), "its box lies outside the picture")
        picture = picture.crop(edges)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def jpeg(result: SampleResult, load: Thumbnailer | None) -> tuple[bytes, int, int] | None:
    """A photo as a small JPEG with its width and height; None where it cannot be read any more."""
    try:
        pixels = (load or thumbnail)(result)
    except ImageError:
        return None
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=82, optimize=True)
    return buffer.getvalue(), pixels.shape[1], pixels.shape[0]


def random_choice(results: Sequence[SampleResult], count: int, seed: int) -> list[SampleResult]:
    """Some of the photos drawn by chance, in the dataset's order."""
    chosen = np.random.default_rng(seed).permutation(len(results))[:count]
    return [results[i] for i in sorted(chosen)]


def confident_mistakes(results: Sequence[SampleResult], count: int) -> list[SampleResult]:
    """The wrong answers that the model was surest of."""
    wrong = [r for r in results if not r.right]
    return sorted(wrong, key=lambda r: (-r.confidence, r.key))[:count]


def pairs_with_photos(part: PartResult, pairs: int = 8, photos: int = 3) -> list[PairPhotos]:
    """The most confused pairs, each with mistaken photos and with right ones of what they were taken for."""
    label_of = {name: label for label, name in enumerate(part.evaluation.categories)}
    found = []
    for pair in part.evaluation.confused[:pairs]:
        true, predicted = label_of[pair.true], label_of[pair.predicted]
        mistaken = [r for r in part.results if r.label == true and r.predicted == predicted]
        real = [r for r in part.results if r.label == predicted and r.right]
        mistaken.sort(key=lambda r: (-r.confidence, r.key))
        real.sort(key=lambda r: (-r.confidence, r.key))
        found.append(PairPhotos(pair, mistaken[:photos], real[:1]))
    return found
