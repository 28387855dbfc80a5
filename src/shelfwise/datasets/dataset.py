"""What a labelled set of photos is, whatever layout it came from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from shelfwise.errors import DataError
from shelfwise.hierarchy import DEFAULT_LEVELS, Hierarchy

__all__ = ["LEVEL_SEPARATOR", "Box", "DataSource", "Dataset", "PhotoNote", "Sample"]

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


@dataclass(frozen=True, slots=True)
class PhotoNote:
    """What a set with boxes tells of a photo beside its samples.

    There is one for each photo that was looked through and shows no product, so that no sample is of it, and for
    each photo with regions of products that are not marked one by one.

    Attributes:
        path: as in :class:`Sample`.
        part: the official part that the photo belongs to, or None.
        crowds: those regions; empty where the note says that the photo shows no product.
    """

    path: str
    part: str | None = None
    crowds: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSource:
    """One of several sets that a dataset is joined from.

    Attributes:
        name: what people call it.
        folder: its folder, relative to the dataset's root, with forward slashes.
        licence: of its photos, in words.
    """

    name: str
    folder: str
    licence: str

    def holds(self, key: str) -> bool:
        """Whether the sample of this key is one of its."""
        return key.startswith(self.folder + "/")


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
        sources: the sets that it is joined from; empty where it is one set.
        levels: names of the levels of the categories, the widest first; empty where none are given.
        notes: photos without a product, and regions of many, sorted by path; what detects products needs both, and
            nothing else heeds them.
    """

    root: Path
    layout: str
    categories: tuple[str, ...]
    samples: tuple[Sample, ...]
    official: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    rendered: bool = False
    sources: tuple[DataSource, ...] = ()
    levels: tuple[str, ...] = ()
    notes: tuple[PhotoNote, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.categories)) != len(self.categories):
            raise DataError(f"{self.root}: a category is named twice")
        count = len(self.categories)
        if any(not 0 <= sample.label < count for sample in self.samples):
            raise DataError(f"{self.root}: a label is outside the {count} categories")

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def hierarchy(self) -> Hierarchy:
        """The tree of the categories."""
        return Hierarchy.from_categories(self.categories, self.levels or DEFAULT_LEVELS)

    def path(self, index: int) -> Path:
        """Absolute path of a sample's photo."""
        return self.root / self.samples[index].path

    def counts(self) -> tuple[int, ...]:
        """Number of samples of each category, in label order."""
        counts = [0] * len(self.categories)
        for sample in self.samples:
            counts[sample.label] += 1
        return tuple(counts)

    def subset(self, indices: Sequence[int]) -> Dataset:
        """Only the samples at ``indices``, in that order; all categories stay.

        Raises:
            DataError: an index is given twice or is outside the dataset.
        """
        position = {index: new for new, index in enumerate(indices)}
        if len(position) < len(indices) or any(not 0 <= index < len(self) for index in indices):
            raise DataError(f"{self.root}: a subset's samples must differ and lie within the {len(self)}")
        official = {
            name: tuple(sorted(position[index] for index in part if index in position))
            for name, part in self.official.items()
        }
        return replace(
            self,
            samples=tuple(self.samples[index] for index in indices),
            official={name: part for name, part in official.items() if part},
        )

    def with_classes(self, categories: Sequence[str]) -> Dataset:
        """Only the samples of these categories (full names), labelled in this order.

        Raises:
            DataError: the dataset has no such category, or one is named twice.
        """
        unknown = [name for name in categories if name not in self.categories]
        if unknown:
            raise DataError(f"{self.root}: no category {unknown[0]!r}")
        label = {self.categories.index(name): new for new, name in enumerate(categories)}
        kept = self.subset([index for index, sample in enumerate(self.samples) if sample.label in label])
        samples = tuple(replace(sample, label=label[sample.label]) for sample in kept.samples)
        return replace(kept, categories=tuple(categories), samples=samples)

    def fingerprint(self, hashes: Sequence[str] | None = None) -> str:
        """SHA-256, in hexadecimal, of the categories and of each sample's key and label.

        Args:
            hashes: a content hash for each sample, to have the photos' content count too.
        """
        digest = hashlib.sha256()
        for category in self.categories:
            digest.update(os.fsencode(category) + b"\n")
        for index, sample in enumerate(self.samples):
            content = hashes[index] if hashes is not None else ""
            digest.update(os.fsencode(f"{sample.key}\t{sample.label}\t{content}\n"))
        return digest.hexdigest()
