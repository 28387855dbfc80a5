import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.hierarchy import Hierarchy
from shelfwise.training.metrics import evaluate_nodes, evaluate_predictions
from shelfwise.training.verdicts import answers_right, judge

NAMES = ("fruit/apple/gala", "fruit/apple/granny", "fruit/pear", "drinks/juice", "drinks/juice/bravo")
TREE = Hierarchy.from_categories(NAMES)


def nodes(*paths: str) -> np.ndarray:
    return np.array([TREE.index[path] for path in paths])


def test_each_photo_is_judged_at_the_level_of_its_truth():
    one = [0.3, 0.2, 0.4, 0.0, 0.1]
    truth = nodes("fruit/apple/gala", "fruit/apple", "fruit/pear", "fruit")
    verdicts = judge(truth, np.array([one] * 4), TREE)
    taken = [verdicts.categories[i] for i in verdicts.predicted]
    assert taken == ["fruit/pear", "fruit/apple", "fruit/apple", "fruit"]
    assert [verdicts.categories[i] for i in verdicts.truth] == [TREE.nodes[node] for node in truth]
    assert verdicts.right.tolist() == [False, True, False, True]
    assert verdicts.confidence == pytest.approx([0.4, 0.5, 0.5, 0.9])
    assert verdicts.true_probability == pytest.approx([0.3, 0.5, 0.4, 0.9])
    assert verdicts.rank.tolist() == [1, 0, 1, 0]
    assert verdicts.brier[3] == pytest.approx(0.1**2 + 0.1**2)


def test_a_wider_label_holds_its_varieties_at_its_own_level_and_not_below():
    juice = np.array([[0.0, 0.0, 0.3, 0.2, 0.5]] * 2)
    verdicts = judge(nodes("drinks/juice", "drinks/juice/bravo"), juice, TREE)
    assert verdicts.right.all()
    assert verdicts.confidence == pytest.approx([0.7, 0.5])


def test_labels_stand_first_and_then_the_wider_nodes_that_occur():
    verdicts = judge(nodes("fruit/apple"), np.array([[0.1, 0.1, 0.7, 0.05, 0.05]]), TREE)
    assert verdicts.categories == (*NAMES, "fruit/apple")
    assert verdicts.truth.tolist() == [5]
    assert verdicts.predicted.tolist() == [2]


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 20))
def test_without_levels_nodes_are_labels(seed, count, photos):
    random = np.random.default_rng(seed)
    names = [f"c{i}" for i in random.permutation(count)]
    labels, probabilities = random.integers(0, count, photos), random.dirichlet(np.ones(count), photos)
    tree = Hierarchy.from_categories(names)
    by_node = evaluate_nodes(tree.node_of_category[labels], probabilities, tree, bootstrap=5)
    by_label = evaluate_predictions(labels, probabilities, names, bootstrap=5)
    assert by_node.to_dict() == by_label.to_dict()
    verdicts = by_node.verdicts
    assert verdicts.categories == tuple(names)
    assert (verdicts.predicted == probabilities.argmax(axis=1)).all()
    assert (verdicts.confidence == probabilities.max(axis=1)).all()
    assert by_node.category_accuracy is by_node.exact_accuracy is None


def test_what_a_truth_does_not_tell_is_not_measured():
    probabilities = np.array([[0.3, 0.2, 0.4, 0.0, 0.1]] * 2)
    told = evaluate_nodes(nodes("fruit/apple", "drinks/juice"), probabilities, TREE, bootstrap=0)
    assert (told.accuracy, told.category_accuracy, told.exact_accuracy) == (0.5, 0.5, None)
    assert [level.name for level in told.levels] == ["department", "category"]
    assert [level.name for level in told.wider_levels] == ["department"]
    wide = evaluate_nodes(nodes("fruit", "drinks/juice"), probabilities, TREE, bootstrap=0)
    assert (wide.category_accuracy, wide.exact_accuracy) == (None, None)
    assert [level.name for level in wide.levels] == ["department"]
    assert "category_accuracy" not in wide.headline()
    assert wide.to_dict()["category_accuracy"] is None


def test_labels_compared_as_they_are_differ_from_labels_at_their_own_level():
    probabilities = np.array([[0.0, 0.0, 0.0, 0.4, 0.6]])
    exactly = evaluate_predictions(np.array([3]), probabilities, NAMES, bootstrap=0)
    at_level = evaluate_nodes(TREE.node_of_category[[3]], probabilities, TREE, bootstrap=0)
    assert (exactly.accuracy, exactly.category_accuracy) == (0, 1)
    assert (at_level.accuracy, at_level.exact_accuracy) == (1, 0)
    assert at_level.other_accuracies == {"exact": 0.0}


def test_a_node_outside_the_hierarchy_is_refused():
    with pytest.raises(ValueError, match="outside"):
        evaluate_nodes(np.array([len(TREE)]), np.full((1, 5), 0.2), TREE, bootstrap=0)


@pytest.mark.parametrize(
    ("answered", "truth", "strict", "loose"),
    [
        ("drinks/juice", "drinks/juice", True, True),
        ("drinks", "drinks/juice", True, True),
        # More exact than the label: wrong only where the set tells what is more exact.
        ("drinks/juice/bravo", "drinks/juice", False, True),
        ("fruit/pear", "drinks/juice", False, False),
        ("fruit/apple/gala", "fruit/apple/granny", False, False),
        (None, "drinks/juice", False, False),
    ],
)
def test_an_answer_more_exact_than_the_label_is_wrong_only_where_that_can_be_said(
    answered, truth, strict, loose
):
    given_answer = np.array([-1]) if answered is None else nodes(answered)
    found = [
        bool(answers_right(TREE, given_answer, nodes(truth), np.array([coarse]))[0])
        for coarse in (False, True)
    ]
    assert found == [strict, loose]
