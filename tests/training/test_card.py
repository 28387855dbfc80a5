import numpy as np

from shelfwise.hierarchy import Hierarchy
from shelfwise.rules import DecisionRule
from shelfwise.training.card import CardFacts, class_rows, model_card
from shelfwise.training.metrics import evaluate_nodes
from shelfwise.training.source_figures import SourcePhotos

CATEGORIES = ("Drinks/Juice", "Drinks/Juice/Bravo", "Fruit/Apple")


def card(**changes: object) -> str:
    values = {
        "name": "lite0",
        "categories": CATEGORIES,
        "photos": (1200, 30, 40),
        "method": "divided by chance",
        "metrics": {"test": {"accuracy": 0.9, "macro_f1": 0.8, "ece": 0.01}},
        "weights": "Trained from random weights.",
        "facts": {"Seed": "42"},
        "rendered": False,
        **changes,
    }
    return model_card(CardFacts(**values))


def rule() -> DecisionRule:
    tree = Hierarchy.from_categories(CATEGORIES)
    return DecisionRule(
        precision=0.98,
        keep_known=0.95,
        levels=list(tree.levels),
        thresholds=dict.fromkeys(tree.nodes, 0.5),
        novelty="energy",
        novelty_threshold=1.0,
    )


def test_it_says_what_the_model_is_for_and_what_not() -> None:
    use = card().partition("## Use and limits")[2].partition("## Categories")[0]
    assert "Made to tell which of the categories below" in use
    assert "Not made for" in use
    assert "look at the confidence" in use
    assert "look at the answer" in card(decision=rule())


def test_it_tells_the_confidence_that_thresholds_are_fitted_with() -> None:
    answers = card(decision=rule()).partition("## Answers")[2].partition("\n##")[0]
    assert "upper bound with a confidence of 95%, one-sided" in answers
    assert "98.0% of such answers should be right" in answers
    assert "## Answers" not in card()


def test_each_set_stands_with_photos_licence_and_digest() -> None:
    text = card(sources=[SourcePhotos("Shop A", "CC BY 4.0", (1000, 20, 30), "ab" * 32)])
    assert "- Shop A: 1,000 photos to train on, 20 to validate on, 30 to test on." in text
    assert "Licence of the photos: CC BY 4.0" in text
    assert "ab" * 32 in text
    assert "The photos by set" not in card()


def test_accuracy_of_category_and_exact_label_stand_only_where_names_have_levels() -> None:
    assert "exact label" not in card()
    figures = {
        "accuracy": 0.9,
        "category_accuracy": 0.95,
        "exact_accuracy": 0.7,
        "macro_f1": 0.8,
        "ece": 0.01,
    }
    text = card(metrics={"test": figures})
    assert "| test | 90.0% | 95.0% | 70.0% | 80.0% | 1.0% |" in text
    assert "at the level of each photo's own label" in text


def test_every_category_has_a_row_though_no_photo_tested_it() -> None:
    tree = Hierarchy.from_categories(CATEGORIES)
    probabilities = np.array([[0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])
    evaluation = evaluate_nodes(tree.node_of_category[[0, 0]], probabilities, tree, bootstrap=0)
    text = card(classes=class_rows(evaluation, CATEGORIES))
    assert "| Drinks/Juice | 2 | 50.0% | 100.0% |" in text
    assert "| Drinks/Juice/Bravo | 0 | – | – |" in text
    assert "| Fruit/Apple | 0 | – | 0.0% |" in text
