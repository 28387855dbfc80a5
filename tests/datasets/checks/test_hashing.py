import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageEnhance

from shelfwise.datasets.checks.hashing import connected, near_pairs, perceptual_hash, similarities
from shelfwise.errors import MissingExtraError

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=20)


@given(HASHES, st.lists(st.tuples(st.integers(0, 19), st.integers(0, 63)), max_size=60), st.integers(0, 12))
def test_all_near_pairs_are_found_and_no_others(values, flips, distance):
    for index, bit in flips:  # neighbours of what is there, so that near pairs exist
        if values:
            values = [*values[:20], values[index % len(values)] ^ (1 << bit)]
    hashes = np.array(values, dtype=np.uint64)
    expected = [
        [first, second]
        for first in range(len(values))
        for second in range(first + 1, len(values))
        if (values[first] ^ values[second]).bit_count() <= distance
    ]
    assert near_pairs(hashes, distance).tolist() == expected


def test_long_runs_are_compared_in_blocks(monkeypatch):
    monkeypatch.setattr("shelfwise.datasets.checks.hashing._CELLS", 7)
    hashes = np.zeros(30, dtype=np.uint64)
    assert len(near_pairs(hashes, 2)) == 30 * 29 // 2


def test_many_hashes_take_little_memory_and_are_complete():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 2**64, 20_000, dtype=np.uint64)
    hashes[10_000:10_050] = hashes[:50] ^ np.uint64(0b1000_0000_0001_0001)
    assert near_pairs(hashes, 8).tolist() == [[index, 10_000 + index] for index in range(50)]


def test_a_perceptual_hash_survives_resizing_and_light(paint):
    image = paint(11, (320, 240))
    changed = ImageEnhance.Brightness(image.resize((200, 150))).enhance(0.8)
    assert (perceptual_hash(image) ^ perceptual_hash(changed)).bit_count() <= 6
    assert (perceptual_hash(image) ^ perceptual_hash(paint(12, (320, 240)))).bit_count() > 12


def test_a_missing_library_is_named(paint, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(MissingExtraError, match=r"shelfwise\[train\]"):
        perceptual_hash(paint(1))


def test_similarity_is_a_correlation_of_colours(paint):
    thumbnails = np.stack([np.asarray(paint(seed, (16, 16))) for seed in (1, 2)])
    dim = (thumbnails[:1] // 2 + 40).astype(np.uint8)
    flat = np.full((1, 16, 16, 3), 128, dtype=np.uint8)
    every = np.concatenate([thumbnails, dim, flat, 255 - thumbnails[:1]])
    values = similarities(every, np.array([[0, 0], [0, 1], [0, 2], [0, 3], [0, 4]]))
    assert values[0] == pytest.approx(1)
    assert abs(values[1]) < 0.5
    assert values[2] > 0.99
    assert values[3] == 0
    assert values[4] == pytest.approx(-1)


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_components_are_numbered_by_their_smallest_member(links):
    reached = [{node} for node in range(12)]
    for _ in range(12):
        for one, other in links:
            union = reached[one] | reached[other]
            for node in union:
                reached[node] = union
    assert connected(12, links) == [min(each) for each in reached]
