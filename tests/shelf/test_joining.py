from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shelfwise.errors import ShelfError
from shelfwise.shelf.facings import Named
from shelfwise.shelf.joining import Joined, Part, join
from shelfwise.shelf.transform import apply
from tests.shelf.scenes import Photo, Shelf, accept, camera, embed, stock_shelf, take_photo

SIZE = (1200, 1200)


def photos(
    seed: int, *, overlap=0.35, parts=2, missed=0.03, products=12, longest=6, turn=5.0
) -> tuple[Shelf, list[Photo]]:
    """A random shelf, photographed from left to right; each photo shares that much of its width with the next."""
    rng = np.random.default_rng(seed)
    shelf = stock_shelf(rng, rows=3, width=900.0 * parts, products=products, longest=longest)
    width = 1 / (parts - (parts - 1) * overlap)
    taken = []
    for number in range(parts):
        start = number * width * (1 - overlap)
        view = camera(
            shelf,
            tilt=rng.uniform(-turn, turn),
            aside=rng.uniform(-0.1, 0.1),
            part=(start, start + width),
            size=SIZE,
            margin=0.02,
        )
        taken.append(take_photo(rng, shelf, view, missed=missed, size=SIZE))
    return shelf, taken


def part_of(photo: Photo, **others) -> Part:
    return Part(photo.boxes, photo.embeddings, photo.size, **others)


def truth(taken: list[Photo]) -> set[int]:
    return {int(item) for photo in taken for item in photo.items}


def items_of(joined: Joined, taken: list[Photo]) -> list[int]:
    return [int(taken[photo].items[number]) for photo, number in joined.sources]


@pytest.mark.parametrize("overlap", [0.2, 0.35, 0.5])
def test_products_on_both_photos_count_once(overlap):
    errors = []
    for seed in range(4):
        _, taken = photos(seed, overlap=overlap)
        try:
            joined = join([part_of(photo) for photo in taken])
        except ShelfError as error:
            # Where the overlap shows little more than a run of equal products, nobody can tell.
            assert "more than one" in str(error)
            continue
        errors.append(abs(len(joined.boxes) / len(truth(taken)) - 1))
        assert len(joined.boxes) + joined.twice == sum(len(photo.boxes) for photo in taken)
    assert len(errors) >= 3
    assert max(errors) <= 0.05
    assert np.mean(errors) <= 0.02


def test_boxes_lie_where_their_products_are_in_one_picture():
    _, taken = photos(1)
    joined = join([part_of(photo) for photo in taken])
    width, height = joined.size
    assert (joined.boxes >= 0).all()
    assert (joined.boxes[:, 2] <= width).all()
    assert (joined.boxes[:, 3] <= height).all()
    middles = (joined.boxes[:, :2] + joined.boxes[:, 2:]) / 2
    for (photo, number), middle in zip(joined.sources, middles, strict=True):
        box = taken[photo].boxes[number].astype(float)
        there = apply(joined.matrices[photo], ((box[:2] + box[2:]) / 2)[None])[0]
        assert np.abs(there - middle).max() < 0.1 * min(box[2] - box[0], box[3] - box[1])


def test_three_photos_are_joined_one_after_the_other():
    _, taken = photos(4, parts=3)
    joined = join([part_of(photo) for photo in taken])
    assert abs(len(joined.boxes) / len(truth(taken)) - 1) <= 0.03
    assert len(joined.matrices) == 3
    assert joined.size[0] > 1.8 * SIZE[0]


def test_a_photo_alone_is_itself():
    _, taken = photos(2)
    joined = join([part_of(taken[0])])
    assert np.array_equal(joined.boxes, taken[0].boxes)
    assert joined.size == SIZE
    assert joined.twice == 0


@settings(max_examples=8)
@given(seed=st.integers(0, 500))
def test_a_photo_joined_with_itself_counts_once(seed):
    _, (photo, _) = photos(seed % 20)
    joined = join([part_of(photo), part_of(photo)])
    assert len(joined.boxes) == joined.twice == len(photo.boxes)
    assert joined.size[0] == pytest.approx(SIZE[0], abs=3)


def test_the_whole_box_and_the_surer_name_are_kept():
    _, taken = photos(3, missed=0, turn=0)
    left, right = taken
    names = [Named("ask", "x", None, 0.4)] * len(left.boxes), [accept("y")] * len(right.boxes)
    joined = join([part_of(photo, named=name) for photo, name in zip(taken, names, strict=True)])
    both = set(left.items.tolist()) & set(right.items.tolist())
    for item, (photo, number), named in zip(
        items_of(joined, taken), joined.sources, joined.named, strict=True
    ):
        if item in both:
            assert named.product == "y"
            mine = taken[photo].boxes[number]
            (other,) = np.flatnonzero(taken[1 - photo].items == item)
            theirs = taken[1 - photo].boxes[other]
            # None that the edge cuts off is kept where the other photo has it whole.
            cut = [box[0] < 2 or box[2] > SIZE[0] - 2 for box in (mine, theirs)]
            assert not (cut[0] and not cut[1] and theirs[0] > 20 and theirs[2] < SIZE[0] - 20)


def test_photos_that_share_nothing_are_refused():
    _, (first, _) = photos(5)
    _, (second, _) = photos(6)
    rng = np.random.default_rng(0)
    other = replace(second, embeddings=embed(rng, [f"other {i % 9}" for i in range(len(second.boxes))]))
    with pytest.raises(ShelfError, match=r"photo 2 cannot be joined .* no part of the shelf"):
        join([part_of(first), part_of(other)])
    named = [
        replace(part_of(photo), name=name) for photo, name in ((first, "monday.jpg"), (other, "left.jpg"))
    ]
    with pytest.raises(ShelfError, match=r"^left\.jpg cannot be joined to monday\.jpg: no part"):
        join(named)


def test_a_shelf_of_equal_products_cannot_be_joined():
    rng = np.random.default_rng(1)
    boxes = np.array(
        [(x, y, x + 90, y + 150) for y in (50, 250, 450) for x in range(20, 1100, 100)], np.float32
    )
    same = [Part(boxes, embed(rng, ["a"] * len(boxes)), SIZE) for _ in range(2)]
    shifted = replace(same[1], boxes=boxes + np.array([40, 0, 40, 0], np.float32))
    with pytest.raises(ShelfError, match="more than one"):
        join([same[0], shifted])


def test_too_few_products_and_no_photo_are_refused():
    _, (first, second) = photos(7)
    few = Part(second.boxes[:2], second.embeddings[:2], second.size)
    with pytest.raises(ShelfError, match="fewer than 4 products"):
        join([part_of(first), few])
    with pytest.raises(ShelfError, match="no photo to join"):
        join([])


def test_parts_that_do_not_fit_together_are_refused():
    boxes = np.array([[0, 0, 10, 10]], np.float32)
    with pytest.raises(ValueError, match="do not go with embeddings"):
        Part(boxes, np.ones((2, 4), np.float32), SIZE)
    with pytest.raises(ValueError, match="scores and names"):
        Part(boxes, np.ones((1, 4), np.float32), SIZE, scores=np.ones(3, np.float32))
