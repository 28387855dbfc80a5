from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pycocotools", reason="measuring a detector needs pycocotools")

from shelfwise.errors import DataError
from shelfwise.training.detect.matching import match_photos
from shelfwise.training.detect.measures import (
    average_precision,
    choose_threshold,
    count_figures,
    curve_of,
    measure,
)
from shelfwise.training.detect.photos import DetectionPhoto
from shelfwise.types import Detections

SIDE = 400


def photo(boxes=(), ignore=(), key="a"):
    rows = [np.array(each, np.float32).reshape(-1, 4) for each in (boxes, ignore)]
    return DetectionPhoto(Path(key), key, *rows)


def found(*rows):
    """Boxes with their score first, the surest first."""
    values = np.array(rows, np.float32).reshape(-1, 5)
    return Detections(values[:, 1:], values[:, 0], SIDE, SIDE)


LEFT, MIDDLE, RIGHT = (0, 0, 100, 100), (150, 0, 250, 100), (300, 0, 400, 100)


def test_a_box_finds_one_product_and_the_surer_of_two_boxes_finds_it():
    (matched,), sizes = match_photos(
        [photo([LEFT, RIGHT])], [found((0.9, 5, 0, 105, 100), (0.8, *LEFT), (0.3, *MIDDLE))]
    )
    assert matched.right.tolist() == [True, False, False]
    assert matched.counted.all()
    assert matched.found_with.tolist() == pytest.approx([0.9, -1])
    assert matched.count(0.5) == 2
    assert sizes["all"].products == 2
    assert sizes["all"].recall == 0.5


def test_what_lies_in_an_ignored_region_is_neither_right_nor_wrong():
    crowd = [(140, 0, 400, 400)]
    (matched,), _ = match_photos([photo([LEFT], crowd)], [found((0.9, *MIDDLE), (0.8, *LEFT))])
    assert matched.counted.tolist() == [False, True]
    assert matched.right.tolist() == [False, True]
    assert matched.count(0.1) == 1


def test_photos_without_products_or_without_boxes_count_too():
    photos = [photo(), photo([LEFT]), photo(), photo([RIGHT])]
    answers = [found(), found(), found((0.95, *MIDDLE)), found((0.9, *RIGHT))]
    matched, sizes = match_photos(photos, answers)
    assert [each.right.tolist() for each in matched] == [[], [], [False], [True]]
    assert matched[1].found_with.tolist() == [-1]
    # Half the products are found, behind one box on nothing: precision 1/2 up to recall 1/2.
    assert sizes["all"].ap50 == pytest.approx(0.5 * 51 / 101)


def test_sizes_are_those_of_coco():
    small, medium = (200, 200, 230, 230), (200, 200, 290, 290)
    _, sizes = match_photos([photo([LEFT, small])], [found((0.9, *LEFT))])
    assert {name: size.products for name, size in sizes.items()} == {"all": 2, "small": 1, "large": 1}
    assert (sizes["large"].ap50, sizes["small"].ap50) == pytest.approx((1, 0))
    _, sizes = match_photos([photo([medium])], [found((0.9, *medium))])
    assert set(sizes) == {"all", "medium"}


def test_a_box_that_fits_less_counts_at_lower_overlaps_only():
    _, sizes = match_photos([photo([LEFT])], [found((0.9, 0, 0, 100, 72))])
    assert (sizes["all"].ap50, sizes["all"].ap75) == pytest.approx((1, 0))
    assert sizes["all"].ap == pytest.approx(0.5)  # 0.50, 0.55 … 0.70 of ten


ANY_BOX = st.builds(
    lambda x, y, w, h: (x, y, x + w, y + h), *[st.integers(0, 300)] * 2, *[st.integers(8, 100)] * 2
)
SCORES = st.integers(1, 99).map(lambda number: number / 100)
SCENES = st.lists(
    st.tuples(st.lists(ANY_BOX, max_size=4), st.lists(st.tuples(SCORES, ANY_BOX), max_size=6)),
    min_size=1,
    max_size=4,
)


@given(SCENES)
def test_our_average_precision_is_that_of_coco(scenes):
    if not any(boxes for boxes, _ in scenes):
        return
    # Of each product one box more, so that something is found.
    scenes = [(boxes, [*answers, *((0.6, box) for box in boxes[:2])]) for boxes, answers in scenes]
    photos = [photo(boxes) for boxes, _ in scenes]
    answers = [
        found(*((score, *box) for score, box in sorted(rows, key=lambda row: -row[0]))) for _, rows in scenes
    ]
    figures = measure(photos, answers, 0.5)
    matched = figures.matched
    scores = np.concatenate([each.scores for each in matched])
    order = np.argsort(-scores, kind="stable")
    right = np.concatenate([each.right for each in matched])[order]
    products = sum(len(boxes) for boxes, _ in scenes)
    ours = average_precision(scores[order], right, products, np.ones(len(scores)))
    assert ours == pytest.approx(figures.sizes["all"].ap50, abs=1e-6)
    low, high = figures.interval
    assert 0 <= low <= high <= 1
    assert (np.diff(figures.curve.recall) >= 0).all()
    assert (np.diff(figures.curve.threshold) < 0).all()


def test_counts_are_compared_photo_by_photo():
    photos = [photo([LEFT, MIDDLE]), photo([LEFT, MIDDLE, RIGHT, (0, 200, 50, 300)]), photo()]
    answers = [
        found((0.9, *LEFT)),  # one of two
        found((0.9, *LEFT), (0.8, *MIDDLE), (0.7, *RIGHT), (0.6, 0, 200, 50, 300)),
        found((0.9, *LEFT)),  # one where none is
    ]
    counts = count_figures(match_photos(photos, answers)[0], 0.5)
    assert (counts.photos, counts.products, counts.counted) == (2, 6, 6)
    assert (counts.median_error, counts.mean_error, counts.bias) == (0.25, 0.25, -0.25)
    assert counts.exact == 0.5


def test_the_threshold_is_between_what_is_right_and_what_is_wrong():
    photos = [photo([LEFT, MIDDLE]), photo([RIGHT])]
    answers = [found((0.9, *LEFT), (0.6, *MIDDLE), (0.2, *RIGHT)), found((0.7, *RIGHT), (0.1, *LEFT))]
    matched = match_photos(photos, answers)[0]
    assert choose_threshold(matched, curve_of(matched)) == pytest.approx(0.4)
    figures = measure(photos, answers)
    assert (figures.precision, figures.recall, figures.f1) == (1, 1, 1)
    assert figures.counts.exact == 1


def test_of_nearly_equally_good_thresholds_the_one_that_counts_best_is_taken():
    # 199 of 200 products are found: F1 is 0.9975 there, and 0.995 with a box on nothing, which makes up for one.
    grid = [(x, y, x + 18, y + 18) for y in range(0, 200, 20) for x in range(0, 400, 20)]
    sure = [(0.9 - place / 1000, *box) for place, box in enumerate(grid[:199])]
    matched = match_photos([photo(grid)], [found(*sure, (0.3, 0, 300, 9, 309))])[0]
    curve = curve_of(matched)
    assert curve.f1.argmax() == 198
    assert choose_threshold(matched, curve) == pytest.approx(0.15)
    assert count_figures(matched, 0.15).exact == 1


def test_a_threshold_counts_products_not_photos():
    # Three boxes on nothing among two hundred products weigh more than one product of a photo of its own.
    grid = [(x, y, x + 18, y + 18) for y in range(0, 200, 20) for x in range(0, 400, 20)]
    wrong = [(0.45, x, 300, x + 9, 309) for x in (0, 50, 100)]
    shelf = found(*((0.9 - place / 1000, *box) for place, box in enumerate(grid)), *wrong)
    singles = [found((score, *LEFT)) for score in (0.9, 0.9, 0.3)]
    photos = [photo(grid), *(photo([LEFT], key=str(place)) for place in range(3))]
    matched = match_photos(photos, [shelf, *singles])[0]
    assert choose_threshold(matched, curve_of(matched)) > 0.45


def test_nothing_found_is_a_measure_too():
    figures = measure([photo([LEFT])], [found()])
    assert figures.headline()["ap50"] == 0
    assert (figures.threshold, figures.precision, figures.recall, figures.f1) == (0.5, 1, 0, 0)
    assert figures.counts.bias == -1
    json.dumps(figures.to_dict(), allow_nan=False)


def test_photos_without_any_product_are_no_measure():
    with pytest.raises(DataError, match="no product is marked"):
        measure([photo()], [found((0.9, *LEFT))])
