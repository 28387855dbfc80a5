"""Which boxes of two photos are the same product, given where those of the one lie on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pairing", "likeness", "pair_boxes"]

Floats = NDArray[np.float64]

_OVERLAP: Final = 0.35
"""Intersection over union of two whole boxes of one product, at least."""
_INSIDE: Final = 0.6
"""Share of the smaller box that is in the other, where the photo's edge cuts one of them off."""
_ALONE: Final = 0.35
"""What a box costs that should be on the other photo and is not: one in ten or twenty is not found."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What a way to lay one photo over another comes to.

    Attributes:
        pairs: shape (K, 2): number on the first and on the second photo of each product that is on both.
        score: what speaks for it: 1 for a pair that looks the same, -1 for one that looks different, less what should
            be on both photos and is not.
        shared: how many products should be on both.
    """

    pairs: NDArray[np.intp]
    score: float
    shared: int

    @property
    def rate(self) -> float:
        """The score of what is shared, at most 1."""
        return self.score / max(self.shared, 1)


def likeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> Floats:
    """How alike products look, shape (N, M): 0 as different ones do on these photos, 1 as the same ones do.

    Embeddings differ in what a cosine means. What different products have is the median of all; what equal ones have
    is read from the best match of each, of which most are right where photos overlap.
    """
    cosines = first.astype(np.float64) @ second.astype(np.float64).T
    different = float(np.median(cosines))
    best = np.concatenate([cosines.max(axis=0), cosines.max(axis=1)])
    same = max(float(np.quantile(best, 0.75)), different + 0.05)
    alike: Floats = np.clip((cosines - different) / (same - different), 0, 1)
    return alike


def pair_boxes(
    first: Floats,
    second: Floats,
    alike: Floats,
    cut: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    shown: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> Pairing:
    """Pair boxes that lie on one another, one with one, those first that cover each other best.

    Args:
        first: boxes (N, 4) of the first photo.
        second: boxes (M, 4) of the second one, laid over the first.
        alike: of :func:`likeness`, shape (N, M).
        cut: which boxes of each photo its edge cuts off.
        shown: which boxes of each photo are in what the other one shows.
    """
    i, j, union, inside = _overlaps(first, second)
    close = np.where((cut[0][i] | cut[1][j]) & (inside >= _INSIDE), inside, union)
    near = np.flatnonzero(close >= _OVERLAP)
    i, j, close = i[near], j[near], close[near] * (0.5 + 0.5 * alike[i[near], j[near]])
    pairs: list[tuple[int, int]] = []
    taken: tuple[set[int], set[int]] = set(), set()
    for place in np.argsort(-close, kind="stable"):
        pair = int(i[place]), int(j[place])
        if pair[0] not in taken[0] and pair[1] not in taken[1]:
            pairs.append(pair)
            taken[0].add(pair[0])
            taken[1].add(pair[1])
    chosen = np.array(pairs, np.intp).reshape(-1, 2)
    left, right = chosen[:, 0], chosen[:, 1]
    # What is cut off or at the edge of what the other one shows need not be there.
    alone = int((shown[0] & ~cut[0]).sum() - (shown[0] & ~cut[0])[left].sum())
    alone += int((shown[1] & ~cut[1]).sum() - (shown[1] & ~cut[1])[right].sum())
    score = float((2 * alike[left, right] - 1).sum()) - _ALONE * alone
    return Pairing(chosen, score, len(chosen) + alone)


def _overlaps(first: Floats, second: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]:
    """Numbers of the boxes that lie on one another, intersection over union, and over the smaller one: each (K,)."""
    wide, high = (
        np.minimum.outer(first[:, side + 2], second[:, side + 2])
        - np.maximum.outer(first[:, side], second[:, side])
        for side in (0, 1)
    )
    i, j = np.nonzero((wide > 0) & (high > 0))
    common = wide[i, j] * high[i, j]
    one, other = (np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second))
    whole = one[i] + other[j] - common
    return i, j, common / np.maximum(whole, 1e-9), common / np.maximum(np.minimum(one[i], other[j]), 1e-9)
