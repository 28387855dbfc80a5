"""The reference of a novelty score, from the embeddings of training photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.inference.novelty import REFERENCE, combined_parts, normalised

__all__ = ["Observed", "fit_reference"]

DIRECTIONS = 128
"""At most so many directions of the neighbours' embeddings are kept."""
DIRECTIONS_KEPT = 384
"""At most so many directions of a whitened space are kept, those of the largest variance."""
BANK = 4096
"""At most so many training photos are kept to be compared with."""
SHRINKAGE = 0.05
"""Share of the mean variance that is mixed into a covariance, so that directions without photos count little."""
ROUNDING = 2.0**-7
"""How far off an engine may be that reckons in bfloat16, with its 8 significant bits, relative to the length of a
vector. What varies less than that among the photos is not held against another photo."""
_USED = 0.95
"""ViM: the directions that hold this share of the variance are the used ones."""

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """What a network gives for N labelled photos.

    Attributes:
        logits: (N, L), as the network gives them.
        embeddings: (N, D).
        labels: true categories, (N,).
    """

    logits: Floats
    embeddings: Floats
    labels: NDArray[np.integer[Any]]


def fit_reference(
    kind: str, training: Observed, validation: Observed, *, seed: int = 0
) -> dict[str, NDArray[np.floating[Any]]]:
    """The arrays that a score of :func:`~shelfwise.inference.novelty.novelty_score` compares with.

    Args:
        kind: name of the score.
        training: what photos are compared with.
        validation: photos that the network was not trained on; ``combined`` takes its scales from them, since the
            network is too sure of training photos.
        seed: of the choice of photos where there are too many to keep.

    Returns:
        The arrays by name; none for a score that compares with nothing.

    Raises:
        ValueError: there is no photo.
    """
    if REFERENCE[kind] and (len(training.labels) == 0 or len(validation.labels) == 0):
        raise ValueError("no photo to compare with")
    vectors = normalised(training.embeddings).astype(np.float64)
    if kind in ("mahalanobis", "relative-mahalanobis", "combined"):
        arrays = _class_gaussians(vectors, training.labels)
        if kind != "mahalanobis":
            arrays |= _background(vectors)
        if kind == "combined":
            arrays |= _scales(arrays, validation)
        return arrays
    if kind == "knn":
        return _bank(vectors, seed)
    if kind == "vim":
        return _residual(np.asarray(training.logits, dtype=np.float64), vectors)
    return {}


def _background(vectors: NDArray[np.float64]) -> dict[str, NDArray[np.floating[Any]]]:
    mean = vectors.mean(axis=0)
    whiten = _whitener(vectors - mean)
    return {"background": whiten, "background_mean": (mean @ whiten).astype(np.float32)}


def _scales(arrays: Mapping[str, Floats], validation: Observed) -> dict[str, NDArray[np.floating[Any]]]:
    parts = combined_parts(arrays, validation.logits, validation.embeddings)
    usual = parts.mean(axis=0)
    # Energy is off by rounding as logits are; a squared distance of less than 1 is within one direction's variance.
    least = np.array([ROUNDING * abs(usual[0]) + 1e-6, 1.0, 1.0])
    return {
        "usual": usual.astype(np.float32),
        "spread": np.maximum(parts.std(axis=0), least).astype(np.float32),
    }


def _class_gaussians(
    vectors: NDArray[np.float64], labels: NDArray[np.integer[Any]]
) -> dict[str, NDArray[np.floating[Any]]]:
    present, own = np.unique(labels, return_inverse=True)
    means = np.zeros((len(present), vectors.shape[1]))
    np.add.at(means, own, vectors)
    means /= np.bincount(own)[:, None]
    whiten = _whitener(vectors - means[own])
    return {"whiten": whiten, "means": (means @ whiten).astype(np.float32)}


def _whitener(centred: NDArray[np.float64]) -> NDArray[np.float16]:
    """Turns and scales, so that the covariance of the rows becomes the unit one (after shrinkage).

    In float16: what is whitened with it must use the rounded values, so that rounding shifts nothing.
    """
    covariance = centred.T @ centred / len(centred)
    size = len(covariance)
    mean = float(np.trace(covariance)) / size or 1.0
    least = ROUNDING**2 / size  # of vectors of length 1
    covariance = (1 - SHRINKAGE) * covariance + (SHRINKAGE * mean + least) * np.eye(size)
    values, turned = np.linalg.eigh(covariance)
    kept = np.argsort(values)[::-1][:DIRECTIONS_KEPT]
    whiten: NDArray[np.float64] = turned[:, kept] / np.sqrt(np.maximum(values[kept], 1e-8))
    return whiten.astype(np.float16)


def _bank(vectors: NDArray[np.float64], seed: int) -> dict[str, NDArray[np.floating[Any]]]:
    if len(vectors) > BANK:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:BANK])
        vectors = vectors[chosen]
    centre = vectors.mean(axis=0)
    _, _, turned = np.linalg.svd(vectors - centre, full_matrices=False)
    project = turned[:DIRECTIONS].T
    return {
        "centre": centre.astype(np.float32),
        "project": project.astype(np.float16),
        "bank": ((vectors - centre) @ project.astype(np.float16)).astype(np.float16),
    }


def _residual(
    logits: NDArray[np.float64], vectors: NDArray[np.float64]
) -> dict[str, NDArray[np.floating[Any]]]:
    centre = vectors.mean(axis=0)
    centred = vectors - centre
    values, turned = np.linalg.eigh(centred.T @ centred / len(vectors))
    held = np.cumsum(values) / max(float(values.sum()), 1e-12)
    unused = turned[:, : max(1, int((held < 1 - _USED).sum()))]
    rest = np.linalg.norm(centred @ unused, axis=1)
    weight = float(logits.max(axis=1).mean() / max(float(rest.mean()), 1e-12))
    return {
        "centre": centre.astype(np.float32),
        "project": unused.astype(np.float32),
        "weight": np.array([weight], np.float32),
    }
