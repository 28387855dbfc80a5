import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.facings import Facing, Guess, Named, find_runs, place_facings
from shelfwise.shelf.rows import find_rows
from shelfwise.types import Detections
from tests.shelf.scenes import accept, line_up

BOXES = np.array([(0, 0, 40, 80), (50, 0, 90, 80), (100, 0, 140, 80)], np.float32)


def ask(product: str, *others: str, confidence: float = 0.5) -> Named:
    guesses = tuple(Guess(name, None, 0.2) for name in others)
    return Named("ask", product, None, confidence, guesses)


def in_a_row(*named: Named, level: int = 1) -> tuple[Facing, ...]:
    return tuple(
        Facing((50.0 * i, 0, 50.0 * i + 40, 80), 0.9, name, 1, i + 1, level) for i, name in enumerate(named)
    )


def shown(facings: tuple[Facing, ...]) -> list[tuple[str | None, int, int, int]]:
    return [(run.named.label, run.first, run.last, len(run)) for run in find_runs(facings)]


def test_each_box_gets_its_place_name_and_score():
    found = Detections(BOXES, np.array([0.9, 0.8, 0.5], np.float32), 200, 100)
    names = [accept("a"), accept("b"), Named("unknown")]
    facings = place_facings(find_rows(BOXES), found, names)
    assert [(f.row, f.position, f.level) for f in facings] == [(1, 1, 1), (1, 2, 1), (1, 3, 1)]
    assert [f.named for f in facings] == names
    assert [f.score for f in facings] == pytest.approx([0.9, 0.8, 0.5])
    assert facings[1].box == (50, 0, 90, 80)
    assert facings[1].width == 40


def test_without_names_all_are_unknown():
    assert {f.named.answer for f in place_facings(find_rows(BOXES), BOXES)} == {"unknown"}


def test_names_rows_and_boxes_have_to_go_together():
    with pytest.raises(ValueError, match="3 boxes, but 1 names"):
        place_facings(find_rows(BOXES), BOXES, [accept("a")])
    with pytest.raises(ValueError, match="rows have 2 members"):
        place_facings(find_rows(BOXES[:2]), BOXES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"answer": "accept"},
        {"answer": "unknown", "product": "a"},
        {"answer": "ask", "product": "a", "confidence": 1.5},
    ],
)
def test_an_answer_that_says_two_things_is_refused(wrong):
    with pytest.raises(ValueError, match=r"confidence|product|unknown"):
        Named(**wrong)


def test_neighbours_of_one_product_are_a_run():
    assert shown(line_up("aabba")) == [("a", 1, 2, 2), ("b", 3, 4, 2), ("a", 5, 5, 1)]


def test_runs_do_not_go_on_in_the_next_row():
    assert shown(line_up("ab", "bb")) == [("a", 1, 1, 1), ("b", 2, 2, 1), ("b", 1, 2, 2)]


def test_categories_are_runs_where_no_product_is_known():
    drink, snack = accept("", "drink"), Named("accept", None, "snack", 0.9)
    assert shown(in_a_row(drink, drink, snack)) == [("drink", 1, 2, 2), ("snack", 3, 3, 1)]


def test_unknown_neighbours_need_not_be_the_same():
    assert shown(line_up("??")) == [(None, 1, 1, 1), (None, 2, 2, 1)]


@pytest.mark.parametrize(
    "doubtful",
    [
        ask("a", "b"),
        ask("b", "a"),
        Named("unknown", candidates=(Guess("b", None, 0.72), Guess("c", None, 0.22), Guess("a", None, 0.04))),
    ],
)
def test_a_doubtful_one_stays_doubtful_whatever_stands_beside_it(doubtful):
    runs = find_runs(in_a_row(accept("a"), doubtful, accept("a")))
    assert [(run.named, run.members) for run in runs] == [
        (accept("a"), (0,)),
        (doubtful, (1,)),
        (accept("a"), (2,)),
    ]


def test_two_doubtful_ones_side_by_side_stay_doubtful():
    runs = find_runs(in_a_row(accept("a"), ask("b", "a"), ask("b", "a"), accept("a")))
    assert [(run.named.answer, len(run)) for run in runs] == [("accept", 1), ("ask", 2), ("accept", 1)]


def test_an_accepted_one_between_two_of_another_product_is_a_run():
    assert shown(in_a_row(accept("a"), accept("b"), accept("a")))[1] == ("b", 2, 2, 1)


def test_stacks_belong_to_the_run_that_they_stand_on():
    lower, upper = in_a_row(accept("a"), accept("a"), accept("b")), in_a_row(accept("a"), level=2)
    assert shown(lower + upper) == [("a", 1, 2, 3), ("b", 3, 3, 1)]
    upper = in_a_row(accept("c"), accept("c"), level=2)
    assert shown(lower + upper) == [("a", 1, 2, 2), ("c", 1, 2, 2), ("b", 3, 3, 1)]


def test_guesses_begin_with_the_likeliest_and_name_each_once():
    named = Named("ask", "a", "x", 0.6, (Guess("a", "x", 0.6), Guess("b", None, 0.3)))
    assert [guess.label for guess in named.guesses] == ["a", "b"]


@given(words=st.lists(st.text("ab?", min_size=1, max_size=12), max_size=4))
def test_every_facing_is_in_one_run(words):
    facings = line_up(*words)
    runs = find_runs(facings)
    assert sorted(i for run in runs for i in run.members) == list(range(len(facings)))
    for before, after in itertools.pairwise(runs):
        if before.row == after.row and before.named.label:
            assert before.named.label != after.named.label
