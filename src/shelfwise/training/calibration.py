"""Temperature scaling: one number that makes a model as sure as it is right."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_temperature", "negative_log_likelihood", "retempered"]

_LOW, _HIGH = 0.05, 20.0
_STEPS = 60


def fit_temperature(
    probabilities: NDArray[np.floating],
    labels: NDArray[np.integer],
    counts: NDArray[np.bool_] | None = None,
) -> float:
    """The temperature T that gives softmax(logits / T) the lowest negative log-likelihood.

    Guo et al. 2017 (arXiv 1706.04599). Logits are known from probabilities up to a constant that cancels out. The
    likelihood is unimodal in log T, so a golden-section search between 0.05 and 20 finds its minimum.

    A label may stand for several categories, as ``drinks/juice`` does for all juices: the likelihood is then that of
    their sum, so that a photo labelled so does not count against the varieties. The search still ends in a minimum,
    though no proof says that it is the only one.

    Args:
        probabilities: shape (N, C), at temperature 1, of photos that the network was not trained on.
        labels: true categories, shape (N,).
        counts: bool array (K, C), which categories a label stands for, row by row: ``Hierarchy.under`` for labels
            that are nodes. By default each stands for itself.

    Returns:
        The temperature; 1 where there are no photos.
    """
    if len(labels) == 0:
        return 1.0
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(logits / math.exp(log_temperature), labels, counts)

    ratio = (math.sqrt(5) - 1) / 2
    low, high = math.log(_LOW), math.log(_HIGH)
    for _ in range(_STEPS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) <= loss(right):
            high = right
        else:
            low = left
    # Few digits: the rest is noise, and differs with the order of a sum.
    return round(math.exp((low + high) / 2), 4)


def negative_log_likelihood(
    logits: NDArray[np.floating],
    labels: NDArray[np.integer],
    counts: NDArray[np.bool_] | None = None,
) -> float:
    """Mean of ``-ln p(true)`` in nats, where ``p`` is the softmax of the logits.

    Args:
        logits: shape (N, C), finite.
        labels: true categories, shape (N,), N at least 1.
        counts: which categories a label stands for, as for :func:`fit_temperature`.
    """
    scores: NDArray[np.float64] = logits.astype(np.float64)
    if counts is None:
        true = scores[np.arange(len(labels)), labels]
    else:
        # Categories that a label does not stand for weigh nothing in its sum.
        true = _log_sum(np.where(counts[labels], scores, -np.inf))
    return float((_log_sum(scores) - true).mean())


def _log_sum(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``ln Σ exp`` of each row, which has at least one finite value."""
    top = values.max(axis=1)
    result: NDArray[np.float64] = top + np.log(np.exp(values - top[:, None]).sum(axis=1))
    return result


def retempered(probabilities: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """The probabilities that logits give at another temperature than 1, or undo one by its inverse.

    Args:
        probabilities: shape (N, C), a softmax of logits.
        temperature: what the logits are divided by.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-38)) / temperature
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    result: NDArray[np.float64] = logits / logits.sum(axis=1, keepdims=True)
    return result
