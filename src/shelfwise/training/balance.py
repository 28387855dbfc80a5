"""Which photos an epoch shows: all of them once, and augmented copies where balance is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import TrainingError

__all__ = ["Plan", "plan_epoch"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The photos of one epoch.

    Attributes:
        indices: int64 array; positions in the training part, copies among them.
        varied: bool array of the same length; True where the photo is augmented.
        counts_before: photos of each category as they are.
        counts_after: photos of each category with the copies.
    """

    indices: NDArray[np.int64]
    varied: NDArray[np.bool_]
    counts_before: tuple[int, ...]
    counts_after: tuple[int, ...]


def plan_epoch(
    labels: NDArray[np.int64],
    categories: int,
    *,
    balance: bool,
    augment: Literal["all", "copies", "none"],
    seed: int,
) -> Plan:
    """Plan an epoch over photos with the given labels.

    With ``balance`` every category gets as many augmented copies of its own photos as it lacks to be as large as
    the largest; the copied photos are spread evenly, the odd ones drawn by ``seed``.

    Raises:
        TrainingError: a category has no photo to copy.
    """
    counts = np.bincount(labels, minlength=categories)
    originals = np.arange(len(labels), dtype=np.int64)
    copies = _copies(labels, counts, np.random.default_rng([seed, 0])) if balance else originals[:0]
    varied = np.concatenate(
        [np.full(len(originals), augment == "all"), np.full(len(copies), augment != "none")]
    )
    indices = np.concatenate([originals, copies])
    after = np.bincount(labels[indices], minlength=categories)
    return Plan(indices, varied, tuple(counts.tolist()), tuple(after.tolist()))


def _copies(
    labels: NDArray[np.int64], counts: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    if (counts == 0).any():
        raise TrainingError(
            f"category {int(counts.argmin())} has no training photo, so it cannot be balanced"
        )
    chosen = []
    for label, count in enumerate(counts):
        own = np.flatnonzero(labels == label)
        rounds, odd = divmod(int(counts.max() - count), int(count))
        chosen += [np.tile(own, rounds), random.permutation(own)[:odd]]
    return np.concatenate(chosen).astype(np.int64)
