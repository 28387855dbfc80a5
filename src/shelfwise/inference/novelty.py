"""How unlike everything that a model learned a photo is: scores from the network's outputs, higher for stranger.

The scores compare with the training photos by way of a few arrays, the reference, which travels with the model
(:data:`REFERENCE`). Which one a model uses was chosen by measurement: docs/decisions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ModelError

__all__ = ["NEIGHBOUR", "REFERENCE", "NoveltyScore", "combined_parts", "normalised", "novelty_score"]

Floats = NDArray[np.floating[Any]]
NoveltyScore = Callable[[Floats, Floats], NDArray[np.float64]]
"""Novelty of N photos from logits (N, L), as the network gives them, and embeddings (N, D)."""

NEIGHBOUR = 5
"""The neighbour whose distance counts."""
REFERENCE: Mapping[str, tuple[str, ...]] = {
    "max-softmax": (),
    "energy": (),
    "mahalanobis": ("whiten", "means"),
    "relative-mahalanobis": ("whiten", "means", "background", "background_mean"),
    "combined": ("whiten", "means", "background", "background_mean", "usual", "spread"),
    "knn": ("centre", "project", "bank"),
    "vim": ("centre", "project", "weight"),
}
"""The arrays that each score needs."""


def novelty_score(kind: str, reference: Mapping[str, Floats]) -> NoveltyScore:
    """The score of a name, with its reference.

    ``max-softmax``
        1 minus the largest probability (Hendrycks and Gimpel 2017, arXiv 1610.02136).
    ``energy``
        ``-ln Σ exp z`` over the logits (Liu et al. 2020, arXiv 2010.03759).
    ``mahalanobis``
        Squared distance to the nearest category's mean under one covariance for all (Lee et al. 2018, arXiv
        1807.03888): ``whiten`` (D, R) makes that covariance the unit one, ``means`` (K, R) are whitened.
    ``relative-mahalanobis``
        The same less the distance to the mean of all under the covariance of all (Ren et al. 2021, arXiv
        2106.09022): ``background`` (D, S) and ``background_mean`` (S,).
    ``combined``
        ``ln Σ exp`` over the three above, energy and both distances, each less its mean (``usual``, (3,)) over
        its standard deviation (``spread``, (3,)) on validation photos: what is strange in one way is strange.
    ``knn``
        Distance to the fifth nearest training photo (Sun et al. 2022, arXiv 2204.06507): less ``centre`` (D,),
        turned by ``project`` (D, R); ``bank`` (n, R) holds training photos.
    ``vim``
        Length of what is left of an embedding, less ``centre`` (D,), in ``project`` (D, R), the directions that
        training photos hardly use, times ``weight`` (1,), plus the energy (Wang et al. 2022, arXiv 2203.10807).

    All distances are between embeddings scaled to length 1, which told unknown from known better than raw ones.

    Raises:
        ModelError: there is no such score, or the arrays are not those that it needs.
    """
    if kind not in REFERENCE:
        raise ModelError(f"no novelty score is named {kind!r}; there are {', '.join(REFERENCE)}")
    _check(kind, reference)
    arrays = {name: np.asarray(values, dtype=np.float32) for name, values in reference.items()}
    scores: Mapping[str, Callable[[dict[str, NDArray[np.float32]], Floats, Floats], NDArray[np.float64]]] = {
        "max-softmax": _max_softmax,
        "energy": _energy,
        "mahalanobis": _mahalanobis,
        "relative-mahalanobis": _relative_mahalanobis,
        "combined": _combined,
        "knn": _knn,
        "vim": _vim,
    }
    score = scores[kind]
    if kind == "knn":
        # The same for every photo, so reckoned once.
        arrays["bank_squares"] = np.square(arrays["bank"]).sum(axis=1)

    def apply(logits: Floats, embeddings: Floats) -> NDArray[np.float64]:
        return score(arrays, logits, embeddings)

    return apply


def normalised(embeddings: Floats) -> NDArray[np.float32]:
    """Embeddings scaled to length 1 (those of length 0 stay)."""
    vectors = np.asarray(embeddings, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = vectors / np.maximum(lengths, np.float32(1e-12))
    return unit


def _max_softmax(_: Mapping[str, Any], logits: Floats, __: Floats) -> NDArray[np.float64]:
    scaled = logits.astype(np.float64)
    scaled -= scaled.max(axis=1, keepdims=True)
    result: NDArray[np.float64] = 1 - 1 / np.exp(scaled).sum(axis=1)
    return result


def _energy(_: Mapping[str, Any], logits: Floats, __: Floats) -> NDArray[np.float64]:
    values = logits.astype(np.float64)
    top = values.max(axis=1)
    result: NDArray[np.float64] = -(top + np.log(np.exp(values - top[:, None]).sum(axis=1)))
    return result


def _mahalanobis(arrays: Mapping[str, Any], _: Floats, embeddings: Floats) -> NDArray[np.float64]:
    nearest: NDArray[np.float64] = _squares(normalised(embeddings) @ arrays["whiten"], arrays["means"]).min(
        axis=1
    )
    return nearest.astype(np.float64)


def _relative_mahalanobis(
    arrays: Mapping[str, Any], logits: Floats, embeddings: Floats
) -> NDArray[np.float64]:
    apart = normalised(embeddings) @ arrays["background"] - arrays["background_mean"]
    own = _mahalanobis(arrays, logits, embeddings)
    result: NDArray[np.float64] = own - np.square(apart).sum(axis=1)
    return result


def _combined(arrays: Mapping[str, Any], logits: Floats, embeddings: Floats) -> NDArray[np.float64]:
    parts = combined_parts(arrays, logits, embeddings)
    standard = (parts - arrays["usual"].astype(np.float64)) / arrays["spread"].astype(np.float64)
    top = standard.max(axis=1)
    result: NDArray[np.float64] = top + np.log(np.exp(standard - top[:, None]).sum(axis=1))
    return result


def combined_parts(arrays: Mapping[str, Any], logits: Floats, embeddings: Floats) -> NDArray[np.float64]:
    """The scores that ``combined`` is made of, (N, 3): energy, Mahalanobis and relative Mahalanobis distance."""
    scores = (_energy, _mahalanobis, _relative_mahalanobis)
    return np.stack([score(arrays, logits, embeddings) for score in scores], axis=1)


def _knn(arrays: Mapping[str, Any], _: Floats, embeddings: Floats) -> NDArray[np.float64]:
    turned = (normalised(embeddings) - arrays["centre"]) @ arrays["project"]
    distances = _squares(turned, arrays["bank"], arrays["bank_squares"])
    place = min(NEIGHBOUR, distances.shape[1]) - 1
    nearest = np.partition(distances, place, axis=1)[:, place]
    return np.sqrt(np.maximum(nearest, 0)).astype(np.float64)


def _vim(arrays: Mapping[str, Any], logits: Floats, embeddings: Floats) -> NDArray[np.float64]:
    rest = np.linalg.norm((normalised(embeddings) - arrays["centre"]) @ arrays["project"], axis=1)
    result: NDArray[np.float64] = float(arrays["weight"][0]) * rest + _energy(arrays, logits, embeddings)
    return result


def _squares(rows: Floats, others: Floats, lengths: Floats | None = None) -> NDArray[np.float32]:
    """Squared distances of all rows to all others, by one matrix product."""
    own = np.square(rows).sum(axis=1)[:, None]
    theirs = np.square(others).sum(axis=1) if lengths is None else lengths
    result: NDArray[np.float32] = own + theirs - 2 * (rows @ others.T)
    return result


def _check(kind: str, reference: Mapping[str, Floats]) -> None:
    if set(reference) != set(REFERENCE[kind]):
        needed = ", ".join(REFERENCE[kind]) or "no arrays"
        raise ModelError(
            f"the novelty score {kind} needs {needed}, but there are: {', '.join(reference) or 'none'}"
        )
    shapes = {name: values.shape for name, values in reference.items()}
    dimensions: dict[str, int] = {"one": 1, "three": 3}
    for name, shape in shapes.items():
        expected = _AXES[name]
        if len(shape) != len(expected) or min(shape, default=1) < 1:
            raise ModelError(f"the novelty score {kind}: {name} has the shape {shape}")
        for axis, size in zip(expected, shape, strict=True):
            if dimensions.setdefault(axis, size) != size:
                raise ModelError(f"the novelty score {kind}: its arrays do not fit each other: {shapes}")
    if (np.asarray(reference.get("spread", [1.0])) <= 0).any():
        raise ModelError(f"the novelty score {kind}: a spread is not positive")


_AXES: Mapping[str, tuple[str, ...]] = {
    "whiten": ("features", "directions"),
    "means": ("categories", "directions"),
    "background": ("features", "directions of all"),
    "background_mean": ("directions of all",),
    "centre": ("features",),
    "project": ("features", "directions"),
    "bank": ("photos", "directions"),
    "weight": ("one",),
    "usual": ("three",),
    "spread": ("three",),
}
