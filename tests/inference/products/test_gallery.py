import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelfwise.inference.products.gallery import CANDIDATES, Gallery, unit_rows


def brute_force(query, rows, counts):
    """The module's formula, product by product."""
    similarities, start = [], 0
    for count in counts:
        photos = rows[start : start + count].astype(np.float64)
        centre = photos.sum(0) / np.linalg.norm(photos.sum(0))
        similarities.append(0.75 * centre @ query + 0.25 * (photos @ query).max())
        start += count
    return similarities


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_it_is_the_formula(counts, seed):
    random = np.random.default_rng(seed)
    rows = unit_rows(random.standard_normal((sum(counts), 16)).astype(np.float32))
    queries = unit_rows(random.standard_normal((20, 16)).astype(np.float32))
    for query, found in zip(queries, Gallery(rows, counts).search(queries, 12), strict=True):
        expected = brute_force(query, rows, counts)
        assert sorted(number for number, _ in found) == list(range(len(counts)))
        assert [similarity for _, similarity in found] == sorted(
            (similarity for _, similarity in found), reverse=True
        )
        for number, similarity in found:
            assert similarity == pytest.approx(expected[number], abs=1e-5)


def directions(numbers):
    """Rows of length 1, the same number giving the same row."""
    return unit_rows(np.stack([np.random.default_rng(n).standard_normal(16) for n in numbers]).astype("f4"))


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=40),
    st.sampled_from([1, 5, 30]),
    st.sampled_from([0, 1e-3, 1]),
    st.integers(1, 12),
)
def test_the_best_are_the_best_whatever_they_are_like(numbers, times, apart, top):
    """Few products and many, all alike, nearly alike, several times the same, and the photo itself among them."""
    rows = np.repeat(directions(numbers), times, axis=0)
    noise = np.random.default_rng(9).standard_normal(rows.shape).astype(np.float32)
    rows = unit_rows(rows + np.float32(apart) * noise)
    queries = np.concatenate([rows[:2], directions([100]), -rows[:1]])
    gallery = Gallery(rows, [1] * len(rows))
    together = gallery.search(queries, top)
    for query, found in zip(queries, together, strict=True):
        (alone,) = gallery.search(query[None], top)
        expected = rows.astype(np.float64) @ query
        best = np.sort(expected)[::-1][:top]
        for each in (found, alone):
            assert [similarity for _, similarity in each] == pytest.approx(best, abs=1e-6)
            assert [expected[number] for number, _ in each] == pytest.approx(best, abs=1e-6)
            assert len({number for number, _ in each}) == min(top, len(rows))


def test_one_photo_alone_is_found_as_among_others():
    random = np.random.default_rng(1)
    rows = unit_rows(random.standard_normal((500, 8)).astype(np.float32))
    gallery = Gallery(rows, [1] * 500)
    together = gallery.search(rows[:40], 3)
    for number in range(40):
        (alone,) = gallery.search(rows[number : number + 1], 3)
        assert [each for each, _ in alone] == [each for each, _ in together[number]]
        assert alone[0][0] == number
        assert alone[0][1] == pytest.approx(1, abs=1e-6)


def test_equals_come_in_order_however_many_there_are():
    rows = unit_rows(np.ones((5 * CANDIDATES, 4), np.float32))
    (found,) = Gallery(rows, [1] * len(rows)).search(rows[:1], 3)
    assert [number for number, _ in found] == [0, 1, 2]


def test_left_out_leaves_out_the_photo_and_its_product():
    rows = unit_rows(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]], np.float32))
    same, other = Gallery(rows, [2, 1, 1]).left_out(range(4))
    half = float(np.sqrt(0.5))
    assert same == pytest.approx([0, 0])
    assert other == pytest.approx([half, 0, half, half])


def test_a_single_photo_has_neither():
    assert Gallery(unit_rows(np.ones((1, 3), np.float32)), [1]).left_out([0]) == ([], [])


@pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
def test_rows_without_length_are_refused(wrong):
    with pytest.raises(ValueError, match="zero, infinite or NaN"):
        unit_rows(np.full((1, 3), wrong, np.float32))
