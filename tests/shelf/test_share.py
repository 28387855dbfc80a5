import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.facings import Facing, Guess, Named, find_runs
from shelfwise.shelf.share import board_length, count_facings, share_by_category
from tests.shelf.scenes import accept, line_up


def test_facings_are_counted_by_product_and_category():
    facings = line_up("aaab", "b?")
    tally = count_facings(facings, find_runs(facings))
    assert tally.products == {"a": 3, "b": 2}
    assert list(tally.products) == ["a", "b"]
    assert tally.categories == {"category a": 3, "category b": 2}
    assert (tally.asked, tally.unknown, tally.total, tally.accepted) == (0, 1, 6, 5)


def test_a_doubtful_facing_counts_as_nothing_though_the_same_product_is_on_both_sides():
    doubtful = Named("ask", "b", None, 0.5, (Guess("a", None, 0.4),))
    names = [accept("a"), doubtful, accept("a"), doubtful]
    facings = tuple(Facing((i, 0, i + 1, 1), 1, name, 1, i + 1, 1) for i, name in enumerate(names))
    tally = count_facings(facings, find_runs(facings))
    assert (tally.products, tally.asked) == ({"a": 2}, 2)


def test_linear_share_goes_by_width_on_the_board():
    wide, slim = accept("wide", "x"), accept("slim", "y")
    facings = (
        Facing((0, 0, 60, 80), 1, wide, 1, 1, 1),
        Facing((60, 0, 80, 80), 1, slim, 1, 2, 1),
        Facing((60, -80, 80, 0), 1, slim, 1, 2, 2),
        Facing((80, 0, 100, 80), 1, Named("unknown"), 1, 3, 1),
    )
    shares = share_by_category(facings, find_runs(facings))
    assert [(s.category, s.facings) for s in shares] == [("x", 1), ("y", 2), (None, 1)]
    assert [s.linear for s in shares] == pytest.approx([0.6, 0.2, 0.2])
    assert board_length(facings) == 100
    assert [s.by_count for s in shares] == pytest.approx([0.25, 0.5, 0.25])


def test_an_empty_shelf_has_no_shares():
    assert share_by_category((), ()) == ()
    assert count_facings((), ()).total == 0


@given(words=st.lists(st.text("abc? ", min_size=1, max_size=10), max_size=4))
def test_counts_and_shares_add_up(words):
    facings = line_up(*words)
    runs = find_runs(facings)
    tally = count_facings(facings, runs)
    assert sum(tally.products.values()) == sum(tally.categories.values()) == tally.accepted
    assert tally.accepted + tally.asked + tally.unknown == len(facings)
    shares = share_by_category(facings, runs)
    if facings:
        assert sum(share.linear for share in shares) == pytest.approx(1)
        assert sum(share.by_count for share in shares) == pytest.approx(1)
    assert sum(share.facings for share in shares) == len(facings)
