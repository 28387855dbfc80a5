"""A model in the background is compared with the active one on the same photos."""

import random

import pytest

from shelfwise.answers.records import NewShadowAnswer


def _record(book, shadow, new, rows):
    """Rows of (active kind, category, candidate kind, category, verdict, right category). Gives the numbers."""
    numbers = book.record(
        [new(kind, 0.5, category, photo=i) for i, (kind, category, *_) in enumerate(rows, start=1)]
    )
    shadow.record(
        [
            NewShadowAnswer(number, "bbbb", kind, category, 0.5)
            for number, (_, _, kind, category, *_) in zip(numbers, rows, strict=True)
        ]
    )
    for number, (*_, verdict, right) in zip(numbers, rows, strict=True):
        if verdict:
            book.judge(number, verdict, category=right, user="Bo")
    return numbers


def test_counts_of_a_comparison(book, shadow, new):
    rows = [
        ("accept", "fruit/apple", "accept", "fruit/apple", "confirmed", None),
        ("accept", "fruit/apple", "accept", "fruit/pear", "corrected", "fruit/pear"),
        ("ask", "fruit/apple", "accept", "fruit", "corrected", "fruit/pear"),
        ("accept", "fruit/apple", "ask", "fruit/apple", "confirmed", None),
        ("unknown", None, "accept", "fruit/apple", "unknown", None),
        ("accept", "fruit/ap", "accept", "fruit/ap", "corrected", "fruit/apple"),
        ("ask", "fruit/apple", "ask", "fruit/apple", "skipped", None),
        ("accept", "fruit/apple", "accept", "fruit/apple", None, None),
        ("unknown", None, "unknown", None, None, None),
    ]
    numbers = _record(book, shadow, new, rows)
    found = shadow.comparison("aaaa", "bbbb")
    assert (found.n, found.agreement) == (9, pytest.approx(5 / 9))
    assert (found.both_judged, found.active_right, found.candidate_right) == (6, 3, 3)
    assert (found.only_active_right, found.only_candidate_right) == (2, 2)
    assert found.p_value == 1.0
    # Decisive ones first, the newest first.
    assert [each.answer_id for each in found.examples] == [numbers[4], numbers[3], numbers[2], numbers[1]]
    assert (found.examples[0].active_right, found.examples[0].candidate_right) == (True, False)
    assert found.examples[0].verdict == "unknown"


def test_a_difference_that_nobody_judged_is_told_as_such(book, shadow, new):
    _record(book, shadow, new, [("accept", "a", "accept", "b", None, None)])
    found = shadow.comparison("aaaa", "bbbb")
    assert (found.n, found.agreement, found.both_judged, found.p_value) == (1, 0.0, 0, None)
    (example,) = found.examples
    assert (example.active_right, example.candidate_right, example.right_category) == (None, None, None)


def test_models_without_common_photos(shadow):
    found = shadow.comparison("aaaa", "cccc")
    assert (found.n, found.agreement, found.p_value, found.examples) == (0, None, None, ())


def test_a_photo_asked_about_again_counts_once_and_judged_if_it_is(book, shadow, new):
    first, second = book.record([new(photo=1), new(photo=1)])
    shadow.record([NewShadowAnswer(number, "bbbb", "accept", "b", 0.5) for number in (first, second)])
    book.judge(first, "confirmed", user="Bo")
    found = shadow.comparison("aaaa", "bbbb")
    assert (found.n, found.both_judged, found.only_active_right) == (1, 1, 1)


def test_what_is_recorded_twice_stays_as_it_was_first(book, shadow, new):
    (number,) = book.record([new(category="a")])
    shadow.record([NewShadowAnswer(number, "bbbb", "accept", "a", 0.5)])
    shadow.record([NewShadowAnswer(number, "bbbb", "accept", "other", 0.5)])
    shadow.record([])
    assert shadow.comparison("aaaa", "bbbb").agreement == 1.0


def test_the_database_counts_as_the_definition_says(book, shadow, new):
    chance = random.Random(5)
    names = [None, "a", "a/b", "a_b", "a%", "A", "a/b/c"]

    def said():
        kind = chance.choice(["accept", "ask", "unknown"])
        return kind, chance.choice(names[1:] if kind == "accept" else names)

    rows = []
    for _ in range(120):
        verdict = chance.choice([None, "skipped", "unknown", "corrected"])
        rows.append((*said(), *said(), verdict, chance.choice(names[1:]) if verdict == "corrected" else None))
    _record(book, shadow, new, rows)

    def right(kind, category, verdict, truth):
        if verdict == "unknown":
            return kind == "unknown"
        return kind == "accept" and (truth == category or truth.startswith(category + "/"))

    judged = [row for row in rows if row[4] in ("unknown", "corrected")]
    pairs = [(right(*row[:2], *row[4:]), right(*row[2:4], *row[4:])) for row in judged]
    found = shadow.comparison("aaaa", "bbbb")
    assert (found.n, found.both_judged) == (120, len(judged))
    assert found.agreement == pytest.approx(sum(row[:2] == row[2:4] for row in rows) / 120)
    assert (found.active_right, found.candidate_right) == tuple(map(sum, zip(*pairs, strict=True)))
    assert found.only_active_right == pairs.count((True, False))
    assert found.only_candidate_right == pairs.count((False, True))
