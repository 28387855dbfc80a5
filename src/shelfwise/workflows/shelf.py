"""Count a shelf: from a photo to boxes with names, rows, runs, and what a planogram says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import DEFAULT_LIMITS, Limits, open_picture, rgb_of
from shelfwise.inference.classifier import Source, load
from shelfwise.inference.engines import Engine
from shelfwise.shelf.planogram import Planogram, read_planogram
from shelfwise.types import Detections
from shelfwise.workflows.classify import find_bundle, find_detector
from shelfwise.workflows.product_finding import product_finder
from shelfwise.workflows.shelf_count import Names, Progress, ShelfCount, arrange_shelf
from shelfwise.workflows.shelf_joining import join_counts
from shelfwise.workflows.shelf_naming import ClassifierNamer

__all__ = ["BoxFinder", "BoxNamer", "ShelfReader", "load_shelf", "picture_of", "pixels_of"]


def load_shelf(
    detector: str | Path | None = None,
    model: str | Path | None = None,
    products: str | Path | None = None,
    *,
    planogram: str | Path | Planogram | None = None,
    name: bool = True,
    min_score: float = 0.0,
    threads: int | None = None,
    engine: Engine = "auto",
    limits: Limits = DEFAULT_LIMITS,
    tell: Callable[[str], None] | None = None,
) -> ShelfReader:
    """Load what counts shelves.

    ::

        shelf = shelfwise.load_shelf()
        count = shelf.count("aisle-3.jpg")
        print(len(count), count.products, count.categories)

    Args:
        detector: the bundle of a detector; None or ``default`` for the one that comes with Shelfwise.
        model: the bundle of the model that names what was found; None for the one that comes with Shelfwise.
        products: the index of products; None for the model's own, if it has one.
        planogram: what should stand on the shelf, or the JSON or CSV file that says it.
        name: False finds and counts products without naming them.
        min_score: boxes that the detector is less sure of are left out.
        threads: how many parts of a photo are worked on at once; one a core by default.
        engine: what runs the model, as for :func:`shelfwise.load`.
        limits: what one picture may cost at most.
        tell: is told where the model's own index of products cannot be used.

    Raises:
        BundleError: a folder is missing, damaged, or of a model of another task.
        ProductIndexError: the index that was asked for is missing, damaged or of another model.
        PlanogramError: the planogram's file cannot be read, or is wrong.
    """
    from shelfwise.shelf.detector import load_detector

    plan = read_planogram(Path(planogram)) if isinstance(planogram, str | Path) else planogram
    finder = load_detector(None if detector is None else find_detector(Path(detector)), threads=threads)
    namer = _namer(model, products, threads, engine, limits, tell) if name else None
    return ShelfReader(finder, namer, plan, min_score=min_score, limits=limits)


def _namer(
    model: str | Path | None,
    products: str | Path | None,
    threads: int | None,
    engine: Engine,
    limits: Limits,
    tell: Callable[[str], None] | None,
) -> ClassifierNamer:
    bundle = find_bundle(None if model is None else Path(model))
    classifier = load(bundle, threads=threads, engine=engine, limits=limits)
    given = None if products is None else Path(products)
    with product_finder(classifier, given, tell or (lambda _: None)) as finder:
        return ClassifierNamer(classifier, None if finder is None else finder.index)


class BoxFinder(Protocol):
    """Finds all products on a photo: :class:`shelfwise.shelf.detector.Detector`. Several threads may call it."""

    def find(self, image: Image.Image | NDArray[np.uint8], *, source: str | None = None) -> Detections:
        """Boxes of the products on an RGB image."""


class BoxNamer(Protocol):
    """Says which product is in each box: :class:`shelfwise.workflows.shelf_naming.ClassifierNamer`."""

    @property
    def model(self) -> tuple[str, str]:
        """The model's id and name."""

    def name(self, image: Image.Image, boxes: NDArray[np.float32], progress: Progress | None = None) -> Names:
        """What is in each box of an RGB image."""


class ShelfReader:
    """Counts what is on shelf photos.

    Args:
        detector: finds the products.
        namer: says which they are; None: they are marked out and counted, but not named.
        planogram: what should stand on the shelf, unless :meth:`count` is given another.
        min_score: boxes that the detector is less sure of are left out.
        limits: what one picture may cost at most.
    """

    def __init__(
        self,
        detector: BoxFinder,
        namer: BoxNamer | None = None,
        planogram: Planogram | None = None,
        *,
        min_score: float = 0.0,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.detector = detector
        self.namer = namer
        self.planogram = planogram
        self.min_score = min_score
        self.limits = limits

    def count(
        self,
        photo: Source,
        *,
        source: str | None = None,
        name: bool = True,
        planogram: Planogram | None = None,
        progress: Progress | None = None,
    ) -> ShelfCount:
        """Find, name and arrange the products on one photo. Several threads may call it.

        Args:
            photo: a path, a picture file's bytes, RGB pixels, or a Pillow image; taken at its full resolution.
            source: what to call the photo; its path by default.
            name: False only finds and arranges the boxes, which is quick.
            planogram: what should stand there; the reader's by default.
            progress: told how many of the boxes are named.

        Raises:
            ImageError: the photo cannot be read.
            ModelError: a network fails.
        """
        source = source or (str(photo) if isinstance(photo, str | Path) else None)
        image = picture_of(photo, name=source, limits=self.limits)
        found = _surer(self.detector.find(image, source=source), self.min_score)
        namer = self.namer if name else None
        names = None if namer is None else namer.name(image, found.boxes, progress)
        return ShelfCount(
            (source,),
            found,
            arrange_shelf(found, None if names is None else names.named, planogram or self.planogram),
            names,
            None if namer is None else namer.model,
        )

    def join(
        self,
        photos: Sequence[Source],
        *,
        planogram: Planogram | None = None,
        progress: Progress | None = None,
    ) -> ShelfCount:
        """Count a shelf that is on several photos; what is on two of them counts once.

        Args:
            photos: from one end of the shelf to the other; each shows a part of what one before it shows.
            planogram: what should stand there; the reader's by default.
            progress: told how many of a photo's boxes are named.

        Raises:
            ImageError: a photo cannot be read.
            ShelfError: there is no photo, nothing is named, or the overlap of two cannot be found or is ambiguous.
        """
        counts = [self.count(photo, progress=progress) for photo in photos]
        return join_counts(counts, planogram or self.planogram)


def _surer(found: Detections, least: float) -> Detections:
    kept = int((found.scores >= least).sum())  # they are sorted
    if kept == len(found):
        return found
    return Detections(found.boxes[:kept], found.scores[:kept], found.width, found.height, found.source)


def picture_of(photo: Source, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Image.Image:
    """A photo as a person would see it, at full resolution, RGB.

    Args:
        photo: a path, a picture file's bytes, RGB pixels, or a Pillow image.
        name: what to call it in errors.
        limits: what it may cost at most.

    Raises:
        ImageError: it cannot be read.
    """
    if isinstance(photo, np.ndarray):
        return Image.fromarray(_checked(photo, name or "array"))
    if isinstance(photo, Image.Image):
        return Image.fromarray(rgb_of(photo, name=name or "picture in memory"))
    source = Path(photo) if isinstance(photo, str) else photo
    return open_picture(source, name=name, limits=limits).rgb()


def pixels_of(
    photo: Source, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> NDArray[np.uint8]:
    """The same as pixels: uint8 array of shape (height, width, 3)."""
    return np.asarray(picture_of(photo, name=name, limits=limits))


def _checked(image: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        shape = " × ".join(map(str, image.shape))
        raise ImageError(name, f"must be height × width × 3 of uint8, not {shape} of {image.dtype}")
    return np.ascontiguousarray(image)
