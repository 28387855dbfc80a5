"""What a labelled set of photos is, whatever layout it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shelfwise.errors import DataError

__all__ = ["LEVEL_SEPARATOR", "Box", "Dataset", "Sample"]

LEVEL_SEPARATOR = "/"
"""Between the levels of a category's name: ``Fruit/Apple/Granny-Smith``."""


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels of the picture as shown (EXIF orientation applied)."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled photo, or one labelled box on it.

    Attributes:
        path: the photo's path relative to the dataset's root, with forward slashes.
        label: index into :attr:`Dataset.categories`.
        box: the part of the photo that the label is of, or None for all of it.
    """

    path: str
    label: int
    box: Box | None = None

    @property
    def key(self) -> str:
        """A name that is unique within the dataset and stable across machines."""
        if self.box is None:
            return self.path
        b = self.box
        return f"{self.path}#{b.x:g},{b.y:g},{b.width:g},{b.height:g}"


@dataclass(frozen=True)
class Dataset:
    """Labelled photos under one root folder.

    Attributes:
        root: absolute folder that all sample paths are relative to.
        layout: name of the layout it was read with (``folders``, ``list``, ``freiburg`` …).
        categories: category names in label order; levels of a hierarchy are joined by ``/``.
        samples: all samples, in a deterministic order.
        official: the set's own parts by name (``train``/``val``/``test`` or ``fold0`` …): indices into
            ``samples``; empty where the set has none.
        rendered: True where the pictures are drawn by a program and not photographed.
    """

    root: Path
    layout: str
    categories: tuple[str, ...]
    samples: tuple[Sample, ...]
    official: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    rendered: bool = False

    def __post_init__(self) -> None:
        if len(set(self.categories)) != len(self.categories):
            raise DataError(f"{self.root}: a category is named twice")
        count = len(self.categories)
        if any(not 0 <= sample.label < count for sample in self.samples):
            raise DataError(f"{self.root}: a label is outside the {count} categories")

    def __len__(self) -> int:
        return len(self.samples)

    def path(self, index: int) -> Path:
        """Absolute path of a sample's photo."""
        return self.root / self.samples[index].path

    def counts(self) -> tuple[int, ...]:
        """Number of samples of each category, in label order."""
        counts = [0] * len(self.categories)
        for sample in self.samples:
            counts[sample.label] += 1
        return tuple(counts)
