"""Batches show every photo, the same ones for the same seed, and stop without waiting for what is ahead."""

import threading

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="training a detector needs OpenCV")

from shelfwise.training.detect.batches import CropBatches, Photos
from shelfwise.training.detect.crops import Marked


class Source:
    """Photos whose colour is their number."""

    def __init__(self, total: int) -> None:
        self.read_numbers: list[int] = []
        self.photos = Photos(total, self.read, [False] * total)

    def read(self, number: int) -> Marked:
        self.read_numbers.append(number)
        box = np.array([[20, 20, 60, 60]], np.float32)
        return Marked(np.full((80, 80, 3), number, np.uint8), box, np.zeros((0, 4), np.float32))


def batches(source: Source, **changes) -> CropBatches:
    return CropBatches(source.photos, **{"side": 128, "batch_size": 4, "seed": 1, **changes})


def test_an_epoch_shows_about_each_photo_once():
    source = Source(24)
    found = list(batches(source).epoch(1))
    assert len(found) == len(batches(source)) == 6
    shown = source.read_numbers
    assert len(set(shown)) >= min(24, len(shown)) - 1
    for batch in found:
        assert batch.pixels.shape[0] == len(batch.products) == len(batch.ignored)
        assert batch.pixels.shape[1] == batch.pixels.shape[2] and batch.pixels.shape[1] % 64 == 0


def test_larger_crops_come_fewer_at_a_time():
    sizes = {
        b.pixels.shape[1]: b.pixels.shape[0]
        for b in batches(Source(9), side=256, batch_size=8, steps=40).epoch(1)
    }
    assert len(sizes) > 2
    assert all(sizes[a] >= sizes[b] for a, b in zip(sorted(sizes), sorted(sizes)[1:], strict=False))


def test_equal_seeds_give_equal_batches_and_epochs_differ():
    first, again, second = (list(batches(Source(12)).epoch(epoch)) for epoch in (1, 1, 2))
    assert all((a.pixels == b.pixels).all() for a, b in zip(first, again, strict=True))
    assert any(
        a.pixels.shape != b.pixels.shape or (a.pixels != b.pixels).any()
        for a, b in zip(first, second, strict=True)
    )


def test_photos_with_few_products_are_sometimes_shown_four_at_once():
    source = Source(6)
    few = source.photos._replace(few=[True] * 6)
    list(CropBatches(few, side=128, batch_size=4, seed=1, steps=6, mosaics=1.0).epoch(1))
    assert len(source.read_numbers) > 4 * 6


def test_a_loop_that_ends_early_leaves_no_thread_behind():
    before = threading.active_count()
    stream = batches(Source(50)).epoch(1)
    next(stream)
    stream.close()
    assert threading.active_count() == before


def test_a_photo_that_cannot_be_read_is_told():
    def broken(number: int) -> Marked:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(CropBatches(Photos(4, broken, [False] * 4), side=64, batch_size=2, seed=0).epoch(1))
