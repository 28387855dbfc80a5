"""Aligning two sequences so that what belongs together is paired and the order is kept.

Needleman and Wunsch 1970 ("A general method applicable to the search for similarities in the amino acid sequence of
two proteins", Journal of Molecular Biology 48), with gaps that cost nothing: D(i, j), the best sum for what follows
from i and j on, is the largest of D(i+1, j), D(i, j+1), and D(i+1, j+1) + score(i, j) where the two may be paired.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["align", "best_sums"]

Floats = NDArray[np.float64]

_SAME: Final = 1e-9
"""Sums that differ by no more are equal."""


def align(scores: Floats) -> list[tuple[int, int]]:
    """The pairs (i, j), both ascending, with the largest sum of scores.

    Of several ways with the same sum it takes the one that pairs earlier ones.

    Args:
        scores: shape (N, M), what it is worth to pair i and j; they are not paired where it is 0 or less.
    """
    best = _sums(scores)
    pairs = []
    i = j = 0
    while i < scores.shape[0] and j < scores.shape[1]:
        if scores[i, j] > 0 and abs(best[i, j] - best[i + 1, j + 1] - scores[i, j]) <= _SAME:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i, j + 1] >= best[i + 1, j]:
            j += 1
        else:
            i += 1
    return pairs


def best_sums(steps: Iterable[Floats]) -> Floats:
    """The sums of scores of :func:`align`'s pairs, of several sequences with one and the same.

    Args:
        steps: for each i an array of shape (K, M), what it is worth to pair i and j of each of the K; no score is
            less than 0. Where a sequence is shorter than M its scores end with zeros.

    Returns:
        array of shape (K,).
    """
    best: Floats | None = None
    for scores in steps:
        if best is None:
            best = np.zeros((scores.shape[0], scores.shape[1] + 1))
        row = np.maximum(best[:, 1:], best[:, :-1] + scores)
        np.maximum.accumulate(row, axis=1, out=best[:, 1:])
    return np.zeros(0) if best is None else best[:, -1]


def _sums(scores: Floats) -> Floats:
    """D, of shape (N + 1, M + 1)."""
    best = np.zeros((scores.shape[0] + 1, scores.shape[1] + 1))
    for i in range(scores.shape[0] - 1, -1, -1):
        paired = best[i + 1, 1:] + np.maximum(scores[i], 0)
        row = np.maximum(best[i + 1, :-1], paired)
        best[i, :-1] = np.maximum.accumulate(row[::-1])[::-1]
    return best
