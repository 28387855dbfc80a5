import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("matplotlib")

from shelfwise.datasets.scenes.lettering import brand, font_count, phrase, price, write


@pytest.mark.parametrize("look", ["train", "held-out"])
def test_every_font_writes_inside_its_box(look: str) -> None:
    for font in range(font_count(look)):  # type: ignore[arg-type]
        picture = np.zeros((80, 200, 3), np.uint8)
        write(picture, "Milk", (40, 20, 160, 60), (255, 255, 255), look=look, font=font)  # type: ignore[arg-type]
        ys, xs = np.nonzero(picture[..., 0] > 80)
        assert ys.size > 50
        assert xs.min() >= 36 and xs.max() <= 164 and ys.min() >= 16 and ys.max() <= 64
        assert xs.max() - xs.min() > 50 or ys.max() - ys.min() > 22


def test_no_room_writes_nothing() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    write(picture, "Milk", (5, 5, 7, 6), (255, 255, 255), look="train")
    write(picture, "", (0, 0, 20, 20), (255, 255, 255), look="train")
    assert not picture.any()


def test_lettering_at_the_edge_is_cut() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    write(picture, "Milk", (-30, 0, 40, 30), (255, 255, 255), look="train", angle=10)
    assert picture.any()


def test_words_are_words() -> None:
    rng = np.random.default_rng(1)
    assert all(2 <= len(brand(rng)) <= 14 and brand(rng).isalpha() for _ in range(50))
    assert len(phrase(rng, 3).split()) == 3
    assert float(price(rng).replace(",", ".")) > 0
