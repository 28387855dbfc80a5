"""What similarities the model's embedding gives on products that it was not trained on: for ``shelfwise products``.

They are measured with the left-out twin, on Grocery Store's training list, and kept in ``similarity.json`` beside
this file; the model that ships carries them (``shelfwise.inference.products.calibration``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.embedded import Photos, embedded
from benchmarks.twin import familiar
from shelfwise.bundle import Bundle, derive_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.errors import ConfigError
from shelfwise.files import atomic_write_text
from shelfwise.inference.classifier import Classifier
from shelfwise.inference.products.calibration import METRIC, measured_prior

__all__ = ["FILE", "Measured", "carried", "measure", "read", "similarities", "write"]

FILE = Path(__file__).with_name("similarity.json")
PART = "train"
PRODUCTS = 10
DRAWS = 200
SEED = 42


class Measured(BaseModel):
    """What was measured, and with which model.

    Attributes:
        similarity: as :func:`~shelfwise.inference.products.calibration.measured_prior` gives it.
        shares: of the model's members, by recipe.
        photos, classes: how many it was measured on.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    similarity: dict[str, float]
    shares: dict[str, float]
    photos: int
    classes: int


def measure(bundle: Bundle, dataset: Dataset, shares: Mapping[str, float]) -> Measured:
    """Measure a bundle on the training list of a set, less the classes whose category it has learned.

    Args:
        bundle: the left-out twin.
        dataset: Grocery Store.
        shares: of the bundle's members, by recipe.

    Raises:
        ConfigError: fewer than two classes are left.
        BenchmarkError: a photo cannot be read.
    """
    known = familiar(dataset.categories, bundle.categories)
    chosen = [i for i in dataset.official[PART] if dataset.categories[dataset.samples[i].label] not in known]
    classes = len({dataset.samples[i].label for i in chosen})
    if classes < 2:
        raise ConfigError(
            f"{bundle.path} knows {len(known)} of the {len(dataset.categories)} classes already"
        )
    same, other = similarities(embedded(Classifier(bundle), dataset, chosen))
    return Measured(
        similarity=measured_prior(same, other), shares=dict(shares), photos=len(chosen), classes=classes
    )


def similarities(
    photos: Photos, *, products: int = PRODUCTS, draws: int = DRAWS, seed: int = SEED
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Similarities of photos to their own product and to the nearest other one, in many small indexes.

    Each draw takes a few classes by chance and enrols one photo of each, again by chance; all their other photos are
    compared. With one photo a product the similarity is the cosine.

    Args:
        photos: of two classes at least.
        products: how many classes a draw takes at most.
        draws: how often.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    classes = np.unique(photos.labels)
    same, other = [], []
    for _ in range(draws):
        taken = random.choice(classes, min(products, len(classes)), replace=False)
        enrolled = np.array([random.choice(np.flatnonzero(photos.labels == each)) for each in taken])
        asked = photos.without(enrolled).of(taken)
        alike = asked.rows @ photos.rows[enrolled].T
        own = asked.labels[:, None] == taken
        same.append(alike[own])
        other.append(np.where(own, -np.inf, alike).max(axis=1))
    return np.concatenate(same), np.concatenate(other)


def read(path: Path) -> Measured | None:
    """What was measured, or None where there is no such file.

    Raises:
        ConfigError: it holds something else.
    """
    if not path.exists():
        return None
    try:
        return Measured.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "content"
        raise ConfigError(f"{path}: {where}: {first['msg']}; measure it anew with --left-out") from error


def write(measured: Measured, path: Path) -> None:
    """Keep what was measured, as JSON."""
    atomic_write_text(path, measured.model_dump_json(indent=1) + "\n")


def carried(bundle: Bundle, folder: Path, measured: Measured | None) -> Bundle:
    """Write the same bundle to ``folder``, with these similarities among its metrics, or with none.

    Raises:
        BundleError: ``folder`` is the bundle's own.
        StorageError: it cannot be written, or ``folder`` holds something that is no bundle.
    """
    metrics = {name: value for name, value in bundle.metrics.items() if name != METRIC}
    if measured is not None:
        metrics[METRIC] = measured.similarity
    return derive_bundle(bundle, folder, metrics=metrics)
