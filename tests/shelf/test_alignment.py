import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.alignment import align, best_sums


def equal(first: str, second: str) -> np.ndarray:
    return np.array([[float(a == b) for b in second] for a in first]).reshape(len(first), len(second))


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        ("abc", "abc", [(0, 0), (1, 1), (2, 2)]),
        ("abc", "ac", [(0, 0), (2, 1)]),
        ("ac", "abc", [(0, 0), (1, 2)]),
        ("aa", "a", [(0, 0)]),
        ("abab", "ab", [(0, 0), (1, 1)]),
        ("ab", "ba", [(0, 1)]),
        ("abc", "", []),
        ("", "abc", []),
    ],
)
def test_pairs_keep_the_order(first, second, pairs):
    assert align(equal(first, second)) == pairs


def test_what_is_worth_nothing_is_not_paired():
    assert align(np.array([[-1.0, 0.0], [0.0, 2.0]])) == [(1, 1)]


@given(
    scores=st.integers(0, 4).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0.0, 0.5, 1.25, 2.0]), min_size=3, max_size=3), min_size=n, max_size=n
        )
    )
)
def test_the_sum_is_the_largest_of_all_ways(scores):
    array = np.array(scores).reshape(-1, 3)
    ways = [
        sum(array[i, j] for i, j in zip(rows, columns, strict=True))
        for count in range(min(array.shape) + 1)
        for rows in itertools.combinations(range(array.shape[0]), count)
        for columns in itertools.combinations(range(3), count)
    ]
    pairs = align(array)
    assert sum(array[i, j] for i, j in pairs) == pytest.approx(max(ways))
    assert best_sums([np.stack([row, 0 * row]) for row in array]) == pytest.approx(
        [max(ways), 0][: 2 * len(array)]
    )
    for before, after in itertools.pairwise(pairs):
        assert before[0] < after[0]
        assert before[1] < after[1]
