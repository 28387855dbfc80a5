"""Answers are kept as given, reviewed in order of doubt, and judged once."""

import contextlib
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # the benchmarks are no part of the installed package
    sys.path.append(str(ROOT))

from benchmarks.plans import planned
from shelfwise.answers.records import AnswerCandidate
from shelfwise.errors import ConflictError, EntryError, NotFoundError
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.ledger import Ledger
from shelfwise.inventory.records import Line


def test_an_answer_is_read_as_it_was_recorded(book, new):
    at = datetime(2026, 3, 1, 12, 30, 5, 123456, UTC)
    candidates = (AnswerCandidate("fruit/apple", 0.75, 1, "Gala"), AnswerCandidate("fruit/Birne, süß", 0.25))
    given = new("ask", 0.75, candidates=candidates, product_id=1, store_id=2, at=at)
    (number,) = book.record([given])
    answer = book.get(number)
    assert (answer.id, answer.photo, answer.model, answer.kind) == (number, given.photo, "aaaa", "ask")
    assert (answer.category, answer.confidence, answer.candidates) == ("fruit/apple", 0.75, candidates)
    assert (answer.product_id, answer.product, answer.store_id, answer.user) == (1, "Gala", 2, "Ada")
    assert (answer.at, answer.verdict, answer.judged_at) == (at, None, None)


def test_numbers_come_in_the_order_of_what_was_given(book, new):
    numbers = book.record([new(photo=i) for i in range(50)])
    assert [book.get(number).photo for number in numbers] == [f"{i:064x}" for i in range(50)]
    assert book.record([]) == ()


@pytest.mark.parametrize("confidence", [float("nan"), 1.5, -0.2])
def test_a_confidence_is_from_0_to_1(book, new, confidence):
    with pytest.raises(ValueError, match="0 to 1"):
        book.record([new(), new(confidence=confidence)])
    assert book.review_queue().items == ()


@pytest.mark.parametrize("number", [0, -1, 7, 2**70])
def test_an_answer_that_is_not_there(book, number):
    with pytest.raises(NotFoundError, match="no answer"):
        book.get(number)
    with pytest.raises(NotFoundError):
        book.judge(number, "skipped", user="Ada")


def _queue(book, limit=2, **filters):
    """All pages of the review, as the answers' numbers."""
    found, cursor = [], None
    while True:
        page = book.review_queue(cursor=cursor, limit=limit, **filters)
        assert len(page.items) <= limit
        found += [answer.id for answer in page.items]
        cursor = page.next
        if cursor is None:
            return found


def test_the_review_begins_with_what_is_most_doubtful(book, new):
    sure, less, kind, ask, asks, strange, same = book.record(
        [
            new("accept", 0.99, product_id=1),
            new("accept", 0.6, product_id=1),
            new("accept", 0.99),  # of the category alone: Scan asks which product it is
            new("ask", 0.5),
            new("ask", 0.2),
            new("unknown", 0.9, None),
            new("ask", 0.5),
        ]
    )
    assert _queue(book) == [strange, asks, ask, same, kind, less, sure]
    assert _queue(book, kinds=["ask"]) == [asks, ask, same]
    assert _queue(book, doubtful=True) == [strange, asks, ask, same, kind]
    assert (book.counts(), book.counts(doubtful=False)) == (5, 7)
    assert [each.id for each in book.some([sure, kind, ask]) if each.relied_on] == [sure]


def test_the_review_shows_the_stores_one_may_see(book, new):
    north, south, nowhere = book.record(
        [new("ask", 0.1, store_id=1), new("ask", 0.2, store_id=2), new("ask", 0.3)]
    )
    assert _queue(book) == [north, south, nowhere]
    assert _queue(book, store_ids=[2]) == [south]
    assert _queue(book, store_ids={1, 2}) == [north, south]
    assert _queue(book, store_ids=[]) == []
    assert (book.counts([1]), book.counts([]), book.counts()) == (1, 0, 3)


def test_what_is_judged_leaves_the_review_between_two_pages(book, new):
    numbers = book.record([new("ask", i / 10) for i in range(6)])
    page = book.review_queue(limit=2)
    book.judge(numbers[1], "confirmed", user="Bo")
    book.judge(numbers[3], "unknown", user="Bo")
    book.record([new("unknown", 0.1)])  # stands before what was seen already: shown next time
    rest = book.review_queue(limit=10, cursor=page.next)
    assert [answer.id for answer in rest.items] == [numbers[2], numbers[4], numbers[5]]
    assert rest.next is None


@pytest.mark.parametrize("cursor", ["x", "W10", "%%%", "é" * 9000])
def test_a_broken_cursor_is_told(book, cursor):
    with pytest.raises(EntryError) as caught:
        book.review_queue(cursor=cursor)
    assert caught.value.field == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 100_000])
def test_a_limit_out_of_range_is_told(book, limit):
    with pytest.raises(EntryError) as caught:
        book.review_queue(limit=limit)
    assert caught.value.field == "limit"


def test_confirming_takes_over_category_and_product(book, new):
    (number,) = book.record([new(product_id=1)])
    judged = book.judge(number, "confirmed", user="Bo")
    assert (judged.verdict, judged.right_category, judged.right_product_id) == ("confirmed", "fruit/apple", 1)
    assert (judged.right_product, judged.judged_by) == ("Gala", "Bo")
    assert abs(judged.judged_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert book.get(number) == judged


def test_correcting_by_category(book, new):
    (number,) = book.record([new()])
    judged = book.judge(number, "corrected", category=" fruit / Pêche ", user="Bo")
    assert (judged.right_category, judged.right_product_id) == ("fruit/Pêche", None)


def test_correcting_by_product_takes_its_category(book, new):
    first, second, third = book.record([new(), new(), new()])
    assert book.judge(first, "corrected", product_id=1, user="Bo").right_category == "fruit/apple"
    assert book.judge(second, "corrected", product_id=2, user="Bo").right_category is None
    judged = book.judge(third, "corrected", product_id=2, category="drinks/milk", user="Bo")
    assert (judged.right_product, judged.right_category) == ("Oat drink", "drinks/milk")


@pytest.mark.parametrize(
    ("verdict", "given", "field"),
    [
        ("wrong", {}, "verdict"),
        ("corrected", {}, "category"),
        ("corrected", {"category": " / "}, "category"),
        ("corrected", {"category": "../secret"}, "category"),
        ("corrected", {"category": "a/.hidden"}, "category"),
        ("corrected", {"category": "a\\b"}, "category"),
        ("corrected", {"category": "a/" * 9 + "a"}, "category"),
        ("corrected", {"category": "ä" * 150}, "category"),
        ("corrected", {"category": "Thumbs.db"}, "category"),
        ("corrected", {"category": "a\0b"}, "category"),
        ("corrected", {"product_id": 99}, "product_id"),
        ("corrected", {"product_id": 2**70}, "product_id"),
        ("unknown", {"category": "fruit"}, "category"),
        ("skipped", {"product_id": 1}, "product_id"),
        ("confirmed", {"category": "fruit/pear"}, "verdict"),
    ],
)
def test_a_verdict_that_cannot_be_names_its_field(book, new, verdict, given, field):
    (number,) = book.record([new()])
    with pytest.raises(EntryError) as caught:
        book.judge(number, verdict, user="Bo", **given)
    assert caught.value.field == field
    assert book.get(number).verdict is None


def test_nothing_can_be_confirmed_of_an_answer_that_says_nothing(book, new):
    (number,) = book.record([new("unknown", 0.1, None)])
    with pytest.raises(EntryError, match="say corrected or unknown"):
        book.judge(number, "confirmed", user="Bo")


def test_a_second_opinion_needs_to_be_wanted(book, new):
    (number,) = book.record([new()])
    first = book.judge(number, "confirmed", user="Bo")
    assert book.judge(number, "confirmed", user="Cy") == first
    with pytest.raises(ConflictError, match="judged before: Bo has said that it is fruit/apple"):
        book.judge(number, "corrected", category="fruit/pear", user="Cy")
    assert book.get(number) == first
    again = book.judge(number, "corrected", category="fruit/pear", user="Cy", again=True)
    assert (again.right_category, again.judged_by) == ("fruit/pear", "Cy")


def test_what_was_skipped_may_be_judged_later(book, new):
    (number,) = book.record([new()])
    assert book.judge(number, "skipped", user="Bo").verdict == "skipped"
    assert book.review_queue().items == ()
    assert book.judge(number, "unknown", user="Cy").judged_by == "Cy"


def test_a_photo_waits_once_in_a_store_whatever_it_was_asked_for(book, new):
    first, other_store, nowhere = book.record([new("ask", photo=1, store_id=store) for store in (1, 2, None)])
    second, third = book.record(
        [new("ask", photo=1, store_id=1), new("unknown", 0.1, None, photo=1, store_id=1)]
    )
    assert set(_queue(book)) == {third, other_store, nowhere}
    assert (book.counts([1]), book.counts()) == (1, 3)
    (again,) = book.record([new("ask", photo=1)])
    assert set(_queue(book)) == {third, other_store, again}
    assert book.get(first).verdict is None  # asked about no more, and nobody has said anything of it
    book.judge(third, "skipped", user="Bo")
    assert _queue(book, store_ids=[1]) == []
    (later,) = book.record([new("ask", photo=1, store_id=1)])
    assert _queue(book, store_ids=[1]) == [later]
    assert book.get(second).verdict == "skipped"


def test_a_verdict_holds_for_the_other_answers_to_the_photo_by_what_each_had_said(book, new):
    apple, gala, elsewhere, pear = book.record(
        [
            new("ask", photo=1, store_id=1),
            new("accept", photo=1, store_id=1, product_id=1),
            new("ask", photo=1, store_id=2),
            new("ask", category="fruit/pear", photo=1, store_id=1),
        ]
    )
    said = book.judge(pear, "corrected", product_id=1, user="Bo")
    for number, verdict in ((apple, "corrected"), (gala, "confirmed"), (pear, "corrected")):
        answer = book.get(number)
        assert (answer.verdict, answer.right_category, answer.right_product) == (
            verdict,
            "fruit/apple",
            "Gala",
        )
        assert (answer.judged_by, answer.judged_at) == ("Bo", said.judged_at)
    assert book.get(elsewhere).verdict is None
    assert _queue(book) == [elsewhere]
    # A change of mind holds for all that the verdict was about, and not for what was judged by itself.
    (later,) = book.record([new("ask", photo=1, store_id=1)])
    book.judge(later, "confirmed", user="Cy")
    book.judge(apple, "unknown", user="Di", again=True)
    assert [book.get(number).verdict for number in (apple, gala, pear, later)] == ["unknown"] * 3 + [
        "confirmed"
    ]


def test_an_older_answer_that_is_judged_settles_the_newer(book, new):
    older, newer = book.record([new("ask", photo=1, store_id=1) for _ in range(2)])
    book.judge(older, "confirmed", user="Bo")  # on a page that was opened before
    assert _queue(book) == []
    assert book.get(newer).verdict == "confirmed"


def test_of_many_who_judge_and_ask_about_one_photo_one_wins(book, new):
    numbers = book.record([new("ask", photo=1, store_id=1) for _ in range(8)])
    said = []

    def work(number):
        book.record([new("ask", photo=1, store_id=1), new("ask", photo=2, store_id=1)])
        with contextlib.suppress(ConflictError):
            said.append(book.judge(number, "corrected", category=f"c{number}", user=str(number)))

    threads = [threading.Thread(target=work, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (one,) = said
    assert {book.get(number).right_category for number in numbers} == {one.right_category}


def test_the_review_is_read_by_its_indexes_and_a_photo_by_its_own(stocked, book, new):
    book.record([new("ask", photo=photo, store_id=1) for photo in range(300)])
    book.record([new("ask", photo=1, store_id=1) for _ in range(50)])
    wanted = {
        "ix_answers_store_review": lambda: (book.review_queue([1]), book.counts([1])),
        "ix_answers_review": lambda: book.review_queue(),
        "ix_answers_open_photo": lambda: book.record([new("ask", photo=1, store_id=1)]),
        "ix_answers_behind": lambda: book.judge(1, "skipped", user="Bo"),
    }
    for index, call in wanted.items():
        # PostgreSQL chooses among all that hold the open ones alone, by how many there are.
        known = (index, "PRIMARY KEY") if stocked.dialect == "sqlite" else ("ix_answers", "answers_pkey")
        for each in planned(stocked, call, seqscan=False):
            assert any(name in line for name in known for line in each.plan), each


def test_of_many_who_judge_at_once_one_wins(book, new):
    (number,) = book.record([new()])
    outcomes = []

    def say(category):
        try:
            outcomes.append(book.judge(number, "corrected", category=category, user=category).right_category)
        except ConflictError:
            outcomes.append(None)

    threads = [threading.Thread(target=say, args=(f"c{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [each for each in outcomes if each]
    assert len(outcomes) == 8
    assert book.get(number).right_category == winner


def test_verdicts_are_read_in_their_order_however_many(book, new, monkeypatch):
    monkeypatch.setattr("shelfwise.answers.book._AT_ONCE", 3)
    numbers = book.record([new(photo=i) for i in range(10)])
    for number in reversed(numbers):
        book.judge(number, "confirmed", user="Bo")
    judged = list(book.judged())
    assert [answer.id for answer in judged] == list(reversed(numbers))
    later = [answer.id for answer in book.judged(since=judged[4].judged_at)]
    assert later == [answer.id for answer in judged[4:]]
    assert replace(judged[0], id=0) != judged[0]


@pytest.fixture
def booked(stocked, new):
    """Books what is told by photo 1 and model ``aaaa``, in a store by its number."""
    roots = {store.id: store.root_id for store in Catalogue(stocked).stores()}

    def made(store=1, user="Ada", **more):
        line = Line("received", 1, roots[store], Decimal(1), photo=f"{1:064x}", model="aaaa", **more)
        return Ledger(stocked).book([line], user=user).movements[0].id

    return made


def test_the_answer_behind_a_movement_is_the_last_one_before_it(book, new, booked):
    book.record([new(photo=1, store_id=1)])
    second, *_ = book.record(
        [
            new(photo=1, store_id=1),
            new(photo=1, store_id=1, model="bbbb"),
            new(photo=2, store_id=1),
            new(photo=1, store_id=1, at=datetime.now(UTC) - timedelta(days=1)),
        ]
    )
    movement = booked()
    book.record([new(photo=1, store_id=1)])  # scanned again, later
    again = booked()
    assert book.behind([movement])[movement].id == second
    assert book.behind([again])[again].id > second
    assert book.behind([]) == book.behind([999]) == {}


def test_no_answer_of_another_store_or_person_is_behind_a_movement(book, new, booked):
    before = booked()
    south, nowhere, anothers = book.record(
        [new(photo=1, store_id=2), new(photo=1, user="Bo"), new(photo=1, user="Cy")]
    )
    north = [booked(), booked(user="Cy")]
    behind = book.behind([before, *north])
    assert {number: answer.id for number, answer in behind.items()} == {north[1]: anothers}
    assert book.behind([other := booked(store=2)])[other].id == south
    assert nowhere not in {answer.id for answer in behind.values()}


def test_what_undoes_a_movement_has_the_same_answer_behind_it(stocked, book, new, booked):
    (number,) = book.record([new(photo=1, user="Ada")])
    movement = booked()
    book.record([new(photo=1, user="Bo", store_id=1)])
    undoing = Ledger(stocked).undo(movement, user="Bo").movements[0].id
    behind = book.behind([movement, undoing])
    assert {key: answer.id for key, answer in behind.items()} == {movement: number, undoing: number}


def test_an_index_leads_to_the_answer_behind_a_movement_however_many_there_are(stocked, book, new, booked):
    book.record([new(photo=1, store_id=1) for _ in range(200)])
    movement = booked()
    book.record([new(photo=1, store_id=store) for store in (1, 2, None) for _ in range(200)])
    first, *rest = planned(stocked, lambda: book.behind([movement]), seqscan=False)
    assert len(rest) == 1  # the answers that were found, by their numbers
    looked = [line for line in first.plan if "ix_answers_behind" in line]
    assert len(looked) == 2
    if stocked.dialect == "sqlite":
        assert all("photo=? AND model=? AND store_id=? AND at<?" in line for line in looked)
        assert not any("TEMP B-TREE" in line for line in first.plan)
