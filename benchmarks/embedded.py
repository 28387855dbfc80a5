"""Labelled photos as embeddings, made as ``shelfwise products`` makes them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import BenchmarkError
from shelfwise.datasets.dataset import Dataset
from shelfwise.errors import ImageError
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.products.gallery import unit_rows

__all__ = ["Floats", "Integers", "Photos", "embedded", "joined"]

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Photos:
    """Embeddings of N photos with their classes.

    Attributes:
        rows: (N, features), of length 1 each.
        labels: class of each, (N,).
    """

    rows: Floats
    labels: Integers

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: Integers | NDArray[np.bool_]) -> Photos:
        """Some of the photos, by index or mask."""
        return Photos(self.rows[chosen], self.labels[chosen])

    def without(self, chosen: Integers) -> Photos:
        """All photos but those with these indices."""
        kept = np.ones(len(self), bool)
        kept[chosen] = False
        return self.take(kept)

    def of(self, classes: Collection[int] | Integers) -> Photos:
        """The photos of these classes."""
        return self.take(np.isin(self.labels, np.array(sorted(int(each) for each in classes), np.int64)))


def joined(*parts: Photos) -> Photos:
    """The photos of all parts, one behind the other."""
    return Photos(np.concatenate([p.rows for p in parts]), np.concatenate([p.labels for p in parts]))


def embedded(classifier: Classifier, dataset: Dataset, indices: Sequence[int]) -> Photos:
    """Some photos of a set, embedded; boxes are cut out.

    Raises:
        BenchmarkError: one cannot be read.
    """
    rows = [_embedding(each) for each in classifier.stream(_pictures(classifier, dataset, indices))]
    labels = [dataset.samples[i].label for i in indices]
    return Photos(unit_rows(np.stack(rows)), np.array(labels, np.int64))


def _pictures(
    classifier: Classifier, dataset: Dataset, indices: Sequence[int]
) -> Iterator[NDArray[np.uint8]]:
    preprocessing = classifier.bundle.preprocessing
    return (preprocessing.load(dataset.path(i), box=dataset.samples[i].box) for i in indices)


def _embedding(result: object) -> Floats:
    if isinstance(result, ImageError):
        raise BenchmarkError(str(result))
    embedding = getattr(result, "embedding", None)
    assert embedding is not None
    return embedding  # type: ignore[no-any-return]
