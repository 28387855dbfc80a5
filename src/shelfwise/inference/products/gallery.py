"""How alike a photo and a product are, and the search for the most alike products: one matrix product.

The similarity of photo x to a product with photos e₁ … eₙ (all of length 1) is

    0.75 · x·c + 0.25 · max x·eᵢ        c = Σ eᵢ / ‖Σ eᵢ‖

The first part is that of prototypical networks (Snell et al. 2017, arXiv 1703.05175) with the cosine in place of the
distance; the second helps products whose sides look different. With one photo both are the same. On frozen TinyViT-5M
features of Grocery Store's 81 fine classes, five photos each, c alone names 69.2 % of the test photos, the nearest
photo alone 64.8 %, the mean of the two nearest 66 %, this mixture 69.5 %.

All products are compared by x·c; the best :data:`CANDIDATES` of them by the whole formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["CANDIDATES", "OWN", "Gallery", "unit_rows"]

CANDIDATES: Final = 64
OWN: Final = 32
"""Photos of a product that are compared with each other at most."""
_NEAR: Final = 8
"""Candidates where only the similarity to the nearest product is asked for."""
_CENTRE: Final = 0.75
_QUERIES: Final = 16
"""Photos that are compared at once: enough to reuse what was read from memory, and few scores to hold."""

Floats = NDArray[np.float32]


def unit_rows(rows: Floats) -> Floats:
    """The rows at length 1.

    Raises:
        ValueError: a row has no length, or one that is no number.
    """
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise ValueError("an embedding is zero, infinite or NaN")
    unit: Floats = (rows / lengths).astype(np.float32)
    return unit


class Gallery:
    """The photos of some products, ready to be compared with.

    Args:
        rows: float32 array of shape (photos, features), of length 1 each; the photos of a product lie together.
        counts: how many photos each product has, at least one.
    """

    def __init__(self, rows: Floats, counts: Sequence[int]) -> None:
        self._rows = rows
        self._ends = np.cumsum(np.asarray(counts, np.int64))
        self._starts = self._ends - counts
        several = len(rows) > len(self._starts)
        self._centres = _centres(rows, self._starts) if several else rows

    def __len__(self) -> int:
        return len(self._starts)

    def search(self, queries: Floats, top: int) -> list[list[tuple[int, float]]]:
        """The most similar products of each photo: (number, similarity), best first, equals in order of number.

        Args:
            queries: float32 array of shape (photos, features), of length 1 each.
            top: how many products at most, for each photo.
        """
        found = []
        for start in range(0, len(queries), _QUERIES):
            part = queries[start : start + _QUERIES]
            for query, scores in zip(part, self._by_centre(part), strict=True):
                found.append(self._best(query, scores, top, max(CANDIDATES, top)))
        return found

    def left_out(self, photos: Sequence[int]) -> tuple[list[float], list[float]]:
        """Similarities of these photos to their own product without them, and to the nearest other product.

        A photo that is its product's only one has no similarity of the first kind; in a gallery of one product there
        is none of the second.
        """
        same, other = [], []
        for start in range(0, len(photos), _QUERIES):
            part = photos[start : start + _QUERIES]
            for photo, scores in zip(part, self._by_centre(self._rows[list(part)]), strict=True):
                own = int(np.searchsorted(self._ends, photo, side="right"))
                rest = [i for i in range(self._starts[own], self._ends[own]) if i != photo]
                if rest:
                    same.append(_similarity(self._rows[photo], self._rows[rest]))
                if len(self) > 1:
                    scores[own] = -np.inf
                    other.append(self._best(self._rows[photo], scores, 1, _NEAR)[0][1])
        return same, other

    def own(self, product: int) -> tuple[float, ...]:
        """Similarities of a product's photos to the product without them; none where it has but one photo.

        At most :data:`OWN` photos are compared, the first ones.

        Args:
            product: its number.
        """
        rows = self._rows[self._starts[product] : self._ends[product]][:OWN]
        if len(rows) < 2:
            return ()
        return tuple(_similarity(row, np.delete(rows, number, axis=0)) for number, row in enumerate(rows))

    def _by_centre(self, queries: Floats) -> Floats:
        if len(queries) == 1:
            # A dot product a row is as fast as memory; BLAS's product of a matrix and a vector takes twice as long.
            single: Floats = np.vecdot(self._centres, queries[0])
            return single[None]
        # With the long matrix in front BLAS is quicker than the other way round.
        scores: Floats = (self._centres @ queries.T).T
        return scores

    def _best(self, query: Floats, scores: Floats, top: int, wanted: int) -> list[tuple[int, float]]:
        if len(scores) > wanted:
            least = np.partition(scores, -wanted)[-wanted]
            above = np.flatnonzero(scores > least)
            equal = np.flatnonzero(scores == least)[: wanted - len(above)]
            candidates = np.concatenate([above, equal])
        else:
            candidates = np.flatnonzero(np.isfinite(scores))
        ranked = [
            (_similarity(query, self._rows[self._starts[i] : self._ends[i]], scores[i]), int(i))
            for i in candidates
        ]
        ranked.sort(key=lambda each: (-each[0], each[1]))
        return [(number, similarity) for similarity, number in ranked[:top]]


def _centres(rows: Floats, starts: NDArray[np.int64]) -> Floats:
    sums = np.add.reduceat(rows, starts, axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    # Opposite photos cancel out; their product is then found by none.
    centres: Floats = (sums / np.maximum(lengths, np.float32(1e-6))).astype(np.float32)
    return centres


def _similarity(query: Floats, photos: Floats, by_centre: np.float32 | None = None) -> float:
    """The formula above, held between -1 and 1."""
    nearest = float((photos @ query).max())
    centre = (
        float(_centres(photos, np.zeros(1, np.int64))[0] @ query) if by_centre is None else float(by_centre)
    )
    return min(max(_CENTRE * centre + (1 - _CENTRE) * nearest, -1.0), 1.0)
