"""Of boxes that overlap, one is kept for each product."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from shelfwise.shelf.suppression import overlaps, suppress


def boxes_of(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


@st.composite
def found(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    side = st.integers(0, 60)
    rows = draw(st.lists(st.tuples(side, side, st.integers(1, 40), st.integers(1, 40)), max_size=30))
    scores = draw(st.lists(st.sampled_from([0.1, 0.3, 0.5, 0.9]), min_size=len(rows), max_size=len(rows)))
    return boxes_of(*((x, y, x + w, y + h) for x, y, w, h in rows)), np.array(scores, np.float32)


def test_overlap_is_what_both_cover_of_what_either_covers():
    one = boxes_of((0, 0, 10, 10))
    other = boxes_of((0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10))
    assert_allclose(overlaps(one, other), [[1.0, 1 / 3, 0.0]], rtol=1e-6)


def test_a_less_sure_box_of_the_same_product_is_left_out():
    boxes = boxes_of((0, 0, 10, 10), (1, 0, 11, 10), (20, 0, 30, 10))
    kept, scores = suppress(boxes, np.array([0.5, 0.9, 0.7], np.float32), overlap=0.5)
    assert kept.tolist() == [1, 2]
    assert_allclose(scores, [0.9, 0.7])


def test_neighbours_that_touch_are_both_kept():
    boxes = boxes_of((0, 0, 10, 10), (9, 0, 19, 10))
    assert len(suppress(boxes, np.array([0.9, 0.8], np.float32))[0]) == 2


def test_softly_a_box_is_less_sure_the_more_it_overlaps():
    boxes = boxes_of((0, 0, 10, 10), (0, 0, 10, 10), (50, 0, 60, 10))
    kept, scores = suppress(boxes, np.array([0.9, 0.8, 0.5], np.float32), kind="soft", least=0.05)
    assert kept.tolist() == [0, 2, 1]
    assert_allclose(scores, [0.9, 0.5, 0.8 * np.exp(-2)], rtol=1e-5)


def test_softly_what_becomes_unsure_is_left_out():
    boxes = boxes_of((0, 0, 10, 10), (0, 0, 10, 10))
    assert len(suppress(boxes, np.array([0.9, 0.8], np.float32), kind="soft", least=0.2)[0]) == 1


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_nothing_gives_nothing(kind):
    kept, scores = suppress(boxes_of(), np.zeros(0, np.float32), kind=kind)
    assert len(kept) == len(scores) == 0


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_no_more_than_the_limit_are_kept(kind):
    boxes = boxes_of(*((20 * i, 0, 20 * i + 10, 10) for i in range(9)))
    assert len(suppress(boxes, np.full(9, 0.5, np.float32), kind=kind, limit=4)[0]) == 4


@given(found())
def test_kept_boxes_do_not_overlap_and_all_others_overlap_a_kept_one(given_boxes):
    boxes, scores = given_boxes
    kept, _ = suppress(boxes, scores, overlap=0.4)
    among = overlaps(boxes[kept], boxes[kept]) - np.eye(len(kept), dtype=np.float32)
    assert (among <= 0.4).all()
    left_out = np.setdiff1d(np.arange(len(boxes)), kept)
    if len(left_out):
        assert (overlaps(boxes[left_out], boxes[kept]).max(1) > 0.4).all()


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[int]]:
    boxes, scores = draw(found())
    return boxes, scores, draw(st.permutations(range(len(boxes))))


@pytest.mark.parametrize("kind", ["hard", "soft"])
@given(given_boxes=shuffled())
@example(given_boxes=(boxes_of((2, 0, 3, 1), (2, 0, 3, 2)), np.full(2, 0.1, np.float32), [1, 0]))
def test_the_order_given_does_not_matter(given_boxes, kind):
    boxes, scores, order = given_boxes
    first, second = (
        suppress(b, s, overlap=0.4, kind=kind)[0] for b, s in ((boxes, scores), (boxes[order], scores[order]))
    )
    assert boxes[first].tolist() == boxes[order][second].tolist()
