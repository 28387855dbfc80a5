import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.errors import TrainingError
from shelfwise.training.balance import plan_epoch


@st.composite
def labelled(draw: st.DrawFn) -> tuple[np.ndarray, int]:
    counts = draw(st.lists(st.integers(1, 30), min_size=2, max_size=8))
    labels = np.repeat(np.arange(len(counts)), counts)
    order = draw(st.permutations(range(len(labels))))
    return labels[list(order)].astype(np.int64), len(counts)


@given(labelled(), st.integers(0, 5))
def test_balancing_makes_all_categories_as_large_as_the_largest(data, seed):
    labels, categories = data
    plan = plan_epoch(labels, categories, balance=True, augment="copies", seed=seed)
    largest = np.bincount(labels).max()
    assert plan.counts_after == (largest,) * categories
    assert plan.counts_before == tuple(np.bincount(labels).tolist())


@given(labelled())
def test_every_photo_is_shown_as_it_is_and_copies_are_spread_evenly(data):
    labels, categories = data
    plan = plan_epoch(labels, categories, balance=True, augment="copies", seed=1)
    assert sorted(plan.indices[~plan.varied].tolist()) == list(range(len(labels)))
    shown = np.bincount(plan.indices)
    for category in range(categories):
        of_category = shown[labels == category]
        assert of_category.max() - of_category.min() <= 1


def test_without_balance_each_photo_is_shown_once():
    plan = plan_epoch(np.array([0, 0, 1]), 2, balance=False, augment="all", seed=1)
    assert plan.indices.tolist() == [0, 1, 2]
    assert plan.varied.all()
    assert plan.counts_after == plan.counts_before == (2, 1)


def test_no_augmentation_varies_nothing_even_the_copies():
    plan = plan_epoch(np.array([0, 0, 1]), 2, balance=True, augment="none", seed=1)
    assert not plan.varied.any()
    assert plan.counts_after == (2, 2)


def test_an_empty_category_cannot_be_balanced():
    with pytest.raises(TrainingError, match="category 1 has no training photo"):
        plan_epoch(np.array([0, 0, 2]), 3, balance=True, augment="copies", seed=1)


def test_the_odd_copies_depend_on_the_seed_alone():
    labels = np.repeat([0, 1], [20, 13])
    plans = [plan_epoch(labels, 2, balance=True, augment="all", seed=s).indices.tolist() for s in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]
