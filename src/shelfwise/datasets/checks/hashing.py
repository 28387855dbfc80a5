"""Find nearly identical photos: perceptual hashes, an indexed search, and a second look at thumbnails."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shelfwise.extras import require

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Pair", "connected", "near_pairs", "perceptual_hash", "similarities"]

BITS = 64
_CELLS = 1 << 22
"""Largest number of comparisons held in memory at once."""


class Pair(NamedTuple):
    """Two photos, by index with ``first < second``, and how alike their thumbnails are (-1 to 1)."""

    first: int
    second: int
    similarity: float


def perceptual_hash(image: Image.Image) -> int:
    """64 bits of the lowest frequencies of a picture (pHash, by the ``imagehash`` library).

    Raises:
        MissingExtraError: ``imagehash`` is not installed.
    """
    imagehash = require("imagehash", what="The data check", extra="train")
    bits = np.packbits(imagehash.phash(image).hash)
    return int.from_bytes(bits.tobytes(), "big")


def near_pairs(hashes: NDArray[np.uint64], distance: int) -> NDArray[np.int64]:
    """All pairs of hashes that differ in at most ``distance`` bits.

    Hashes are cut into ``distance + 1`` bands. Two that differ in ``distance`` bits agree in one band at
    least, so only hashes that share a band are compared: about a fourteenth of all pairs for 8 bits.

    Args:
        hashes: uint64 of shape (n,).
        distance: largest Hamming distance.

    Returns:
        int64 of shape (m, 2), first < second, sorted.
    """
    found = [np.empty((0, 2), dtype=np.int64)]
    edges = np.linspace(0, BITS, distance + 2).astype(int)
    for low, high in itertools.pairwise(edges):
        keys = (hashes >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        for members in _runs(keys):
            found.extend(members[pairs] for pairs in _close(hashes[members], distance))
    return np.unique(np.concatenate(found), axis=0)


def _runs(keys: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """Indices that share a key, ascending, for every key that occurs twice or more."""
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    return (run for run in np.split(order, cuts) if len(run) > 1)


def _close(hashes: NDArray[np.uint64], distance: int) -> Iterator[NDArray[np.int64]]:
    rows = max(1, _CELLS // len(hashes))
    for start in range(0, len(hashes), rows):
        differing = np.bitwise_count(hashes[start : start + rows, None] ^ hashes[None, start:])
        pairs = np.argwhere(differing <= distance)
        yield pairs[pairs[:, 0] < pairs[:, 1]] + start


def similarities(thumbnails: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.float32]:
    """Correlation of the colours of two thumbnails, each colour about its own mean, for each pair.

    Args:
        thumbnails: uint8 of shape (n, side, side, 3).
        pairs: int64 of shape (m, 2), indices into ``thumbnails``.

    Returns:
        float32 of shape (m,), -1 to 1; 0 where a thumbnail is all of one colour.
    """
    result = np.zeros(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), 4096):
        first, second = (_centred(thumbnails[side]) for side in pairs[start : start + 4096].T)
        norms = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        result[start : start + 4096] = np.einsum("ij,ij->i", first, second) / np.maximum(norms, 1e-6)
    return result


def _centred(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    values = thumbnails.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    return values.reshape(len(values), -1)


def connected(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Number the connected components of a graph: for each of ``count`` nodes its smallest member."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    return [root(node) for node in range(count)]
