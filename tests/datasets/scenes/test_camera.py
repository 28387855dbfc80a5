import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("cv2")

from shelfwise.datasets.scenes.camera import aim, shoot
from shelfwise.datasets.scenes.canvas import Canvas, Hole

ANGLES = {
    "yaw": st.floats(-35, 35),
    "pitch": st.floats(-20, 20),
    "roll": st.floats(-8, 8),
    "bend": st.floats(-0.06, 0.1),
    "zoom": st.floats(1, 1.6),
    "shift": st.tuples(st.floats(0, 1), st.floats(0, 1)),
}


def opaque(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 4), 255, np.uint8)


def canvas_of(width: int = 200, height: int = 150) -> Canvas:
    return Canvas(np.zeros((height, width, 3), np.uint8))


@settings(max_examples=40)
@given(**ANGLES)
def test_a_covering_camera_never_sees_past_the_canvas(**angles: object) -> None:
    camera = aim((300, 220), (160, 120), **angles)  # type: ignore[arg-type]
    across, down = camera.maps()
    assert across.min() >= -2 and across.max() <= 302
    assert down.min() >= -2 and down.max() <= 222


@settings(max_examples=40)
@given(**ANGLES)
def test_points_go_where_the_maps_come_from(**angles: object) -> None:
    camera = aim((300, 220), (160, 120), **angles)  # type: ignore[arg-type]
    across, down = camera.maps()
    for x, y in ((0, 0), (159, 0), (80, 60), (30, 119)):
        there = camera.project(np.array([[across[y, x] + 0.5, down[y, x] + 0.5]]))
        assert there[0] == pytest.approx((x + 0.5, y + 0.5), abs=0.35)


def test_a_straight_camera_keeps_boxes() -> None:
    canvas = canvas_of()
    canvas.place(opaque(40, 60), 30, 20, "tea")
    scene = shoot(canvas, aim((200, 150), (200, 150)), "table")
    (placed,) = scene.products
    assert placed.box == pytest.approx((30, 20, 70, 80), abs=1)
    assert (placed.product, placed.row, placed.position) == ("tea", None, None)


def test_boxes_are_of_what_is_seen() -> None:
    canvas = canvas_of()
    canvas.place(opaque(40, 60), 30, 20, "behind")
    canvas.place(opaque(40, 60), 50, 20, "before")
    boxes = {p.product: p.box for p in shoot(canvas, aim((200, 150), (200, 150)), "table").products}
    assert boxes["behind"] == pytest.approx((30, 20, 50, 80), abs=1)
    assert boxes["before"] == pytest.approx((50, 20, 90, 80), abs=1)


def test_what_is_mostly_hidden_or_outside_is_not_marked() -> None:
    canvas = canvas_of()
    canvas.place(opaque(40, 60), 30, 20, "hidden")
    canvas.place(opaque(40, 60), 44, 20, "before")
    canvas.place(opaque(40, 60), 180, 20, "half outside")
    canvas.place(opaque(40, 60), 190, 90, "outside")
    names = {p.product for p in shoot(canvas, aim((200, 150), (200, 150)), "table").products}
    assert names == {"before", "half outside"} - {"hidden"}


def test_a_strip_across_does_not_split_a_box() -> None:
    canvas = canvas_of()
    canvas.place(opaque(40, 100), 30, 20, "tea")
    canvas.rectangle((0, 60, 200, 70), (255, 0, 0))
    (placed,) = shoot(canvas, aim((200, 150), (200, 150)), "table").products
    assert placed.box == pytest.approx((30, 20, 70, 120), abs=1)


@pytest.mark.parametrize("yaw", [-30, 0, 30])
def test_boxes_hold_just_the_pixels_of_a_product_in_perspective(yaw: float) -> None:
    canvas = canvas_of(400, 300)
    canvas.place(opaque(80, 120), 160, 90, "tea")
    scene = shoot(canvas, aim((400, 300), (300, 220), yaw=yaw, pitch=10, roll=4, bend=0.06), "table")
    ys, xs = np.nonzero(scene.picture[..., 0] > 127)
    (placed,) = scene.products
    assert placed.box == pytest.approx((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1), abs=3)


def test_rows_positions_and_gaps_are_numbered_by_what_is_seen() -> None:
    canvas = canvas_of(300, 200)
    canvas.place(opaque(40, 60), -35, 20, "cut off", row=0, column=0)
    canvas.place(opaque(40, 30), 40, 50, "a", row=0, column=1)
    canvas.place(opaque(40, 30), 40, 20, "a", row=0, level=1, column=1)
    canvas.place(opaque(40, 60), 180, 20, "b", row=0, column=2)
    canvas.place(opaque(40, 60), 100, 120, "c", row=1, column=0)
    corners = np.array([[90, 20], [170, 20], [170, 80], [90, 80]], float)
    canvas.holes.append(Hole(corners, 0, "a", 2, 2))
    scene = shoot(canvas, aim((300, 200), (300, 200)), "shelf")
    told = [(p.product, p.row, p.position, p.level) for p in scene.products]
    assert told == [("a", 0, 0, 0), ("a", 0, 0, 1), ("b", 0, 1, 0), ("c", 1, 0, 0)]
    (gap,) = scene.gaps
    assert (gap.row, gap.product, gap.position, gap.facings) == (0, "a", 1, 2)
    assert gap.box == pytest.approx((90, 20, 170, 80), abs=1)


def test_boxes_of_photos_move_with_them() -> None:
    canvas = canvas_of()
    canvas.mark((20, 10, 60, 90), "unnamed")
    canvas.mark((190, 0, 230, 100), "mostly outside")
    (placed,) = shoot(canvas, aim((200, 150), (100, 75)), "collage").products
    assert placed.box == pytest.approx((10, 5, 30, 45), abs=0.5)
