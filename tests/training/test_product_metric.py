from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelfwise.training.product_metric import fit_product_metric


def _products(random, count, movement):
    """Photos of ``count`` products, each in five views that differ along the first two of eight features."""
    what = np.concatenate([np.zeros((count, 2)), random.normal(size=(count, 6))], axis=1)
    moved = np.zeros((count, 5, 8))
    moved[..., :2] = movement * random.normal(size=(count, 5, 2))
    return (what[:, None] + moved + 0.01 * random.normal(size=(count, 5, 8))).astype(np.float32)


def _named_rightly(photos, metric):
    """Share of the second views whose most similar first view is of the same product."""
    turned = photos @ metric.astype(np.float32)
    turned /= np.linalg.norm(turned, axis=-1, keepdims=True)
    nearest = (turned[:, 1] @ turned[:, 0].T).argmax(axis=1)
    return (nearest == np.arange(len(photos))).mean()


def test_products_that_views_mix_up_are_told_apart():
    random = np.random.default_rng(0)
    photos = _products(random, 80, movement=2.0)
    metric = fit_product_metric(_products(random, 300, movement=2.0), shrink=0.01)
    assert metric.dtype == np.float16
    assert _named_rightly(photos, np.eye(8)) < 0.5
    assert _named_rightly(photos, metric) > 0.9


def test_the_directions_that_are_kept_are_those_in_which_photos_are_large():
    random = np.random.default_rng(1)
    views = _products(random, 200, movement=0.01)
    metric = fit_product_metric(views, rank=6)
    assert metric.shape == (8, 6)
    # Nothing of a product is in the first two features, so that nothing is lost without them.
    assert np.abs(metric[:2]).max() < 0.1 * np.abs(metric[2:]).max()


def test_features_that_are_not_compared_count_for_nothing():
    views = _products(np.random.default_rng(2), 50, movement=1.0)
    compared = np.array([True, False] * 4)
    metric = fit_product_metric(views, compared, rank=3)
    assert metric.shape == (8, 3)
    assert not metric[~compared].any()
    other = views.copy()
    other[..., ~compared] += 9
    assert np.array_equal(metric, fit_product_metric(other, compared, rank=3))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(2, 5), st.floats(0.05, 1))
def test_embeddings_keep_a_length_that_float16_holds(seed, photos, views, shrink):
    random = np.random.default_rng(seed)
    given_views = (10.0 ** random.uniform(-6, 6)) * random.normal(size=(photos, views, 7))
    metric = fit_product_metric(given_views, shrink=shrink)
    assert np.isfinite(metric).all()
    unit = given_views / np.linalg.norm(given_views, axis=-1, keepdims=True)
    lengths = np.linalg.norm(unit @ metric.astype(np.float64), axis=-1)
    assert np.sqrt((lengths**2).mean()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("shape", "compared", "words"),
    [
        ((0, 5, 8), None, "views"),
        ((4, 1, 8), None, "views"),
        ((4, 8), None, "views"),
        ((4, 5, 8), np.zeros(8, bool), "no feature"),
    ],
)
def test_what_cannot_be_fitted_is_refused(shape, compared, words):
    with pytest.raises(ValueError, match=words):
        fit_product_metric(np.ones(shape), compared)
