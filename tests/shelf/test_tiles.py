"""Tiles cover a photo, share enough, and boxes that end at their seams are known."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.tiles import Tile, cut_off, tiles


def test_a_small_photo_is_one_tile():
    assert tiles(300, 200, 640, 128) == [Tile(0, 0, 300, 200)]


def test_tiles_come_row_by_row():
    assert [tile[:2] for tile in tiles(1000, 900, 640, 128)] == [(0, 0), (436, 0), (0, 386), (436, 386)]


@given(st.integers(1, 4000), st.integers(1, 4000), st.integers(200, 900), st.integers(0, 150))
def test_they_cover_the_photo_and_neighbours_share_enough(width, height, side, overlap):
    found = tiles(width, height, side, overlap)
    for axis, length in ((0, width), (1, height)):
        spans = sorted({(tile[axis], tile[axis + 2]) for tile in found})
        assert spans[0][0] == 0 and spans[-1][1] == length
        assert all(end - start <= side + 1 for start, end in spans)
        assert all(after[0] <= before[1] - overlap + 1 for before, after in itertools.pairwise(spans))
    assert len(found) == len(set(found))


def test_a_box_that_ends_at_a_seam_is_cut_off_and_one_at_the_photos_edge_is_not():
    tile = Tile(0, 0, 100, 100)
    boxes = np.array([[0, 0, 50, 50], [50, 10, 99, 50], [10, 60, 40, 100], [10, 10, 90, 90]], np.float32)
    assert cut_off(boxes, tile, 180, 180).tolist() == [False, True, True, False]
    assert not cut_off(boxes, tile, 100, 100).any()
    last = Tile(80, 80, 180, 180)
    boxes = np.array([[81, 90, 100, 100], [100, 81, 120, 100], [100, 100, 180, 180]], np.float32)
    assert cut_off(boxes, last, 180, 180).tolist() == [True, True, False]
