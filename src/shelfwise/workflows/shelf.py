"""Count a shelf: from a photo to boxes with names, rows and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import DEFAULT_LIMITS, Limits, decode, rgb_of
from shelfwise.inference.classifier import Source
from shelfwise.types import Detections
from shelfwise.workflows.shelf_count import Names, Progress, ShelfCount, arrange_shelf

__all__ = ["BoxFinder", "BoxNamer", "ShelfReader", "pixels_of"]


class BoxFinder(Protocol):
    """Finds all products on a photo: :class:`shelfwise.shelf.detector.Detector`. Several threads may call it."""

    def find(self, image: NDArray[np.uint8], *, source: str | None = None) -> Detections:
        """Boxes of the products on an RGB image of shape (height, width, 3)."""


class BoxNamer(Protocol):
    """Says which product is in each box: :class:`shelfwise.workflows.shelf_naming.ClassifierNamer`."""

    @property
    def model(self) -> tuple[str, str]:
        """The model's id and name."""

    def name(
        self, image: NDArray[np.uint8], boxes: NDArray[np.float32], progress: Progress | None = None
    ) -> Names:
        """What is in each box of an RGB image."""


class ShelfReader:
    """Counts what is on shelf photos.

    Args:
        detector: finds the products.
        namer: says which they are; None: they are marked out and counted, but not named.
        limits: what one picture may cost at most.
    """

    def __init__(
        self,
        detector: BoxFinder,
        namer: BoxNamer | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.detector = detector
        self.namer = namer
        self._limits = limits

    def count(
        self,
        photo: Source,
        *,
        source: str | None = None,
        name: bool = True,
        progress: Progress | None = None,
    ) -> ShelfCount:
        """Find, name and arrange the products on one photo. Several threads may call it.

        Args:
            photo: a path, a picture file's bytes, RGB pixels, or a Pillow image; taken at its full resolution.
            source: what to call the photo; its path by default.
            name: False only finds and arranges the boxes, which is quick.
            progress: told how many of the boxes are named.

        Raises:
            ImageError: the photo cannot be read.
            ModelError: a network fails.
        """
        source = source or (str(photo) if isinstance(photo, str | Path) else None)
        image = pixels_of(photo, name=source, limits=self._limits)
        found = self.detector.find(image, source=source)
        namer = self.namer if name else None
        names = None if namer is None else namer.name(image, found.boxes, progress)
        return ShelfCount(
            (source,),
            found,
            arrange_shelf(found, None if names is None else names.named),
            names,
            None if namer is None else namer.model,
        )


def pixels_of(
    photo: Source, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> NDArray[np.uint8]:
    """A photo's pixels as a person would see it, at full resolution: uint8 (height, width, 3), RGB.

    Args:
        photo: a path, a picture file's bytes, RGB pixels, or a Pillow image.
        name: what to call it in errors.
        limits: what it may cost at most.

    Raises:
        ImageError: it cannot be read.
    """
    if isinstance(photo, np.ndarray):
        return _checked(photo, name or "array")
    if isinstance(photo, Image.Image):
        return rgb_of(photo, name=name or "picture in memory")
    return decode(Path(photo) if isinstance(photo, str) else photo, name=name, limits=limits)


def _checked(image: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        shape = " × ".join(map(str, image.shape))
        raise ImageError(name, f"must be height × width × 3 of uint8, not {shape} of {image.dtype}")
    return image
