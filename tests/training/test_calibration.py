import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.training.calibration import fit_temperature


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
