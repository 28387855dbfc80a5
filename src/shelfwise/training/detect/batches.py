"""Batches of crops: every photo once an epoch, in another order each time, read ahead while the network learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shelfwise.training.detect.crops import Marked, crop, mosaic

__all__ = ["Batch", "CropBatches", "Photos"]

SIDES: Final = (0.8, 1.0, 1.2, 1.6)
"""Sides of crops as shares of the usual one; a batch of larger ones has fewer, so that each takes as long."""
_MULTIPLE: Final = 64
_AHEAD: Final = 3


class Photos(NamedTuple):
    """Photos that crops are taken from.

    Attributes:
        total: how many.
        read: gives one by its number; called from several threads.
        few: for each, whether it shows so little that four are shown at once now and then.
    """

    total: int
    read: Callable[[int], Marked]
    few: Sequence[bool]


class Batch(NamedTuple):
    """Crops of one size.

    Attributes:
        pixels: uint8 (N, S, S, 3).
        products: for each, float32 (G, 4).
        ignored: for each, float32 (I, 4).
    """

    pixels: NDArray[np.uint8]
    products: list[NDArray[np.float32]]
    ignored: list[NDArray[np.float32]]


class CropBatches:
    """The crops of a training, the same for the same seed whatever was done before.

    Args:
        photos: where they come from.
        side: their usual side in pixels, a multiple of 64.
        batch_size: crops of that side that are learned from at once.
        seed: of all that varies.
        steps: batches an epoch; by default as many as show each photo once.
        mosaics: share of the photos with few products that are shown four at once.
    """

    def __init__(
        self,
        photos: Photos,
        *,
        side: int,
        batch_size: int,
        seed: int,
        steps: int | None = None,
        mosaics: float = 0.35,
    ) -> None:
        self._photos, self._seed, self._mosaics = photos, seed, mosaics
        sides = [max(_MULTIPLE, round(side * share / _MULTIPLE) * _MULTIPLE) for share in SIDES]
        self._shapes = [(each, max(1, round(batch_size * side * side / each**2))) for each in sides]
        self._steps = steps or max(1, -(-photos.total // batch_size))

    def __len__(self) -> int:
        return self._steps

    def epoch(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, which counts from 1."""
        plan = list(self._plan(epoch))
        with ThreadPoolExecutor(1, thread_name_prefix="crops") as pool:
            waiting: list[Future[Batch]] = []
            try:
                for step in range(len(plan) + _AHEAD):
                    if step < len(plan):
                        waiting.append(pool.submit(self._batch, epoch, step, *plan[step]))
                    if step >= _AHEAD:
                        yield waiting.pop(0).result()
            finally:
                for each in waiting:
                    each.cancel()

    def _plan(self, epoch: int) -> Iterator[tuple[int, list[int]]]:
        """Side and photos of each batch."""
        rng = np.random.default_rng([self._seed, epoch, 0])
        shown = self._order(epoch)
        for _ in range(self._steps):
            side, count = self._shapes[int(rng.integers(len(self._shapes)))]
            yield side, [next(shown) for _ in range(count)]

    def _order(self, epoch: int) -> Iterator[int]:
        rounds = 0
        while True:
            rng = np.random.default_rng([self._seed, epoch, 1, rounds])
            yield from map(int, rng.permutation(self._photos.total))
            rounds += 1

    def _batch(self, epoch: int, step: int, side: int, numbers: list[int]) -> Batch:
        crops = [
            self._crop(number, side, np.random.default_rng([self._seed, epoch, 2, step, place]))
            for place, number in enumerate(numbers)
        ]
        return Batch(
            np.stack([each.pixels for each in crops]),
            [each.products for each in crops],
            [each.ignored for each in crops],
        )

    def _crop(self, number: int, side: int, rng: np.random.Generator) -> Marked:
        if self._photos.few[number] and rng.random() < self._mosaics:
            others = [int(each) for each in rng.integers(self._photos.total, size=3)]
            return mosaic([self._photos.read(each) for each in (number, *others)], side, rng)
        return crop(self._photos.read(number), side, rng)
