import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as oracle

from shelfwise.training.measures import calibration_bins, risk_coverage
from shelfwise.training.metrics import evaluate_predictions


def names(count: int) -> list[str]:
    return [f"c{i}" for i in range(count)]


@st.composite
def predictions(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    classes = draw(st.integers(2, 9))
    count = draw(st.integers(1, 40))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    labels = generator.integers(0, draw(st.integers(1, classes)), count)
    scores = generator.dirichlet(np.full(classes, draw(st.sampled_from([0.1, 1.0]))), count)
    return labels, scores


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_agrees_with_scikit_learn(case: tuple[NDArray[np.int64], NDArray[np.float64]]) -> None:
    labels, scores = case
    classes = scores.shape[1]
    result = evaluate_predictions(labels, scores, names(classes), bootstrap=0)
    predicted = scores.argmax(axis=1)
    every = list(range(classes))
    assert result.accuracy == pytest.approx(oracle.accuracy_score(labels, predicted))
    assert (result.confusion == oracle.confusion_matrix(labels, predicted, labels=every)).all()
    precision, recall, f1, support = oracle.precision_recall_fscore_support(
        labels, predicted, labels=every, zero_division=np.nan
    )
    for i, figures in enumerate(result.per_category):
        assert figures.support == support[i]
        for ours, theirs in ((figures.precision, precision[i]), (figures.recall, recall[i])):
            assert (np.nan if ours is None else ours) == pytest.approx(theirs, nan_ok=True)
        if figures.f1 is not None:
            assert figures.f1 == pytest.approx(f1[i])
    present = sorted(set(labels.tolist()))
    assert result.macro_f1 == pytest.approx(
        oracle.f1_score(labels, predicted, labels=present, average="macro", zero_division=0)
    )
    assert result.balanced_accuracy == pytest.approx(
        oracle.recall_score(labels, predicted, labels=present, average="macro")
    )
    if classes > 2:
        for k, ours in ((3, result.top3_accuracy), (5, result.top5_accuracy)):
            if classes > k:
                theirs = oracle.top_k_accuracy_score(labels, scores, k=k, labels=every)
                assert ours == pytest.approx(theirs)
            else:
                assert ours == 1.0
        clipped = np.maximum(scores, 1e-12)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = oracle.log_loss(labels, clipped, labels=every)
        assert result.negative_log_likelihood == pytest.approx(theirs, rel=1e-6, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(predictions())
def test_figures_keep_their_ranges_and_order(case: tuple[NDArray[np.int64], NDArray[np.float64]]) -> None:
    labels, scores = case
    result = evaluate_predictions(labels, scores, names(scores.shape[1]), bootstrap=20)
    assert 0 <= result.accuracy <= result.top3_accuracy <= result.top5_accuracy <= 1
    assert 0 <= result.ece <= 1
    assert 0 <= result.brier <= 2
    assert sum(b.count for b in result.calibration) == len(labels)
    curve = result.risk_coverage
    assert curve.coverage[-1] == pytest.approx(1)
    assert curve.risk[-1] == pytest.approx(1 - result.accuracy)
    assert (np.diff(curve.coverage) > 0).all()
    assert (np.diff(curve.threshold) < 0).all()
    for interval in result.intervals.values():
        assert 0 <= interval.low <= interval.high <= 1
    json.dumps(result.to_dict(), allow_nan=False)


def test_hand_computed_case() -> None:
    labels = np.array([0, 0, 1, 1])
    scores = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]], dtype=np.float32)
    result = evaluate_predictions(labels, scores, ["a", "b"], bootstrap=0)
    assert result.accuracy == 0.75
    assert result.confusion.tolist() == [[1, 1], [0, 2]]
    assert result.macro_f1 == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert result.balanced_accuracy == 0.75
    assert result.brier == pytest.approx((0.02 + 0.72 + 0.08 + 0.18) / 4)
    assert result.ece == pytest.approx((0.1 + 0.6 + 0.2 + 0.3) / 4)
    assert [(p.true, p.predicted, p.count, p.share) for p in result.confused] == [("a", "b", 1, 0.5)]
    assert result.levels == ()
    assert result.intervals == {}
    assert result.risk_coverage.risk.tolist() == [0, 0, 0, 0.25]
    assert result.risk_coverage.aurc == pytest.approx(0.0625)


def test_a_bin_holds_its_upper_edge() -> None:
    bins = calibration_bins(np.array([0.2, 1.0]), np.array([True, False]), bins=5)
    assert [b.count for b in bins] == [1, 0, 0, 0, 1]
    assert bins[1].accuracy is None


def test_equal_confidences_are_one_point_and_their_order_does_not_matter() -> None:
    confidence = np.array([0.5, 0.5, 0.5, 0.9])
    one = risk_coverage(confidence, np.array([False, True, True, True]))
    other = risk_coverage(confidence, np.array([True, True, False, True]))
    assert one.coverage.tolist() == [0.25, 1.0]
    assert one.risk.tolist() == [0, 0.25]
    assert one.aurc == pytest.approx(other.aurc) == pytest.approx((0 + 1 / 6 + 2 / 9 + 1 / 4) / 4)


def test_coverage_at_a_precision() -> None:
    confidence = np.linspace(0.99, 0.5, 20)
    correct = np.ones(20, dtype=bool)
    correct[[10, 15]] = False
    curve = risk_coverage(confidence, correct)
    coverage, threshold = curve.at_precision(0.9) or (0.0, 0.0)
    assert coverage == 1.0
    assert threshold == 0.5
    assert curve.at_precision(0.95) == pytest.approx((0.5, confidence[9]))
    assert risk_coverage(confidence, ~np.ones(20, dtype=bool)).at_precision(0.95) is None
    assert len(curve.thinned(5).risk) == 5
    assert curve.thinned(5).coverage[-1] == 1.0


def test_levels_sum_the_probabilities_of_the_children() -> None:
    categories = ["Fruit/Apple/Red", "Fruit/Apple/Green", "Fruit/Pear", "Milk"]
    scores = np.array([[0.3, 0.25, 0.05, 0.4], [0.2, 0.1, 0.6, 0.1]])
    result = evaluate_predictions(np.array([0, 0]), scores, categories, bootstrap=0)
    assert [(level.categories, level.accuracy) for level in result.levels] == [(2, 1.0), (3, 0.5), (4, 0.0)]
    assert result.levels[-1].accuracy == result.accuracy


def test_absent_categories_have_no_recall_and_do_not_lower_the_means() -> None:
    scores = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1]])
    result = evaluate_predictions(np.array([0, 0]), scores, names(3))
    assert result.macro_f1 == result.balanced_accuracy == 1
    absent = result.per_category[1]
    assert (absent.precision, absent.recall, absent.f1, absent.support) == (None, None, None, 0)


def test_the_interval_is_seeded_and_holds_the_figure() -> None:
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 4, 400)
    scores = 0.4 * np.eye(4)[labels] + 0.6 * generator.dirichlet(np.ones(4), 400)
    one = evaluate_predictions(labels, scores, names(4), seed=1)
    assert one.intervals == evaluate_predictions(labels, scores, names(4), seed=1).intervals
    assert one.intervals != evaluate_predictions(labels, scores, names(4), seed=2).intervals
    interval = one.intervals["accuracy"]
    assert interval.low < one.accuracy < interval.high
    normal = 1.96 * np.sqrt(one.accuracy * (1 - one.accuracy) / 400)
    assert interval.high - interval.low == pytest.approx(2 * normal, rel=0.15)


@pytest.mark.parametrize(
    ("labels", "scores"),
    [
        ([], np.empty((0, 2))),
        ([0], [[0.5, 0.5], [0.5, 0.5]]),
        ([2], [[0.5, 0.5]]),
        ([-1], [[0.5, 0.5]]),
        ([0], [[0.5, 0.2]]),
        ([0], [[np.nan, 1.0]]),
    ],
)
def test_what_makes_no_sense_is_refused(labels: list[int], scores: object) -> None:
    with pytest.raises(ValueError, match=r"fit|outside|sum"):
        evaluate_predictions(np.array(labels, dtype=int), np.asarray(scores), names(2))
