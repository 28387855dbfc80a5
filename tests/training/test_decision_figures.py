import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.hierarchy import Hierarchy
from shelfwise.training.decision_figures import auroc, measure_decisions, measure_unknown
from shelfwise.types import Decision

NAMES = ("fruit/apple/gala", "fruit/apple/granny", "drinks/juice", "drinks/juice/bravo")
TREE = Hierarchy.from_categories(NAMES)


def answered(node, novelty=0.0):
    level = TREE.level_of(node)
    return Decision("ask" if level == "department" else "accept", node, level, 0.9, novelty)


DECISIONS = [
    answered("fruit/apple"),
    answered("fruit/apple/gala"),
    answered("drinks/juice/bravo"),
    answered("drinks"),
    Decision("ask", None, None, None, 1.0),
    Decision("unknown", None, None, None, 9.0),
]
TRUTH = TREE.node_of_category[[0, 1, 2, 2, 3, 0]]
PROBABILITIES = np.array(
    [
        [0.5, 0.4, 0.1, 0],
        [0.9, 0.1, 0, 0],
        [0, 0, 0.1, 0.9],
        [0, 0.4, 0.6, 0],
        [0.4, 0, 0, 0.6],
        [1, 0, 0, 0],
    ]
)


def figures(**options):
    values = {"target": 0.98, "temperature": 1.0, **options}
    return measure_decisions(DECISIONS, TRUTH, PROBABILITIES, TREE, **values)


def test_a_wider_answer_is_right_and_a_more_exact_one_than_the_label_is_not():
    total = figures().total
    assert (total.photos, total.accepted, total.right, total.asked, total.unknown) == (6, 3, 1, 2, 1)
    assert total.precision == pytest.approx(1 / 3)
    assert total.coverage == 0.5


def test_of_photos_that_are_labelled_coarsely_a_more_exact_answer_is_right():
    coarse = TREE.index["drinks/juice"] == TRUTH
    total = figures(coarse=coarse).total
    assert (total.accepted, total.right) == (
        3,
        2,
    )  # the juice that was called Bravo; a pear would still be wrong
    wide = measure_decisions(
        [answered("fruit/apple"), answered("drinks/juice")],
        np.array([TREE.index["fruit"]] * 2),
        PROBABILITIES[:2],
        TREE,
        coarse=np.array([True, True]),
        target=0.98,
        temperature=1.0,
    )
    assert wide.total.right == 1
    assert [row.category for row in wide.per_category] == ["fruit"]
    assert wide.curve.risk[-1] == 0


def test_each_category_has_its_own_figures():
    rows = {row.category: row for row in figures().per_category}
    assert set(rows) == set(NAMES)
    juice = rows["drinks/juice"]
    assert (juice.photos, juice.accepted, juice.right, juice.asked) == (2, 1, 0, 1)
    assert rows["drinks/juice/bravo"].precision is None
    assert sum(row.photos for row in rows.values()) == 6


def test_levels_of_the_accepted_answers_are_counted():
    assert figures().by_level == {"department": 0, "category": 1, "variety": 2}


def test_the_curve_is_of_answers_at_the_level_of_categories():
    curve = figures().curve
    # Apple, apple, juice, juice, juice, apple: all six categories are right.
    assert curve.risk[-1] == 0
    assert curve.coverage[-1] == 1


def test_ece_before_is_that_of_the_uncalibrated_probabilities():
    same = figures()
    assert same.ece_before == pytest.approx(same.ece_after, abs=1e-9)
    softened = figures(temperature=0.5)
    assert softened.ece_after == pytest.approx(same.ece_after)
    assert softened.ece_before != pytest.approx(same.ece_after, abs=1e-3)


def test_everything_goes_into_json_and_a_precision_of_nothing_is_left_out():
    json.dumps(figures().to_dict(), allow_nan=False)
    asked = [Decision("ask", None, None, None, 0.0)] * 6
    nothing = measure_decisions(asked, TRUTH, PROBABILITIES, TREE, target=0.98, temperature=1.0)
    assert "accepted_precision" not in nothing.headline()
    assert nothing.to_dict()["accepted_precision"] is None
    json.dumps(nothing.to_dict(), allow_nan=False)


def test_unknown_photos_are_counted_and_compared_with_known_ones():
    strange = [DECISIONS[5], answered("fruit/apple", 5.0), Decision("ask", None, None, None, 0.0)]
    found = measure_unknown(strange, DECISIONS[:5], failed=2)
    assert (found.photos, found.unknown, found.asked, found.accepted, found.failed) == (3, 1, 1, 1, 2)
    assert found.auroc == pytest.approx((5 + 5 + 2) / 15)


@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_auroc_is_the_share_of_pairs_in_order(high, low):
    pairs = [(h > x) + (h == x) / 2 for h in high for x in low]
    assert auroc(high, low) == pytest.approx(np.mean(pairs))
    assert auroc(high, low) == pytest.approx(1 - auroc(low, high))
