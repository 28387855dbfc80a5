import sys
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shelfwise.errors import ShelfError
from shelfwise.shelf.facings import Facing, Guess, Named
from shelfwise.shelf.planogram import Comparison, Entry, Place, Planogram, compare, draft, left_out
from tests.shelf.scenes import accept, line_up


def plan(*rows: str) -> Planogram:
    """A planogram from words: ``aab`` is two facings of a and one of b."""
    planned = []
    for word in rows:
        entries: list[Entry] = []
        for letter in word:
            if entries and entries[-1].product == letter:
                entries[-1] = Entry(letter, entries[-1].facings + 1)
            else:
                entries.append(Entry(letter, 1))
        planned.append(tuple(entries))
    return Planogram(tuple(planned))


def states(result: Comparison) -> list[str]:
    return [found.state for found in result.entries]


def kinds(result: Comparison) -> list[str]:
    return [fix.kind for fix in result.fixes]


def in_a_row(*named: Named) -> tuple[Facing, ...]:
    return tuple(
        Facing((50.0 * i, 0, 50.0 * i + 40, 80), 0.9, name, 1, i + 1, 1) for i, name in enumerate(named)
    )


def test_a_shelf_as_planned_needs_nothing():
    result = compare(plan("aab", "cd"), line_up("aab", "cd"))
    assert result.compliance == result.compliance_at_best == 100
    assert result.fixes == result.extras == ()
    assert result.rows == ((1, 1), (2, 2))
    assert states(result) == ["present"] * 4
    assert result.entries[0].members == (0, 1)


def test_what_is_missing_comes_before_what_is_short_and_extra():
    result = compare(plan("aaabbc"), line_up("abbxc"))
    assert states(result) == ["short", "present", "present"]
    assert kinds(result) == ["short", "extra"]
    result = compare(plan("aaabbc"), line_up("aaxc"))
    assert states(result) == ["short", "missing", "present"]
    assert kinds(result) == ["missing", "short", "extra"]
    assert result.fixes[0].text == ("Row 1, position 2: 'b' is missing. Put 2 facings between 'a' and 'c'.")
    assert result.fixes[1].text == "Row 1, position 1: 'a' has 2 of 3 facings. Add 1 more."
    assert result.fixes[2].text == (
        "Row 1, position 3 of the photo: 1 facing of 'x', which the planogram does not have there. Take away."
    )
    assert result.compliance == pytest.approx(100 * 3 / 6)


def test_what_stands_in_another_row_is_misplaced():
    result = compare(plan("aab", "ccd"), line_up("aa", "ccbd"))
    found = result.entries[1]
    assert (found.state, found.elsewhere, found.moved_from) == ("misplaced", 1, (Place(2, 3),))
    assert kinds(result) == ["misplaced"]
    assert result.fixes[0].text == (
        "Row 2, position 3 of the photo: 1 facing of 'b' in the wrong place. "
        "Move to row 1, position 2 of the planogram."
    )
    assert result.extras[0].wanted == Place(1, 2)
    assert result.compliance == pytest.approx(100 * 5 / 6)


def test_what_stands_in_another_place_of_its_row_is_misplaced():
    result = compare(plan("aabbc"), line_up("bbaac"))
    assert sorted(states(result)) == ["misplaced", "present", "present"]
    assert kinds(result) == ["misplaced"]


def test_more_than_planned_is_extra_and_what_lacks_is_moved_first():
    result = compare(plan("aab", "cb"), line_up("aab", "cbbb"))
    assert states(result) == ["present"] * 4
    assert kinds(result) == ["extra"]
    assert "2 facings of 'b' more than planned" in result.fixes[0].text
    result = compare(plan("aabb", "cb"), line_up("aab", "cbbb"))
    assert [(fix.kind, fix.facings) for fix in result.fixes] == [("misplaced", 1), ("extra", 1)]


def test_a_photo_of_some_rows_is_compared_with_those():
    result = compare(plan("aa", "bb", "cc", "dd"), line_up("bb", "cd"))
    assert result.rows == ((2, 1), (3, 2))
    assert result.unseen == (1, 4)
    assert result.planned == 4
    assert result.compliance == 75


def test_a_row_between_others_without_products_is_missing():
    result = compare(plan("aa", "bb", "cc"), line_up("aa", "cc"))
    assert result.unseen == ()
    assert states(result) == ["present", "missing", "present"]


def test_a_photo_may_show_more_rows():
    result = compare(plan("aa", "bb"), line_up("xx", "aa", "yy", "bb"))
    assert result.rows == ((1, 2), (2, 4))
    assert result.compliance == 100
    assert kinds(result) == ["extra", "extra"]


def test_nothing_on_the_photo_is_all_missing():
    result = compare(plan("aa", "b"), ())
    assert result.compliance == 0
    assert kinds(result) == ["missing", "missing"]


def test_unknown_and_asked_facings_may_be_what_is_planned_there():
    result = compare(plan("aabc"), line_up("a?bc"))
    assert states(result) == ["unsure", "present", "present"]
    assert (result.compliance, result.compliance_at_best) == (75, 100)
    assert kinds(result) == ["check"]
    asked = Named("ask", "x", None, 0.4, (Guess("b", None, 0.3),))
    result = compare(plan("abc"), in_a_row(accept("a"), asked, accept("c")))
    assert (result.entries[1].state, result.entries[1].unsure) == ("unsure", 1)


def test_what_is_short_and_not_sure_is_told_as_both():
    result = compare(plan("aaab"), line_up("a?b"))
    assert [fix.text for fix in result.fixes] == [
        "Row 1, position 1: 'a' has 2 of 3 facings, 1 of them perhaps. Add 1 more.",
        "Row 1, position 1: 'a': 1 facing there may be something else. Check.",
    ]
    asked = Named("ask", "x", None, 0.4)
    result = compare(plan("ab"), in_a_row(accept("a"), accept("b"), asked))
    assert result.extras == ()
    assert [(fix.kind, fix.text) for fix in result.fixes] == [
        (
            "unnamed",
            "Row 1, position 3 of the photo: 1 facing is not recognised for sure. Name it to compare.",
        )
    ]


def test_unnamed_neighbours_are_told_of_together_and_last():
    shelf = line_up("ab????x?", "?y")
    result = compare(plan("ab"), shelf)
    assert result.compliance == result.compliance_at_best == 100
    assert [extra.run.named.label for extra in result.extras] == ["x", "y"]
    assert [(each.row, each.first, each.last, len(each.members)) for each in result.unnamed] == [
        (1, 3, 6, 4),
        (1, 8, 8, 1),
        (2, 1, 1, 1),
    ]
    assert kinds(result) == ["extra", "extra", "unnamed", "unnamed", "unnamed"]
    fix = result.fixes[2]
    assert (fix.product, fix.facings, fix.place) == (None, 4, Place(1, 3))
    assert fix.text == (
        "Row 1, positions 3–6 of the photo: 4 facings are not recognised. Name them to compare."
    )


def test_what_nobody_knows_is_not_what_is_planned():
    settled = Named("unknown", settled=True)
    result = compare(plan("aab"), in_a_row(accept("a"), settled, accept("b")))
    assert (result.entries[0].state, result.unsure) == ("short", 0)
    assert [each.members for each in result.unnamed] == [(1,)]
    assert kinds(result) == ["short", "unnamed"]


def test_a_row_that_has_another_number_on_the_photo_is_named_with_both():
    result = compare(plan("aab", "cd", "ef"), line_up("xx", "ab", "fe"))
    assert result.rows == ((1, 2), (3, 3))
    assert [fix.text for fix in result.fixes[:3]] == [
        "Planned row 2, position 1: 'c' is missing. Put 1 facing left of 'd'.",
        "Planned row 2, position 2: 'd' is missing. Put 1 facing right of 'c'.",
        "Row 3, position 1 of the photo: 1 facing of 'f' in the wrong place. "
        "Move to row 3, position 2 of the planogram.",
    ]
    assert result.fixes[3].text == (
        "Planned row 1 (row 2 of the photo), position 1: 'a' has 1 of 2 facings. Add 1 more."
    )
    moved = compare(plan("aabb"), line_up("xx", "bbaa")).fixes[0]
    assert "Move to planned row 1 (row 2 of the photo), position " in moved.text


def test_an_asked_facing_goes_to_its_likeliest_place():
    asked = Named("ask", "c", None, 0.5, (Guess("b", None, 0.1),))
    result = compare(plan("abc"), in_a_row(accept("a"), asked))
    assert states(result) == ["present", "missing", "unsure"]


def test_a_planned_category_is_met_by_its_products_and_those_below():
    wanted = Planogram(((Entry(None, 2, "drinks"), Entry("a", 1, "snacks"), Entry("b", 1, "snacks")),))
    result = compare(
        wanted,
        in_a_row(
            accept("x", "drinks/juice"), accept("y", "Drinks"), accept("a"), Named("accept", None, "snacks")
        ),
    )
    assert states(result) == ["present", "present", "unsure"]
    assert states(compare(wanted, in_a_row(accept("x", "drinkstuff"))))[0] == "missing"


def of_category(name: str) -> Named:
    return Named("accept", None, name, 0.8)


def test_what_may_be_a_planned_product_that_is_lacking_is_named_before_it_is_taken_away():
    wanted = Planogram(((Entry("Cola", 2, "drinks/soda"), Entry("Chips", 1, "snacks")),))
    result = compare(wanted, in_a_row(accept("Chips"), *[of_category("drinks")] * 2))
    assert result.extras == ()
    assert [(each.members, each.category) for each in result.unnamed] == [((1, 2), "drinks")]
    assert kinds(result) == ["missing", "unnamed"]
    assert result.fixes[1].text == (
        "Row 1, positions 2–3 of the photo: 2 facings of 'drinks', but not known which product. "
        "Name them to compare."
    )
    # Any of the four may be the two that are planned.
    result = compare(wanted, in_a_row(*[of_category("drinks/soda/cans")] * 4, accept("Chips")))
    assert states(result) == ["unsure", "present"]
    assert (kinds(result), len(result.unnamed)) == (["check", "unnamed"], 1)
    beside = compare(wanted, in_a_row(accept("Chips"), of_category("drinks"), Named("unknown")))
    assert [(each.members, each.category) for each in beside.unnamed] == [((1, 2), None)]


@pytest.mark.parametrize(
    "seen",
    [
        (accept("Cola"), accept("Chips"), of_category("tea")),  # nothing of it is planned
        (accept("Cola"), accept("Chips"), of_category("drinks")),  # what is planned of it is there
    ],
)
def test_what_is_no_planned_product_for_sure_is_taken_away_whichever_it_is(seen):
    wanted = Planogram(((Entry("Cola", 1, "drinks"), Entry("Chips", 1, "snacks")),))
    result = compare(wanted, in_a_row(*seen))
    assert kinds(result) == ["extra"]
    assert result.unnamed == ()


def test_a_product_of_a_planned_row_that_is_not_seen_or_of_no_told_category_may_be_any():
    below = Planogram(((Entry("Chips", 1, "snacks"),), (Entry("Cola", 1, "drinks"),)))
    assert kinds(compare(below, in_a_row(accept("Chips"), of_category("drinks")))) == ["unnamed"]
    untold = Planogram(((Entry("Chips", 1, "snacks"), Entry("Cola", 1)),))
    result = compare(untold, in_a_row(of_category("drinks"), accept("Chips")))
    assert kinds(result) == ["missing", "unnamed"]


def test_a_product_that_stands_elsewhere_for_sure_is_not_looked_for_among_what_has_only_a_category():
    tea = Facing((0, 300, 40, 380), 0.9, accept("Tea"), 2, 1, 1)
    shelf = (*in_a_row(accept("Chips"), accept("Cola"), of_category("drinks")), tea)
    for planned, expected in ((1, ["misplaced", "extra"]), (2, ["misplaced", "short", "unnamed"])):
        rows = (
            (Entry("Chips", 1, "snacks"),),
            (Entry("Tea", 1, "tea"), Entry("Cola", planned, "drinks/soda")),
        )
        result = compare(Planogram(rows), shelf)
        assert kinds(result) == expected
        members = [extra.members for extra in result.extras], [group.members for group in result.unnamed]
        assert members == (([(1,), (2,)], []) if planned == 1 else ([(1,)], [(2,)]))
    # What may stand in its place is not sure, so it does not count.
    asked = Named("ask", "Cola", None, 0.4)
    wanted = Planogram(((Entry("Chips", 1, "snacks"), Entry("Cola", 1, "drinks")),))
    assert kinds(compare(wanted, in_a_row(accept("Chips"), asked, of_category("drinks")))) == [
        "check",
        "unnamed",
    ]


def test_a_product_that_the_planogram_knows_by_gtin_alone_may_be_of_any_category():
    wanted = Planogram(((Entry("Chips", 1, "snacks"), Entry(None, 1, gtin="4006381333931")),))
    assert kinds(compare(wanted, in_a_row(accept("Chips"), of_category("drinks")))) == ["missing", "unnamed"]


def test_a_category_that_lacks_elsewhere_is_moved_there():
    wanted = Planogram(
        ((Entry("Chips", 1, "snacks"),), (Entry(None, 1, "drinks"),), (Entry("Tea", 1, "tea"),))
    )
    shelf = (
        *in_a_row(accept("Chips"), of_category("drinks")),
        Facing((0, 300, 40, 380), 0.9, accept("Tea"), 2, 1, 1),
    )
    assert kinds(compare(wanted, shelf)) == ["misplaced"]


def test_a_gtin_goes_before_the_name():
    wanted = Planogram(((Entry("Milk", 1, gtin="4006381333931"),),))
    same = Named("accept", "Whole milk", None, 0.9, gtin="04006381333931")
    other = Named("accept", "Milk", None, 0.9, gtin="96385074")
    assert compare(wanted, in_a_row(same)).compliance == 100
    assert compare(wanted, in_a_row(other)).compliance == 0
    assert compare(wanted, in_a_row(accept(" MILK "))).compliance == 100


def test_a_draft_is_what_stands_there():
    shelf = line_up("aa?b", "?", "cc")
    drafted = draft(shelf, name="Shelf 3")
    assert drafted.name == "Shelf 3"
    assert [[(entry.product, entry.facings) for entry in row] for row in drafted.rows] == [
        [("a", 2), ("b", 1)],
        [("c", 2)],
    ]
    assert drafted.rows[0][0].category == "category a"
    assert left_out(shelf) == 2


def test_nothing_named_gives_no_draft():
    with pytest.raises(ShelfError, match="named for sure"):
        draft(line_up("??"))


WORDS = st.lists(st.text("abcd? ", min_size=1, max_size=12), min_size=1, max_size=5)


@given(words=WORDS)
def test_a_shelf_meets_its_own_draft(words):
    shelf = line_up(*words)
    assume(any(facing.named.label for facing in shelf))
    result = compare(draft(shelf), shelf)
    assert result.compliance == 100
    assert not result.unseen
    assert not result.extras
    assert sum(len(group.members) for group in result.unnamed) == left_out(shelf)


@given(planned=st.lists(st.text("abcd", min_size=1, max_size=8), min_size=1, max_size=4), words=WORDS)
def test_every_planned_and_every_seen_facing_is_told_of_once(planned, words):
    shelf = line_up(*words)
    wanted = plan(*planned)
    result = compare(wanted, shelf)
    parts = (*result.entries, *result.extras, *result.unnamed)
    told = [i for part in parts for i in part.members]
    assert sorted(told) == list(range(len(shelf)))
    assert sum(found.entry.facings for found in result.entries) == wanted.facings
    for found in result.entries:
        assert found.right + found.unsure == len(found.members)
        assert 0 <= found.elsewhere <= found.lacking
    assert 0 <= result.compliance <= result.compliance_at_best <= 100
    assert len({fix.text for fix in result.fixes}) == len(result.fixes)


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, those written in C too, while something is done."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def thousands(more: int) -> tuple[Planogram, list[Facing]]:
    """20 rows of 150 products, each short of one, and beside them facings of which only the category is known."""
    rows = [[f"product {row * 37 + place}" for place in range(150)] for row in range(20)]
    wanted = Planogram(tuple(tuple(Entry(name, 1, f"kind {name}") for name in row) for row in rows))
    shelf = []
    for row, products in enumerate(rows):
        names = [accept(name) for i, name in enumerate(products) if i != row]
        names += [of_category(f"other {row}/{i}") for i in range(more)]
        shelf += [
            Facing((50.0 * i, 100.0 * row, 50.0 * i + 40, 100.0 * row + 80), 0.9, name, row + 1, i + 1, 1)
            for i, name in enumerate(names)
        ]
    return wanted, shelf


def test_a_planogram_of_thousands_of_places_is_compared():
    result = compare(*thousands(100))
    assert result.rows == tuple((row, row) for row in range(1, 21))
    assert (result.planned, result.right) == (3000, 2980)
    assert [found.place for found in result.entries if found.state == "missing"] == [
        Place(row, row) for row in range(1, 21)
    ]
    assert (len(result.extras), result.unnamed) == (2000, ())


def test_what_has_only_a_category_is_not_judged_beside_each_planned_place():
    few, many = thousands(0), thousands(50)
    more = calls(lambda: compare(*many)) - calls(lambda: compare(*few))
    # 1000 facings beside 3000 places.
    assert more < 300 * 1000
