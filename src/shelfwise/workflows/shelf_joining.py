"""Several photos of one shelf as one count, in which each product counts once, and as one picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.errors import ShelfError
from shelfwise.shelf.joining import Joined, Part, join
from shelfwise.shelf.planogram import Planogram
from shelfwise.types import Detections
from shelfwise.workflows.shelf_count import Names, ShelfCount, arrange_shelf

__all__ = ["MOST_PIXELS", "join_counts", "joined_picture"]

MOST_PIXELS: Final = 40_000_000
"""A joined picture that would have more is made smaller."""
_PAPER: Final = (255, 255, 255)
_LEAST: Final = 1e-6

Floats = NDArray[np.float64]


def join_counts(counts: Sequence[ShelfCount], planogram: Planogram | None = None) -> ShelfCount:
    """Join the counts of photos of one shelf, each of which overlaps one of those before it.

    Args:
        counts: of the photos, from one end of the shelf to the other; with names, for that tells what products look
            like.
        planogram: what should stand there.

    Raises:
        ShelfError: nothing was named, or the overlap of two photos cannot be found or is ambiguous.
    """
    if any(count.names is None for count in counts):
        raise ShelfError("photos are joined by what the products on them look like: let them be named")
    joined = join([_part(count) for count in counts])
    width, height = joined.size
    boxes = np.clip(joined.boxes, 0, np.array([width, height, width, height], np.float32))
    there = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(axis=1)
    order = np.flatnonzero(there)[np.argsort(-joined.scores[there], kind="stable")]
    found = Detections(boxes[order], joined.scores[order], width, height)
    names = _names(joined, [count.names for count in counts if count.names is not None], order)
    return ShelfCount(
        tuple(source for count in counts for source in count.sources),
        found,
        arrange_shelf(found, names.named, planogram),
        names,
        counts[0].model,
        joined.matrices,
    )


def _part(count: ShelfCount) -> Part:
    embeddings = np.zeros((0, 0), np.float32) if count.names is None else count.names.embeddings
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return Part(
        count.found.boxes,
        (embeddings / np.maximum(lengths, _LEAST)).astype(np.float32),
        (count.found.width, count.found.height),
        count.found.scores,
        [facing.named for facing in count.facings],
    )


def _names(joined: Joined, names: Sequence[Names], order: NDArray[np.intp]) -> Names:
    """Names of the boxes in this order; prediction and embedding are those of the photo that a box was taken from."""
    taken = [joined.sources[i] for i in order]
    rows = [names[photo].embeddings[box] for photo, box in taken]
    return Names(
        tuple(joined.named[i] for i in order),
        tuple(names[photo].predictions[box] for photo, box in taken),
        np.stack(rows) if rows else np.zeros((0, 0), np.float32),
        tuple(names[photo].product_ids[box] for photo, box in taken),
    )


def joined_picture(photos: Sequence[Image.Image], count: ShelfCount) -> tuple[Image.Image, float]:
    """The photos as one picture, the first ones on top.

    Args:
        photos: RGB, those that were joined, in the same order.
        count: what :func:`join_counts` gave.

    Returns:
        the picture, and how many of its pixels one pixel of the count's coordinates is, at most 1.
    """
    width, height = count.found.width, count.found.height
    scale = min(1.0, math.sqrt(MOST_PIXELS / (width * height)))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.new("RGB", size, _PAPER)
    for photo, matrix in reversed(list(zip(photos, count.matrices, strict=True))):
        # Pillow asks where each pixel comes from: the inverse, with 1 as its last number.
        back = np.linalg.inv(np.diag([scale, scale, 1.0]) @ matrix)
        numbers = (back / back[2, 2]).ravel()[:8].tolist()
        how = Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BILINEAR
        covered = Image.new("L", photo.size, 255).transform(size, *how)
        picture.paste(photo.transform(size, *how), (0, 0), covered)
    return picture, scale
