import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.training.calibration import fit_temperature, retempered


def softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


@given(st.floats(0.3, 5.0))
def test_it_finds_the_temperature_that_was_applied(temperature):
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (4000, 5))
    labels = (softmax(logits).cumsum(axis=1) < random.random((4000, 1))).sum(axis=1)
    assert fit_temperature(softmax(logits * temperature), labels) == pytest.approx(temperature, rel=0.1)


def test_no_photos_leave_the_temperature_at_one():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64)) == 1.0


def test_a_model_that_is_always_right_stays_within_bounds():
    assert 0.04 < fit_temperature(np.eye(3), np.arange(3)) < 21


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_labels_that_stand_for_several_categories_find_it_too(temperature):
    random = np.random.default_rng(2)
    logits = random.normal(0, 2, (4000, 4))
    labels = (softmax(logits).cumsum(axis=1) < random.random((4000, 1))).sum(axis=1)
    # Two of the categories are only known to be one of the two.
    counts = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], dtype=bool)
    assert fit_temperature(softmax(logits * temperature), labels, counts) == pytest.approx(
        temperature, rel=0.1
    )


def test_a_label_for_everything_says_nothing_against_any_temperature():
    everything = np.ones((1, 3), bool)
    assert 0.04 < fit_temperature(np.array([[0.9, 0.06, 0.04]]), np.array([0]), everything) < 21


@given(st.floats(0.3, 5.0))
def test_another_temperature_can_be_undone(temperature):
    probabilities = np.random.default_rng(3).dirichlet(np.ones(5), 50)
    there = retempered(probabilities, temperature)
    assert np.allclose(there.sum(axis=1), 1)
    assert np.allclose(retempered(there, 1 / temperature), probabilities)
