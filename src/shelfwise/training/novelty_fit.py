"""The reference of a novelty score, from the embeddings of training photos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.inference.novelty import REFERENCE, normalised

__all__ = ["fit_reference"]

DIRECTIONS = 128
"""At most so many directions of the embeddings are kept."""
BANK = 4096
"""At most so many training photos are kept to be compared with."""
SHRINKAGE = 0.05
"""Share of the mean variance that is mixed into a covariance, so that directions without photos count little."""
_USED = 0.95
"""ViM: the directions that hold this share of the variance are the used ones."""

Floats = NDArray[np.floating[Any]]
Reference = Mapping[str, NDArray[np.floating[Any]]]


def fit_reference(
    kind: str, logits: Floats, embeddings: Floats, labels: NDArray[np.integer[Any]], *, seed: int = 0
) -> dict[str, NDArray[np.floating[Any]]]:
    """The arrays that a score of :func:`~shelfwise.inference.novelty.novelty_score` compares with.

    Args:
        kind: name of the score.
        logits: of N training photos, (N, L).
        embeddings: of the same, (N, D).
        labels: their categories, (N,).
        seed: of the choice of photos where there are too many to keep.

    Returns:
        The arrays by name; none for a score that compares with nothing.

    Raises:
        ValueError: there is no photo.
    """
    if REFERENCE[kind] and len(embeddings) == 0:
        raise ValueError("no photo to compare with")
    vectors = np.asarray(embeddings, dtype=np.float64)
    if kind == "mahalanobis":
        return _class_gaussians(vectors, labels)
    if kind == "relative-mahalanobis":
        whiten = _whitener(vectors - vectors.mean(axis=0), None)
        mean = vectors.mean(axis=0) @ whiten
        return _class_gaussians(vectors, labels) | {
            "background": whiten.astype(np.float32),
            "background_mean": mean.astype(np.float32),
        }
    if kind == "knn":
        return _bank(vectors, seed)
    if kind == "vim":
        return _residual(np.asarray(logits, dtype=np.float64), vectors)
    return {}


def _class_gaussians(
    vectors: NDArray[np.float64], labels: NDArray[np.integer[Any]]
) -> dict[str, NDArray[np.floating[Any]]]:
    present, own = np.unique(labels, return_inverse=True)
    means = np.zeros((len(present), vectors.shape[1]))
    np.add.at(means, own, vectors)
    means /= np.bincount(own)[:, None]
    whiten = _whitener(vectors - means[own], None)
    return {"whiten": whiten.astype(np.float32), "means": (means @ whiten).astype(np.float32)}


def _whitener(centred: NDArray[np.float64], directions: int | None) -> NDArray[np.float64]:
    """Turns and scales, so that the covariance of the rows becomes the unit one (after shrinkage)."""
    covariance = centred.T @ centred / len(centred)
    size = len(covariance)
    mean = float(np.trace(covariance)) / size or 1.0
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * mean * np.eye(size)
    values, turned = np.linalg.eigh(covariance)
    kept = np.argsort(values)[::-1][:directions]
    result: NDArray[np.float64] = turned[:, kept] / np.sqrt(values[kept])
    return result


def _bank(vectors: NDArray[np.float64], seed: int) -> dict[str, NDArray[np.floating[Any]]]:
    if len(vectors) > BANK:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:BANK])
        vectors = vectors[chosen]
    unit = normalised(vectors).astype(np.float64)
    centre = unit.mean(axis=0)
    _, _, turned = np.linalg.svd(unit - centre, full_matrices=False)
    project = turned[:DIRECTIONS].T
    return {
        "centre": centre.astype(np.float32),
        "project": project.astype(np.float16),
        "bank": ((unit - centre) @ project.astype(np.float16)).astype(np.float16),
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
