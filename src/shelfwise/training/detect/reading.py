"""Photos as the detector's crops are taken from them: decoded when they are needed, and looked through before."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np

from shelfwise.errors import DataError, ImageError
from shelfwise.images.decode import decode, open_picture
from shelfwise.training.detect.batches import Photos
from shelfwise.training.detect.crops import Marked
from shelfwise.training.detect.photos import DetectionPhoto

__all__ = ["marked", "photos_of", "unreadable"]

Progress = Callable[[int, int], None]

FEW: Final = 12
"""Photos of no more products are shown four at once now and then."""
_ENOUGH: Final = 1536
"""Shorter side in pixels that is enough of a photo to learn from; larger JPEGs are decoded at a fraction."""
_SLACK: Final = 2.0


def photos_of(photos: Sequence[DetectionPhoto]) -> Photos:
    """Photos to take crops from."""
    return Photos(
        len(photos), lambda number: marked(photos[number]), [len(photo.boxes) <= FEW for photo in photos]
    )


def marked(photo: DetectionPhoto) -> Marked:
    """A photo's pixels, and its boxes on them.

    Raises:
        ImageError: it cannot be read.
    """
    pixels = decode(photo.path, min_side=_ENOUGH)
    if min(pixels.shape[:2]) < _ENOUGH:
        return Marked(pixels, photo.boxes, photo.ignore)
    width, height = open_picture(photo.path).size
    scale = np.array([pixels.shape[1] / width, pixels.shape[0] / height] * 2, np.float32)
    return Marked(pixels, photo.boxes * scale, photo.ignore * scale)


def unreadable(photos: Sequence[DetectionPhoto], progress: Progress | None = None) -> dict[Path, ImageError]:
    """The photos that cannot be decoded, by path, each with the reason.

    Args:
        photos: the photos.
        progress: called with the number of photos done and of all.

    Raises:
        DataError: a photo is smaller than its boxes say, so that they are not its own.
    """
    errors: dict[Path, ImageError] = {}

    def look(photo: DetectionPhoto) -> ImageError | tuple[int, int]:
        try:
            decode(photo.path, min_side=_ENOUGH)
            return open_picture(photo.path).size
        except ImageError as error:
            return ImageError(error.source, error.reason)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, (photo, seen) in enumerate(zip(photos, pool.map(look, photos), strict=True), start=1):
            if isinstance(seen, ImageError):
                errors[photo.path] = seen
            else:
                _refuse_outside(photo, seen)
            if progress is not None:
                progress(done, len(photos))
    return errors


def _refuse_outside(photo: DetectionPhoto, size: tuple[int, int]) -> None:
    if len(photo.boxes) and (photo.boxes[:, 2:].max(0) > np.add(size, _SLACK)).any():
        right, bottom = photo.boxes[:, 2:].max(0)
        raise DataError(
            f"{photo.path}: has {size[0]}×{size[1]} pixels, but a box reaches to ({right:g}, {bottom:g}): the boxes"
            " are those of the photo at another size or before it was turned; mend the annotation"
        )
