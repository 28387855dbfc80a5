from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("matplotlib")

from shelfwise.datasets.scenes.cutouts import CutOuts
from shelfwise.datasets.scenes.scene import compose_scene
from shelfwise.datasets.scenes.truth import KINDS, Kind, Scene
from shelfwise.datasets.scenes.wares import Wares

SIZES = (320, 420)


@pytest.fixture(scope="module")
def wares(cuts: CutOuts) -> Wares:
    return Wares([cuts])


@pytest.fixture(scope="module")
def shelves(wares: Wares) -> list[Scene]:
    return [compose_scene(wares, "shelf", 5, number, (400, 480), (3, 6)) for number in range(5)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_is_a_picture_with_boxes_inside(wares: Wares, kind: Kind) -> None:
    for number in range(3):
        scene = compose_scene(wares, kind, 3, number, SIZES)
        height, width = scene.picture.shape[:2]
        assert scene.kind == kind
        assert scene.picture.dtype == np.uint8
        assert SIZES[0] - 1 <= max(height, width) <= SIZES[1]
        for placed in scene.products:
            left, top, right, bottom = placed.box
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
            assert min(right - left, bottom - top) >= 6
        assert (kind == "empty") == (not scene.products) or kind == "table"


def test_the_same_seed_gives_the_same_scene(wares: Wares) -> None:
    one, same, other = (compose_scene(wares, "shelf", 4, number, SIZES) for number in (1, 1, 2))
    assert np.array_equal(one.picture, same.picture)
    assert one.facts() == same.facts()
    assert one.facts() != other.facts()


def test_a_scene_needs_no_cut_outs() -> None:
    scene = compose_scene(Wares([], "held-out", (10, 20)), "collage", 1, 1, SIZES)
    assert scene.products
    assert {placed.product for placed in scene.products} <= {f"painted-{seed}" for seed in range(10, 20)}


def test_shelves_are_dense(shelves: list[Scene]) -> None:
    assert np.median([len(scene.products) for scene in shelves]) > 25


def test_rows_go_down_and_positions_to_the_right(shelves: list[Scene]) -> None:
    for scene in shelves:
        facings = [p for p in scene.products if p.row is not None]
        assert facings
        for one, other in pairwise(facings):
            assert one.row is not None and other.row is not None
            assert one.position is not None and other.position is not None
            assert (one.row, one.position) <= (other.row, other.position)
            if one.row == other.row and other.position > one.position:
                assert one.box[0] + one.box[2] < other.box[0] + other.box[2] + 20
        positions = {row: {p.position for p in facings if p.row == row} for row in {p.row for p in facings}}
        assert all(seen == set(range(len(seen))) for seen in positions.values())
        middles = [
            np.mean([p.box[1] + p.box[3] for p in facings if p.row == row]) for row in sorted(positions)
        ]  # type: ignore[type-var]
        assert middles == sorted(middles)


def test_products_stand_in_runs(shelves: list[Scene]) -> None:
    same = [
        one.product == other.product
        for scene in shelves
        for one, other in pairwise(p for p in scene.products if p.row is not None)
    ]
    assert np.mean(same) > 0.4


def test_gaps_are_empty_and_as_wide_as_facings(wares: Wares) -> None:
    gaps = 0
    for number in range(8):
        scene = compose_scene(wares, "shelf", 8, number, (320, 400), (3, 5))
        for gap in scene.gaps:
            gaps += 1
            middle = (gap.box[0] + gap.box[2]) / 2, (gap.box[1] + gap.box[3]) / 2
            inside = [
                p
                for p in scene.products
                if p.row == gap.row and p.box[0] < middle[0] < p.box[2] and p.box[1] < middle[1] < p.box[3]
            ]
            assert inside == []
            assert gap.facings >= 1
    assert gaps > 3
