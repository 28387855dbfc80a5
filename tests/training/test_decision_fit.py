import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.decision import DecisionMaker, deepest_sure
from shelfwise.inference.novelty import REFERENCE, novelty_score
from shelfwise.training.decision_figures import auroc
from shelfwise.training.decision_fit import fit_decision, fit_thresholds, wilson_upper
from shelfwise.training.novelty_fit import Observed, fit_reference

NAMES = ("fruit/apple/gala", "fruit/apple/granny", "fruit/pear", "drinks/juice", "drinks/milk")


def drawn(count, seed, names=NAMES, sharpness=0.12):
    """Calibrated probabilities and labels drawn from them."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.full(len(names), sharpness), count)
    labels = (probabilities.cumsum(axis=1) < random.random((count, 1))).sum(axis=1)
    return probabilities, np.minimum(labels, len(names) - 1)


def fitted(count, seed, precision, names=NAMES):
    tree = Hierarchy.from_categories(names)
    probabilities, labels = drawn(count, seed, names)
    thresholds = fit_thresholds(
        tree,
        tree.node_probabilities(probabilities),
        tree.node_of_category[labels],
        np.ones(count, bool),
        precision,
    )
    return tree, thresholds


def accepted(tree, thresholds, count=4000, seed=99):
    """Right answers and all among fresh photos, where an answer is accepted."""
    probabilities, labels = drawn(count, seed, tree.categories)
    nodes = deepest_sure(tree, tree.node_probabilities(probabilities), thresholds)
    taken = (nodes >= 0) & tree.is_answer[nodes]
    right = tree.holds(nodes, tree.node_of_category[labels])
    return right[taken], taken


@pytest.mark.parametrize("precision", [0.9, 0.95, 0.98])
def test_fresh_photos_are_right_as_often_as_asked_for(precision):
    shares, coverage = [], []
    for seed in range(8):
        right, taken = accepted(*fitted(1500, seed, precision))
        shares.append(right.mean())
        coverage.append(taken.mean())
    # Within the chance of which photos were fitted to.
    assert np.mean(shares) >= precision - 0.004
    # Not by accepting hardly anything.
    assert np.mean(coverage) > 0.2


def test_a_category_that_is_often_wrong_when_sure_gets_a_higher_threshold():
    random = np.random.default_rng(0)
    sure = random.uniform(0.5, 1, 2000)
    first = random.random(2000) < 0.5
    probabilities = np.where(first[:, None], np.stack([sure, 1 - sure], 1), np.stack([1 - sure, sure], 1))
    # The first category is right as often as it is sure, the second always.
    right = ~first | (random.random(2000) < sure)
    labels = np.where(first == right, 0, 1)
    tree = Hierarchy.from_categories(["a", "b"])
    thresholds = fit_thresholds(
        tree, tree.node_probabilities(probabilities), labels, np.ones(2000, bool), 0.95
    )
    assert thresholds[0] > thresholds[1] + 0.1
    assert thresholds[1] >= 0.5


def test_a_rare_category_gets_the_threshold_of_its_level():
    tree = Hierarchy.from_categories(["common", "rare"])
    random = np.random.default_rng(1)
    sure = random.uniform(0.5, 1, 1000)
    right = random.random(1000) < sure
    nodes = np.stack([sure, 1 - sure], 1)
    thresholds = fit_thresholds(tree, nodes, np.where(right, 0, 1), np.ones(1000, bool), 0.95)
    assert np.isfinite(thresholds).all()
    # Never seen, it has no reason to be below what the level as a whole needs.
    assert thresholds[1] >= thresholds[0] - 0.02


def test_too_few_photos_promise_nothing():
    _, thresholds = fitted(10, 0, 0.98)
    assert np.isinf(thresholds).all()


def test_photos_taken_for_unknown_say_nothing():
    tree = Hierarchy.from_categories(["a", "b"])
    nodes = np.tile([0.9, 0.1], (400, 1))
    wrong = np.arange(400) < 100
    everything = fit_thresholds(tree, nodes, wrong.astype(int), np.ones(400, bool), 0.95)
    known = fit_thresholds(tree, nodes, wrong.astype(int), ~wrong, 0.95)
    assert np.isinf(everything[0])
    assert known[0] == pytest.approx(0.9, abs=1e-4)


def test_the_order_of_categories_and_photos_does_not_matter():
    _, thresholds = fitted(800, 3, 0.95)
    probabilities, labels = drawn(800, 3)
    order = [3, 0, 4, 1, 2]
    other = Hierarchy.from_categories([NAMES[i] for i in order])
    turned = np.random.default_rng(0).permutation(800)
    moved = fit_thresholds(
        other,
        other.node_probabilities(probabilities[turned][:, order]),
        other.node_of_category[np.argsort(order)[labels[turned]]],
        np.ones(800, bool),
        0.95,
    )
    assert np.allclose(thresholds, moved, atol=1e-4)


@given(st.integers(1, 500), st.integers(0, 500))
def test_the_bound_is_above_the_share_and_falls_with_more_photos(count, errors):
    errors = min(errors, count)
    (bound,) = wilson_upper(np.array([errors]), np.array([count]))
    (more,) = wilson_upper(np.array([errors * 4]), np.array([count * 4]))
    assert errors / count <= bound + 1e-12 <= 1 + 1e-11
    assert more <= bound + 1e-12


def test_no_photos_bound_nothing():
    assert wilson_upper(np.array([0]), np.array([0])).tolist() == [1.0]
    # Wilson's formula without errors is z² / (n + z²).
    assert wilson_upper(np.array([0]), np.array([100]), z=2.0)[0] == pytest.approx(4 / 104)


def clusters(count, seed, centres, categories=3):
    """Embeddings around one point a category, and logits that fall with the distance to it."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, categories, count)
    embeddings = (centres[labels] + random.normal(0, 0.3, (count, centres.shape[1]))).astype(np.float32)
    logits = (embeddings @ centres[:categories].T).astype(np.float32)
    return Observed(logits, embeddings, labels)


CENTRES = np.random.default_rng(7).normal(size=(6, 12))


@pytest.mark.parametrize("kind", [kind for kind in REFERENCE if kind != "max-softmax"])
def test_what_was_not_learned_is_stranger(kind):
    training, validation = clusters(300, 0, CENTRES), clusters(200, 1, CENTRES)
    score = novelty_score(kind, fit_reference(kind, training, validation))
    known = clusters(200, 2, CENTRES)
    strange = clusters(200, 3, CENTRES[3:])
    logits = strange.embeddings @ CENTRES[:3].T
    found = auroc(score(logits, strange.embeddings), score(known.logits, known.embeddings))
    assert found > 0.9


def test_what_an_engine_rounds_makes_no_photo_strange():
    """Photos that hardly vary, and the same ones as an engine in bfloat16 may see them."""

    def nearly_equal(count, seed):
        random = np.random.default_rng(seed)
        labels = np.arange(count) % 3
        embeddings = CENTRES[labels] * (1 + 1e-6 * random.normal(size=(count, CENTRES.shape[1])))
        return Observed(embeddings @ CENTRES[:3].T, embeddings, labels)

    training, validation, known = (nearly_equal(300, seed) for seed in range(3))
    reference = fit_reference("combined", training, validation)
    score = novelty_score("combined", reference)
    limit = np.quantile(score(validation.logits, validation.embeddings), 0.95)
    random = np.random.default_rng(3)
    logits, embeddings = (
        values * (1 + 2.0**-9 * random.uniform(-1, 1, values.shape))
        for values in (known.logits, known.embeddings)
    )
    assert np.mean(score(logits, embeddings) > limit + 1) < 0.05


def test_the_reference_is_small_and_the_same_each_time():
    training, validation = clusters(6000, 0, CENTRES), clusters(50, 1, CENTRES)
    for kind in REFERENCE:
        one, other = (fit_reference(kind, training, validation, seed=5) for _ in range(2))
        assert set(one) == set(REFERENCE[kind])
        for name, values in one.items():
            assert values.dtype in (np.float16, np.float32)
            assert np.array_equal(values, other[name])
    assert len(fit_reference("knn", training, validation)["bank"]) <= 4096


def test_without_photos_there_is_nothing_to_compare_with():
    nothing = Observed(np.zeros((0, 3)), np.zeros((0, 12)), np.zeros(0, int))
    with pytest.raises(ValueError, match="no photo"):
        fit_reference("knn", nothing, nothing)
    with pytest.raises(ValueError, match="no validation photo"):
        fit_decision(Hierarchy.from_categories(["a", "b"]), nothing, nothing, np.zeros((0, 2)))


def test_the_share_of_known_photos_that_stay_known_is_the_one_asked_for():
    training, validation = clusters(300, 0, CENTRES), clusters(400, 1, CENTRES)
    shifted = np.exp(validation.logits - validation.logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    names = ("a", "b", "c")
    for share in (0.8, 0.95, 1.0):
        result = fit_decision(
            Hierarchy.from_categories(names), training, validation, probabilities, keep_known=share
        )
        maker = DecisionMaker.from_rule(result.rule, result.reference, names)
        answers = [
            each.answer for each in maker.decide(validation.logits, probabilities, validation.embeddings)
        ]
        assert answers.count("unknown") == pytest.approx((1 - share) * 400, abs=1.5)
        assert result.rule.keep_known == share
