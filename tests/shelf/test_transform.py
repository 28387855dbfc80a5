import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.transform import apply, corners_of, fit_affine, fit_homography, map_boxes

SMALL = st.floats(-0.3, 0.3)


@given(
    turn=SMALL,
    scale=st.floats(0.3, 3),
    x=st.floats(-900, 900),
    bend=st.floats(-2e-4, 2e-4),
    seed=st.integers(0, 99),
)
def test_a_homography_is_found_from_points(turn, scale, x, bend, seed):
    matrix = np.array([[scale, -turn, x], [turn, scale, -x], [bend, -bend, 1]])
    points = np.random.default_rng(seed).uniform(0, 1000, (12, 2))
    found = fit_homography(points, apply(matrix, points))
    assert apply(found, points) == pytest.approx(apply(matrix, points), abs=1e-3)


@given(turn=SMALL, scale=st.floats(0.3, 3), x=st.floats(-900, 900))
def test_an_affine_map_is_found_from_three_points(turn, scale, x):
    matrix = np.array([[scale, -turn, x], [turn, scale, -x], [0, 0, 1]])
    points = np.array([[0, 0], [100, 10], [20, 90]], float)
    assert fit_affine(points, apply(matrix, points)) == pytest.approx(matrix, abs=1e-6)


def test_boxes_keep_their_size_when_they_are_turned():
    boxes = np.array([[100, 100, 140, 180]], float)
    turn = np.radians(10)
    matrix = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    (mapped,) = map_boxes(matrix, boxes)
    assert mapped[2:] - mapped[:2] == pytest.approx([40, 80], rel=0.02)
    assert map_boxes(np.eye(3), boxes) == pytest.approx(boxes)
    assert map_boxes(matrix, np.zeros((0, 4))).shape == (0, 4)


def test_corners_go_round():
    assert corners_of(np.array([[1.0, 2, 3, 4]])).tolist() == [[[1, 2], [3, 2], [3, 4], [1, 4]]]
