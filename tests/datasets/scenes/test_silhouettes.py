import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from shelfwise.datasets.scenes.silhouettes import content, on_white, silhouette


def test_even_padding_is_no_content() -> None:
    photo = np.full((60, 80, 3), 128, np.uint8)
    photo[:, 20:70] = np.random.default_rng(1).integers(0, 90, (60, 50, 3))
    assert content(photo) == (20, 0, 70, 60)


def test_a_photo_of_one_colour_is_all_content() -> None:
    assert content(np.full((10, 20, 3), 7, np.uint8)) == (0, 0, 20, 10)


def test_a_clear_product_is_told_from_its_background() -> None:
    rng = np.random.default_rng(2)
    photo = (np.array((40, 130, 60)) + rng.normal(0, 6, (140, 140, 3))).clip(0, 255).astype(np.uint8)
    cv2.ellipse(photo, (70, 70), (30, 45), 0, 0, 360, (210, 40, 30), -1)
    alpha, found = silhouette(photo, (40, 25, 101, 116), (0, 0, 140, 140))
    assert found
    assert alpha.shape == (91, 61)
    assert alpha[45, 30] == 255
    assert alpha[0, 0] == alpha[-1, -1] == alpha[0, -1] == 0
    area = np.count_nonzero(alpha > 127)
    assert area == pytest.approx(np.pi * 30 * 45, rel=0.08)


def test_where_nothing_tells_them_apart_the_box_is_opaque() -> None:
    photo = np.full((100, 100, 3), 90, np.uint8)
    alpha, found = silhouette(photo, (20, 20, 80, 80), (0, 0, 100, 100))
    assert not found
    assert (alpha == 255).all()


def test_a_box_that_fills_the_photo_is_opaque() -> None:
    photo = np.random.default_rng(3).integers(0, 255, (50, 50, 3), dtype=np.uint8)
    assert silhouette(photo, (0, 0, 50, 50), (0, 0, 50, 50))[1] is False


def test_white_print_on_a_convex_package_is_not_background() -> None:
    photo = np.full((140, 100, 3), 255, np.uint8)
    photo[20:25, 30:71] = photo[115:120, 30:71] = (20, 20, 60)
    bare, whole = on_white(photo, 500), on_white(photo, 500, convex=True)
    assert bare is not None and whole is not None
    assert whole.shape[:2] == (100, 41)
    assert bare[50, 20, 3] == 0
    assert whole[50, 20, 3] == 255


def test_long_cut_outs_are_made_smaller() -> None:
    photo = np.full((300, 300, 3), 255, np.uint8)
    photo[50:250, 100:200] = 30
    cut = on_white(photo, 80)
    assert cut is not None
    assert cut.shape[:2] == (80, 40)


@pytest.mark.parametrize("level", [0, 255])
def test_without_product_or_white_there_is_nothing_to_cut(level: int) -> None:
    assert on_white(np.full((40, 40, 3), level, np.uint8), 100) is None
