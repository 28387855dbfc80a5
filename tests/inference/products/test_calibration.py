import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.errors import ProductIndexError
from shelfwise.inference.products.calibration import Calibration, Prior, fit, measured_prior, prior_of

SIMILARITIES = st.lists(st.floats(-1, 1), max_size=30)


@given(SIMILARITIES, SIMILARITIES)
def test_the_threshold_lies_between_the_others_and_the_same(same, other):
    fitted = fit(same, other, Prior())
    assert fitted.other < fitted.threshold < fitted.same
    assert fitted.slope > 0
    assert (fitted.same_photos, fitted.other_photos) == (len(same), len(other))


@given(SIMILARITIES, SIMILARITIES, st.randoms())
def test_the_order_does_not_matter_to_the_last_bit(same, other, random):
    mixed_same, mixed_other = same.copy(), other.copy()
    random.shuffle(mixed_same)
    random.shuffle(mixed_other)
    assert fit(mixed_same, mixed_other, Prior()) == fit(same, other, Prior())


def test_without_photos_it_is_the_prior():
    fitted = fit([], [], Prior(same=0.8, other=0.4, spread=0.1))
    assert (fitted.same, fitted.other, fitted.spread, fitted.threshold) == (0.8, 0.4, 0.1, 0.6)
    assert fitted.slope == pytest.approx(40)


def test_one_photo_each_moves_the_threshold_to_these_products():
    alike = fit([], [0.9] * 20, Prior())
    unlike = fit([], [0.1] * 20, Prior())
    assert unlike.threshold < Prior().other < alike.threshold < 1
    # Photos of one product are expected to be nearer where all products are near.
    assert alike.same > 0.9


def test_many_photos_outweigh_the_prior():
    random = np.random.default_rng(0)
    same, other = random.normal(0.7, 0.05, 2000), random.normal(0.3, 0.05, 2000)
    fitted = fit(same.tolist(), other.tolist(), Prior())
    assert fitted.threshold == pytest.approx(0.5, abs=0.01)
    assert fitted.slope == pytest.approx(0.4 / 0.05**2, rel=0.1)


def test_products_that_cannot_be_told_apart_keep_the_threshold_above_the_others():
    fitted = fit([0.2] * 50, [0.9] * 50, Prior())
    assert fitted.threshold > fitted.other > 0.8


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=10), SIMILARITIES, SIMILARITIES)
def test_confidences_are_shares_and_follow_the_similarities(found, same, other):
    found.sort(reverse=True)
    sure = fit(same, other, Prior()).confidences(found)
    assert all(0 <= each <= 1 for each in sure)
    assert math.fsum(sure) <= 1 + 1e-9
    assert sure == sorted(sure, reverse=True)


def test_a_single_product_at_the_threshold_is_as_likely_as_not():
    fitted = fit([], [], Prior())
    assert fitted.confidences([fitted.threshold]) == [pytest.approx(0.5)]
    near, twin = fitted.confidences([0.95, 0.95])
    assert near == twin < 0.5


def test_the_prior_of_a_model_is_in_its_metrics():
    measured = measured_prior(np.array([0.9, 0.8], np.float32), np.array([0.1, 0.2], np.float32), weight=10)
    assert measured == {"same": 0.85, "other": 0.15, "spread": 0.05, "weight": 10.0}
    assert prior_of({"similarity": measured}, "bundle").same == 0.85
    assert prior_of({}, "bundle") == Prior()


@pytest.mark.parametrize("wrong", [{"same": 0.1, "other": 0.9}, {"same": "0.9"}, {"more": 1}, 7])
def test_a_wrong_prior_is_refused_by_name(wrong):
    with pytest.raises(ProductIndexError, match=r"shop/bundle: metrics\.similarity"):
        prior_of({"similarity": wrong}, "shop/bundle")


def test_a_calibration_with_nan_is_refused():
    values = fit([], [], Prior()).model_dump() | {"threshold": float("nan")}
    with pytest.raises(ValueError, match="finite"):
        Calibration.model_validate(values)
