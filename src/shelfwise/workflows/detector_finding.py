"""What a detector finds on marked photos, and how that compares with what is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shelfwise.errors import DataError, ImageError
from shelfwise.images.decode import decode
from shelfwise.shelf.detector import Detector
from shelfwise.training.detect.matching import LEAST
from shelfwise.training.detect.measures import DetectionFigures, measure
from shelfwise.training.detect.photos import DetectionPhoto
from shelfwise.types import Detections

__all__ = ["DetectionResult", "measure_detector"]


@dataclass(frozen=True, slots=True, eq=False)
class DetectionResult:
    """A part of a set, measured.

    Attributes:
        figures: the figures, and each photo behind them.
        errors: photos that could not be read; they are in no figure.
    """

    figures: DetectionFigures
    errors: Sequence[ImageError] = ()

    def headline(self) -> dict[str, float]:
        """The single figures by name."""
        return self.figures.headline()


def measure_detector(
    detector: Detector,
    photos: Sequence[DetectionPhoto],
    threshold: float | None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> DetectionResult:
    """Find products on photos, decoded as when it serves, and compare with what is marked.

    Args:
        detector: the detector; one photo is worked on a core, so its own ``threads`` are best 1.
        photos: the photos with their products.
        threshold: smallest score of a product; None: the one that counts these photos best.
        progress: called with the number of photos done and of all.

    Raises:
        DataError: no photo can be read, or none of them shows a product.
        ModelError: the network failed.
        MissingExtraError: pycocotools is not installed.
    """

    def look(photo: DetectionPhoto) -> Detections | ImageError:
        try:
            return detector.find(decode(photo.path), source=str(photo.path), min_score=LEAST)
        except ImageError as error:
            # A new one without traceback: that would keep the photo's bytes in memory.
            return ImageError(error.source, error.reason)

    read: list[DetectionPhoto] = []
    found: list[Detections] = []
    errors: list[ImageError] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, (photo, answer) in enumerate(zip(photos, pool.map(look, photos), strict=True), start=1):
            if isinstance(answer, ImageError):
                errors.append(answer)
            else:
                read.append(photo)
                found.append(answer)
            if progress is not None:
                progress(done, len(photos))
    if not read:
        first = f"; the first: {errors[0]}" if errors else ""
        raise DataError(f"no photo to measure on ({len(errors)} cannot be read){first}")
    return DetectionResult(measure(read, found, threshold), errors)
