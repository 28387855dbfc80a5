"""Which neighbouring boxes of a kept shelf photo look the same."""

import numpy as np
import pytest

from shelfwise.answers.shelf_records import FoundBox, ShelfBox
from shelfwise.shelf.facings import NOBODY, Facing
from shelfwise.workflows.shop_shelf_alike import alike_groups, kept_embeddings, place_in_embeddings

WIDE = 8


def look(product: int, turn: float = 0.0) -> list[float]:
    """An embedding of a product; ``turn`` turns it towards another one that nothing else has."""
    made = [0.0] * WIDE
    made[product], made[WIDE - 1] = float(np.cos(turn)), float(np.sin(turn))
    return made


def box(key: str, score: float | None = 0.9) -> ShelfBox:
    said = FoundBox((0.0, 0.0, 1.0, 1.0), score)
    nothing = {
        name: None
        for name in ShelfBox.__dataclass_fields__
        if name not in ("key", "box", "score", "candidates", "moved", "removed")
    }
    return ShelfBox(key=key, box=said.box, score=score, candidates=(), moved=False, removed=False, **nothing)


def facing(position: int, row: int = 1, level: int = 1) -> Facing:
    return Facing((0.0, 0.0, 1.0, 1.0), 0.9, NOBODY, row, position, level)


def grouped(looks: list[list[float]], facings: list[Facing]) -> tuple[tuple[int, ...], ...]:
    boxes = [box(str(number)) for number in range(1, len(looks) + 1)]
    return alike_groups(facings, boxes, np.array(looks, np.float32))


def test_neighbours_that_look_the_same_are_one_group() -> None:
    looks = [look(0), look(0, 0.3), look(1), look(1), look(2), look(0)]
    assert grouped(looks, [facing(place) for place in range(1, 7)]) == ((0, 1), (2, 3))


def test_a_turned_box_parts_nothing_and_another_row_is_none_beside_it() -> None:
    looks = [look(0), look(0, 1.0), look(0), look(0), look(1), look(2)]
    facings = [facing(1), facing(2), facing(3), facing(1, row=2), facing(2, row=2), facing(3, row=2)]
    assert grouped(looks, facings) == ((0, 2),)


def test_what_stands_on_one_another_is_beside_it() -> None:
    looks = [look(0), look(0), look(1), look(1)]
    facings = [facing(2), facing(2, level=2), facing(1), facing(1, level=2)]
    assert grouped(looks, facings) == ((2, 3), (0, 1))


def test_where_all_products_are_near_one_another_more_is_asked() -> None:
    common = np.zeros((6, WIDE), np.float32)
    common[:, WIDE - 2] = 3.0
    looks = np.array([look(product) for product in (0, 0, 1, 2, 3, 4)], np.float32) + common
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    assert looks[1] @ looks[2] == pytest.approx(0.9)
    assert grouped(looks.tolist(), [facing(place) for place in range(1, 7)]) == ((0, 1),)


def test_boxes_of_people_and_those_on_which_nothing_was_seen_are_in_no_group() -> None:
    kept = np.array([look(0), look(0), [0.0] * WIDE, [0.0] * WIDE], np.float16) * 5
    boxes = [box("1"), box("2"), box("3"), box("4"), box("n1", None)]
    embeddings = kept_embeddings(kept.tobytes(), boxes)
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx([1, 1, 0, 0], abs=1e-3)
    assert [place_in_embeddings(each) for each in boxes] == [0, 1, 2, 3, None]
    facings = [facing(place) for place in (5, 4, 3, 2, 6)]
    assert alike_groups(facings, boxes, embeddings) == ((1, 0),)
    assert alike_groups([], [], kept_embeddings(b"", [])) == ()
