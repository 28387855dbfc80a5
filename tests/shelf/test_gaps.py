from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.facings import Facing, Named, place_facings
from shelfwise.shelf.gaps import Gap, find_gaps
from shelfwise.shelf.planogram import Entry, Planogram, compare, draft
from shelfwise.shelf.rows import find_rows
from tests.shelf.scenes import accept, apply, camera, line_up, stock_shelf, take_photo


def gaps_of(facings: tuple[Facing, ...], plan: Planogram | None = None, size=None) -> tuple[Gap, ...]:
    """Gaps of facings, whose boxes alone are used, and their names."""
    boxes = np.array([facing.box for facing in facings], np.float32).reshape(-1, 4)
    rows = find_rows(boxes)
    placed = place_facings(rows, boxes, [facing.named for facing in facings])
    comparison = compare(plan, placed) if plan else None
    return find_gaps(rows, placed, comparison=comparison, size=size)


def shown(gaps: tuple[Gap, ...]) -> list[tuple[int, int, int, list[str | None]]]:
    return [(gap.row, gap.position, gap.facings, [guess.product for guess in gap.guesses]) for gap in gaps]


def test_no_gap_where_products_stand_side_by_side():
    assert gaps_of(line_up("aabbcc", "ddeeff")) == ()
    assert gaps_of(()) == ()


def test_between_equal_products_that_product_is_missing():
    (gap,) = gaps_of(line_up("aa aabb", "ccccccc"))
    assert shown((gap,)) == [(1, 3, 1, ["a"])]
    assert gap.box == pytest.approx((100, 0, 150, 80))
    assert not gap.planned
    assert gap.likeliest.confidence > 0.5


def test_as_many_fit_as_there_is_room_for():
    assert shown(gaps_of(line_up("aa   aabb", "ccccccccc"))) == [(1, 3, 3, ["a"])]


def test_between_different_products_the_one_that_fits_better_comes_first():
    wide, slim = accept("wide"), accept("slim")
    boxes = [(0, 100, wide), (100, 200, wide), (260, 320, slim), (320, 380, slim)]
    facings = tuple(Facing((a, 0, b, 80), 0.9, n, 1, i, 1) for i, (a, b, n) in enumerate(boxes, 1))
    (gap,) = gaps_of(facings)
    assert [guess.product for guess in gap.guesses] == ["slim", "wide"]
    assert gap.guesses[0].confidence > gap.guesses[1].confidence


def test_a_gap_narrower_than_a_facing_is_none():
    near = tuple(
        Facing((x, 0, x + 50, 80), 0.9, accept("a"), 1, i, 1) for i, x in enumerate((0, 50, 135, 185), 1)
    )
    assert gaps_of(near) == ()
    assert (
        len(gaps_of((*near[:2], *(replace(f, box=(f.box[0] + 15, 0, f.box[2] + 15, 80)) for f in near[2:]))))
        == 1
    )


def test_a_row_that_ends_before_the_others_has_a_gap_at_its_end():
    found = gaps_of(line_up("aaaaaa", "bbbb", "cccccc"))
    assert shown(found) == [(2, 5, 2, ["b"])]
    found = gaps_of(line_up("aaaaaa", "  bbbb", "cccccc"))
    assert shown(found) == [(2, 1, 2, ["b"])]
    assert gaps_of(line_up("aaaaaa", "bbbb", "cccc")) == ()
    assert shown(gaps_of(line_up("aaaaaa", "bbbb"))) == [(2, 5, 2, ["b"])]


def test_there_is_no_gap_beyond_the_photo():
    assert gaps_of(line_up("aaaaaa", "bbbb", "cccccc"), size=(220, 400)) == ()


def test_unknown_neighbours_tell_nothing():
    (gap,) = gaps_of(line_up("a? ?a", "ccccc"))
    assert gap.guesses == ()
    assert gap.likeliest is None
    assert gap.facings == 1


def test_the_planogram_tells_what_is_missing():
    plan = Planogram(((Entry("a", 2), Entry("x", 1), Entry("b", 2)), (Entry("c", 5),)))
    (gap,) = gaps_of(line_up("aa bb", "ccccc"), plan)
    assert shown((gap,)) == [(1, 3, 1, ["x"])]
    assert gap.planned
    plan = Planogram(((Entry("a", 2), Entry("b", 3)), (Entry("c", 5),)))
    assert shown(gaps_of(line_up("aa bb", "ccccc"), plan)) == [(1, 3, 1, ["b"])]
    plan = Planogram(((Entry("a", 2), Entry("b", 2)), (Entry("c", 5),)))
    (gap,) = gaps_of(line_up("aa bb", "ccccc"), plan)
    assert not gap.planned
    assert [guess.product for guess in gap.guesses] == ["a", "b"]


def test_gaps_of_random_shelves_are_found_and_named_by_the_planogram():
    found = wrong = named = true = 0
    for seed in range(15):
        rng = np.random.default_rng(seed)
        full = stock_shelf(rng, gaps=0)
        view = camera(full, tilt=rng.uniform(-8, 8), aside=rng.uniform(-0.25, 0.25))
        # One facing that has neighbours on both sides is taken away in each row.
        gone = {
            (row, int(rng.integers(2, max(i.position for i in full.items if i.row == row))))
            for row in {item.row for item in full.items}
        }
        left = replace(full, items=tuple(i for i in full.items if (i.row, i.position) not in gone))
        photo = take_photo(rng, left, view)
        rows = find_rows(photo.boxes, photo.size)
        facings = place_facings(rows, photo.boxes, [accept(left.items[i].product) for i in photo.items])
        whole = take_photo(rng, full, view)
        plan = draft(
            place_facings(
                find_rows(whole.boxes), whole.boxes, [accept(full.items[i].product) for i in whole.items]
            )
        )
        gaps = find_gaps(rows, facings, comparison=compare(plan, facings), size=photo.size)
        inner = [gap for gap in gaps if 1 < gap.position <= max(rows[gap.row - 1].positions)]
        for row, position in gone:
            item = next(i for i in full.items if (i.row, i.position, i.level) == (row, position, 1))
            x = apply(view, np.array([[(item.left + item.right) / 2, item.bottom]]))[0, 0]
            hits = [gap for gap in inner if gap.row == row and gap.box[0] <= x <= gap.box[2]]
            true += 1
            found += bool(hits)
            named += (
                bool(hits) and hits[0].likeliest is not None and hits[0].likeliest.product == item.product
            )
        wrong += len(inner) - len(gone)
    assert found / true >= 0.9
    assert named / found >= 0.9
    assert wrong <= 0.05 * true


@pytest.mark.parametrize("tilt", [0.0, 5.0])
def test_seen_from_the_side_products_keep_their_widths(tilt):
    false = missed = more = true = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        full = stock_shelf(rng, gaps=0)
        view = camera(full, tilt=tilt, aside=0.45 if seed % 2 else -0.45)
        gone = {
            row: max(i.position for i in full.items if i.row == row) // 2 for row in (1, full.items[-1].row)
        }
        kept = replace(full, items=tuple(i for i in full.items if gone.get(i.row) != i.position))
        for shelf in (full, kept):
            photo = take_photo(rng, shelf, view)
            rows = find_rows(photo.boxes, photo.size)
            named = [accept(shelf.items[i].product) for i in photo.items]
            facings = place_facings(rows, photo.boxes, named)
            gaps = find_gaps(rows, facings, size=photo.size)
            inner = [gap for gap in gaps if 1 < gap.position <= max(rows[gap.row - 1].positions)]
            false += max(len(inner) - (0 if shelf is full else len(gone)), 0)
            if shelf is kept:
                true += len(gone)
                missed += max(len(gone) - len(inner), 0)
                more += sum(gap.facings > 1 for gap in inner)
    assert false == 0
    assert missed <= 0.3 * true
    assert more <= 0.1 * true


@given(words=st.lists(st.text("ab? ", min_size=1, max_size=12), max_size=4))
def test_gaps_lie_between_products_of_their_row(words):
    facings = line_up(*words)
    for gap in gaps_of(facings):
        left, top, right, bottom = gap.box
        assert left < right
        assert top < bottom
        assert gap.facings >= 1
        assert all(guess.product in "ab" for guess in gap.guesses)
        for facing in facings:
            inside = min(right, facing.box[2]) - max(left, facing.box[0])
            same = abs(bottom - facing.box[3]) < 1
            assert not same or inside <= 1e-3


def test_names_count_that_are_sure():
    asked = Named("ask", "b", None, 0.5)
    boxes = [(0, accept("a")), (50, accept("a")), (150, asked), (200, asked)]
    facings = tuple(Facing((x, 0, x + 50, 80), 0.9, n, 1, i, 1) for i, (x, n) in enumerate(boxes, 1))
    (gap,) = gaps_of(facings)
    assert [guess.product for guess in gap.guesses] == ["a"]


def test_boxes_too_narrow_for_the_slope_that_they_stand_on_are_no_trouble():
    # Upright boxes 30 wide and 240 high: turned by a quarter, a product of any width would fill more.
    boxes = np.array([(1 + 32 * n, 100 + 8 * n, 31 + 32 * n, 340 + 8 * n) for n in range(12)], np.float32)
    rows = find_rows(boxes)
    assert [row.slope for row in rows] == [0.25]
    assert all(gap.facings <= 2 for gap in find_gaps(rows, place_facings(rows, boxes)))
