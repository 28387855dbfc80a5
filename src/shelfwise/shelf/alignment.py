"""Aligning two sequences so that what belongs together is paired and the order is kept.

Needleman and Wunsch 1970 ("A general method applicable to the search for similarities in the amino acid sequence of
two proteins", Journal of Molecular Biology 48), with gaps that cost nothing: D(i, j), the best sum for what follows
from i and j on, is the largest of D(i+1, j), D(i, j+1), and D(i+1, j+1) + score(i, j) where the two may be paired.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["align", "best_sum"]

Floats = NDArray[np.float64]


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
        if scores[i, j] > 0 and np.isclose(best[i, j], best[i + 1, j + 1] + scores[i, j], rtol=0, atol=1e-9):
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i, j + 1] >= best[i + 1, j]:
            j += 1
        else:
            i += 1
    return pairs


def best_sum(scores: Floats) -> float:
    """The sum of scores of :func:`align`'s pairs."""
    return float(_sums(scores)[0, 0])


def _sums(scores: Floats) -> Floats:
    """D, of shape (N + 1, M + 1)."""
    best = np.zeros((scores.shape[0] + 1, scores.shape[1] + 1))
    for i in range(scores.shape[0] - 1, -1, -1):
        paired = best[i + 1, 1:] + np.maximum(scores[i], 0)
        row = np.maximum(best[i + 1, :-1], paired)
        best[i, :-1] = np.maximum.accumulate(row[::-1])[::-1]
    return best
