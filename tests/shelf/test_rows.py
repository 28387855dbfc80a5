import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.shelf.facings import place_facings
from shelfwise.shelf.rows import Row, find_rows
from tests.shelf.scenes import Photo, Shelf, camera, stock_shelf, take_photo


def grid(*rows: tuple[float, list[float]], width: float = 40, tall: float = 80) -> np.ndarray:
    """Boxes by the y that a row stands at and the left edges in it."""
    return np.array([(x, base - tall, x + width, base) for base, lefts in rows for x in lefts], np.float32)


def members(rows: tuple[Row, ...]) -> list[tuple[int, ...]]:
    return [row.members for row in rows]


def seen(seed: int, *, noise=0.025, missed=0.08, false=0.03, margin=0.04) -> tuple[Shelf, Photo]:
    rng = np.random.default_rng(seed)
    shelf = stock_shelf(rng)
    view = camera(
        shelf,
        tilt=rng.uniform(-12, 12),
        aside=rng.uniform(-0.35, 0.35),
        above=rng.uniform(-0.2, 0.2),
        margin=margin,
    )
    return shelf, take_photo(rng, shelf, view, noise=noise, missed=missed, false=false)


def in_right_row(shelf: Shelf, photo: Photo, rows: tuple[Row, ...]) -> float:
    """Share of the true boxes whose row is their true one. Rows of false boxes alone do not count."""
    true = [shelf.items[i].row if i >= 0 else 0 for i in photo.items]
    shown = [row for row in rows if any(true[i] for i in row.members)]
    numbers = sorted(set(true) - {0})
    right = sum(
        number == true[i] for number, row in zip(numbers, shown, strict=False) for i in row.members if true[i]
    )
    return right / sum(number > 0 for number in true)


def test_rows_come_from_the_top_and_members_from_the_left():
    boxes = grid((300, [200, 0, 100]), (100, [50, 150]))
    rows = find_rows(boxes)
    assert members(rows) == [(3, 4), (1, 2, 0)]
    assert [row.positions for row in rows] == [(1, 2), (1, 2, 3)]
    assert [row.levels for row in rows] == [(1, 1), (1, 1, 1)]
    assert [round(row.base(60)) for row in rows] == [100, 300]
    assert [(row.left, row.right) for row in rows] == [(50, 190), (0, 240)]


def test_no_box_and_one_box():
    assert find_rows(np.zeros((0, 4), np.float32)) == ()
    (row,) = find_rows(grid((100, [10])))
    assert (row.members, row.positions, row.levels) == ((0,), (1,), (1,))
    assert row.base(30) == pytest.approx(100)
    assert row.slope == 0


def test_two_boxes_beside_one_another_are_one_row_and_above_one_another_two():
    assert len(find_rows(grid((100, [10, 80])))) == 1
    assert len(find_rows(grid((100, [10]), (220, [10])))) == 2


def test_lower_edges_count_where_heights_differ():
    boxes = np.array([(0, 20, 40, 200), (50, 150, 90, 202), (100, 90, 140, 199), (150, 160, 190, 200)])
    assert members(find_rows(boxes)) == [(0, 1, 2, 3)]


def test_what_stands_on_another_is_in_its_row_and_place_one_level_up():
    boxes = np.concatenate([grid((400, [0, 50, 100, 150])), grid((318, [50, 100])), grid((100, [0, 50]))])
    upper, lower = find_rows(boxes)
    assert upper.members == (6, 7)
    assert lower.members == (0, 1, 4, 2, 5, 3)
    assert lower.positions == (1, 2, 2, 3, 3, 4)
    assert lower.levels == (1, 1, 2, 1, 2, 1)


def test_stacks_seen_from_above_hide_a_part_of_what_they_stand_on():
    boxes = np.concatenate([grid((400, [0, 50, 100])), grid((340, [0, 50, 100])), grid((280, [0, 50, 100]))])
    (row,) = find_rows(boxes)
    assert row.levels == (1, 2, 3) * 3


def test_a_row_right_below_another_is_no_stack():
    boxes = np.concatenate([grid((100, [0, 50, 100])), grid((200, [0, 50, 100]))])
    assert [len(row) for row in find_rows(boxes)] == [3, 3]


def test_a_stray_box_is_in_the_row_that_it_hangs_in():
    boxes = np.concatenate([grid((200, range(0, 500, 50))), grid((400, range(0, 500, 50)))])
    stray = np.array([(600, 130, 640, 330)], np.float32)
    rows = find_rows(np.concatenate([boxes, stray]))
    assert [len(row) for row in rows] == [10, 11]


def test_products_cut_off_below_are_a_row_of_their_own_on_a_tilted_photo():
    # The boards fall to the right; of the lower row the photo shows less and less.
    lefts = np.arange(0, 1000, 50)
    upper = np.array([(x, 100 + x / 5, x + 40, 200 + x / 5) for x in lefts], np.float32)
    lower = np.array([(x, 230 + x / 5, x + 40, 330 + x / 5) for x in lefts if x <= 650], np.float32)
    lower[:, 3] = np.minimum(lower[:, 3], 380)
    upper[:, 3] = np.minimum(upper[:, 3], 380)
    boxes = np.concatenate([upper, lower])
    first, second = find_rows(boxes, (1000, 380))
    assert set(first.members) == set(range(20))
    assert set(second.members) == set(range(20, 34))
    assert second.slope == pytest.approx(0.2, abs=0.02)


def test_rows_of_photos_that_cut_the_shelf_on_all_sides():
    shares = []
    for seed in range(20):
        shelf, photo = seen(seed, missed=0.05, false=0, margin=-0.15)
        shares.append(in_right_row(shelf, photo, find_rows(photo.boxes, photo.size)))
    assert np.mean(shares) >= 0.97


@pytest.mark.parametrize("degrees", [-12, -6, 6, 12])
def test_tilt_is_found_and_told(degrees):
    rng = np.random.default_rng(3)
    shelf = stock_shelf(rng, rows=4, width=1800)
    photo = take_photo(rng, shelf, camera(shelf, tilt=degrees))
    rows = find_rows(photo.boxes)
    assert len(rows) == 4
    for row in rows:
        assert (row.slope, row.lean) == pytest.approx((np.tan(np.radians(degrees)),) * 2, abs=0.02)


def test_boards_that_meet_in_a_point_are_told_apart():
    rng = np.random.default_rng(5)
    shelf = stock_shelf(rng, rows=6, width=2200)
    photo = take_photo(rng, shelf, camera(shelf, aside=0.4))
    rows = find_rows(photo.boxes)
    assert in_right_row(shelf, photo, rows) == 1
    assert all(abs(row.lean) < 0.03 for row in rows)
    assert rows[0].slope < -0.03 < 0.03 < rows[-1].slope or rows[0].slope > 0.03 > -0.03 > rows[-1].slope


def test_rows_of_random_shelves_are_right_in_nearly_all():
    shares = []
    for seed in range(40):
        shelf, photo = seen(seed)
        shares.append(in_right_row(shelf, photo, find_rows(photo.boxes, photo.size)))
    assert np.mean(np.array(shares) == 1) >= 0.95
    assert np.mean(shares) >= 0.99


BOX = st.tuples(st.integers(0, 900), st.integers(0, 900), st.integers(1, 300), st.integers(1, 300)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@given(boxes=st.lists(BOX, max_size=40), sized=st.booleans())
def test_every_box_is_in_one_row_and_has_a_place_of_its_own(boxes, sized):
    array = np.array(boxes, np.float32).reshape(-1, 4)
    rows = find_rows(array, (1200, 1000) if sized else None)
    assert sorted(i for row in rows for i in row.members) == list(range(len(boxes)))
    facings = place_facings(rows, array)
    assert len({(f.row, f.position, f.level) for f in facings}) == len(boxes)
    for row in rows:
        assert sorted(set(row.positions)) == list(range(1, len(set(row.positions)) + 1))
        assert list(zip(row.positions, row.levels, strict=True)) == sorted(
            zip(row.positions, row.levels, strict=True)
        )


@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.25, 3.0]))
def test_order_and_size_of_the_boxes_change_nothing(seed, scale):
    _, photo = seen(seed % 50)
    order = np.random.default_rng(seed).permutation(len(photo.boxes))
    before = find_rows(photo.boxes)
    after = find_rows(photo.boxes[order] * np.float32(scale))
    assert [{int(order[i]) for i in row.members} for row in after] == [set(row.members) for row in before]


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), [[0, 0, 0, 5]], [[0, 0, np.nan, 5]], [[5, 0, 1, 5]]])
def test_what_are_no_boxes_is_refused(wrong):
    with pytest.raises(ValueError, match=r"shape|area"):
        find_rows(np.array(wrong))


def board(count: int, width: float, height: float, foot: float) -> list[tuple[float, float, float, float]]:
    """Products of one size side by side."""
    return [(place * width, foot - height, (place + 0.95) * width, foot) for place in range(count)]


def test_a_few_large_packets_fill_a_board() -> None:
    boxes = [*board(10, 70, 90, 110), *board(10, 70, 180, 610), *board(3, 235, 170, 890)]
    assert [len(row) for row in find_rows(np.array(boxes, np.float32))] == [10, 10, 3]


def test_heads_that_reach_the_board_above_do_not_make_it_a_stack() -> None:
    boxes = [
        *board(7, 140, 70, 70),
        *board(12, 82, 110, 230),
        *board(15, 65, 118, 350),
        *board(10, 98, 119, 471),
    ]
    assert [len(row) for row in find_rows(np.array(boxes, np.float32))] == [7, 12, 15, 10]
