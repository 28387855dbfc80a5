"""Temperature scaling: one number that makes a model as sure as it is right."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_temperature"]

_LOW, _HIGH = 0.05, 20.0
_STEPS = 60


def fit_temperature(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature T that gives softmax(logits / T) the lowest negative log-likelihood.

    Guo et al. 2017 (arXiv 1706.04599). Logits are known from probabilities up to a constant that cancels out. The
    likelihood is unimodal in log T, so a golden-section search between 0.05 and 20 finds its minimum.

    Args:
        probabilities: shape (N, C), at temperature 1, of photos that the network was not trained on.
        labels: true categories, shape (N,).

    Returns:
        The temperature; 1 where there are no photos.
    """
    if len(labels) == 0:
        return 1.0
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        scaled = logits / math.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[rows, labels]).mean())

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
