"""Fit a model's metric for products on views of its training photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.bundle import Bundle, derive_bundle
from shelfwise.datasets.dataset import Dataset
from shelfwise.errors import BundleError, DataError, ImageError
from shelfwise.inference.classifier import Classifier, session_of
from shelfwise.inference.products.calibration import METRIC
from shelfwise.models import SPECS
from shelfwise.training.fit import Stages
from shelfwise.training.product_metric import fit_product_metric
from shelfwise.workflows.prepare import some_of_each

__all__ = ["PHOTOS", "compared_features", "views_of", "with_product_metric"]

PHOTOS: Final = 704
"""At most so many training photos are looked at, in :func:`views_of` each."""
_CHUNK: Final = 32


def with_product_metric(
    bundle: Bundle, out: Path, dataset: Dataset, training: Sequence[int], stages: Stages, *, seed: int = 0
) -> Bundle:
    """Write the same model with a metric in which products are told apart better.

    Only the embedding that is given out changes, not what a photo is called nor whether that is accepted.

    Args:
        bundle: a model without a metric.
        out: the new bundle's folder, another one.
        dataset: holds the photos that it was trained on.
        training: which these are; some are looked at, as evenly of all categories as they allow.
        stages: shows how far it is.
        seed: of the choice.

    Raises:
        DataError: no training photo can be read.
        BundleError: ``bundle`` is damaged or has a metric already, or ``out`` is its own folder.
        StorageError: it cannot be written.
    """
    if bundle.has_metric:
        raise BundleError(f"{bundle.path}: has a metric already; give the bundle that it was added to")
    # The reference engine: the metric must not depend on what else is installed on the machine that trains.
    classifier = Classifier(bundle, session_of(bundle, engine="onnxruntime"))
    chosen = some_of_each(dataset, training, PHOTOS, seed)
    progress = stages("Learning by what products differ, from views of training photos")
    found: list[NDArray[np.float32]] = []
    for start in range(0, len(chosen), _CHUNK):
        part = chosen[start : start + _CHUNK]
        found += _embedded(classifier, dataset, part)
        progress(start + len(part), len(chosen))
    if not found:
        raise DataError(f"{dataset.root}: no training photo can be read")
    views = np.stack(found)
    metric = fit_product_metric(views, compared_features(bundle, views.shape[2]))
    card = (
        bundle.card_path.read_text("utf-8").rstrip()
        + "\n\n## Products\n\n"
        + f"- Products are compared by {metric.shape[1]:,} numbers, in a metric that was fitted to {len(views):,}"
        f" training photos, each upright, on its sides, upside down and mirrored.\n"
    )
    # Similarities that were measured without the metric are not those with it.
    metrics = {name: value for name, value in bundle.metrics.items() if name != METRIC}
    return derive_bundle(bundle, out, metric=metric, metrics=metrics, card=card)


def views_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture as it is, turned by 90°, 180° and 270°, and mirrored.

    Args:
        pixels: uint8 (size, size, 3).

    Returns:
        uint8 (5, size, size, 3).
    """
    return np.stack([*(np.rot90(pixels, turns) for turns in range(4)), pixels[:, ::-1]])


def compared_features(bundle: Bundle, features: int) -> NDArray[np.bool_] | None:
    """Which features of a model's embedding say what a product is; None for all.

    Of a joined model's embedding each member has its own stretch (:func:`shelfwise.models.merge.merge_onnx`).

    Args:
        bundle: the model.
        features: length of its embedding.
    """
    members = bundle.provenance.get("members") or [bundle.provenance]
    recipes = [member.get("config", {}).get("recipe") for member in members]
    if not SPECS.keys() >= set(recipes):
        return None
    specs = [SPECS[recipe] for recipe in recipes]
    lengths = [spec.features or 0 for spec in specs]
    if min(lengths) == 0 or sum(lengths) != features:
        return None
    return np.concatenate(
        [np.arange(length) < (spec.compared or length) for spec, length in zip(specs, lengths, strict=True)]
    )


def _embedded(classifier: Classifier, dataset: Dataset, part: Sequence[int]) -> list[NDArray[np.float32]]:
    """Embeddings of the views of each photo that can be read, (views, features)."""
    preprocessing = classifier.bundle.preprocessing
    pictures = []
    for index in part:
        try:
            pictures.append(views_of(preprocessing.load(dataset.path(index), box=dataset.samples[index].box)))
        except ImageError:
            continue
    if not pictures:
        return []
    predictions = classifier.predictions(np.concatenate(pictures))
    rows = np.stack([each.embedding for each in predictions if each.embedding is not None])
    return list(rows.reshape(len(pictures), -1, rows.shape[1]))
