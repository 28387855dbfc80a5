"""The marked-out picture: what is drawn where, in which colour, and what the legend says."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from shelfwise.errors import ConfigError, StorageError
from shelfwise.shelf.lettering import shortened, width_of
from shelfwise.shelf.picture import Mark, draw_shelf, write_picture
from shelfwise.shelf.strokes import GREY, PALETTE, ink_on, inside

WHITE = Image.new("RGB", (1000, 800), "white")


def _shares(picture: Image.Image, colour: tuple[int, int, int], box: tuple[int, int, int, int]) -> float:
    """How much of a part of a picture has nearly this colour."""
    part = np.asarray(picture.crop(box)).astype(int)
    return float((np.abs(part - colour).max(axis=-1) < 12).mean())


def test_a_category_s_boxes_have_its_colour_and_others_another() -> None:
    marks = [
        Mark((100, 100, 200, 300), "tea"),
        Mark((300, 100, 400, 300), "tea"),
        Mark((500, 100, 600, 300), "jam"),
    ]
    picture = draw_shelf(WHITE, marks)
    for left in (100, 300):
        assert _shares(picture, PALETTE[0], (left, 100, left + 100, 300)) > 0.03
        assert _shares(picture, PALETTE[1], (left, 100, left + 100, 300)) == 0
    assert _shares(picture, PALETTE[1], (500, 100, 600, 300)) > 0.03


def test_the_most_frequent_category_is_the_first_whatever_the_order_of_boxes() -> None:
    marks = [
        Mark((500, 100, 600, 300), "a"),
        Mark((100, 100, 200, 300), "z"),
        Mark((300, 100, 400, 300), "z"),
    ]
    ahead, behind = draw_shelf(WHITE, marks), draw_shelf(WHITE, marks[::-1])
    assert _shares(ahead, PALETTE[0], (100, 100, 200, 300)) > 0.03
    assert ahead.tobytes() == behind.tobytes()


def test_unknown_products_are_grey_and_bear_no_number() -> None:
    picture = draw_shelf(WHITE, [Mark((100, 100, 200, 300), None, "unknown")])
    assert _shares(picture, GREY, (100, 100, 200, 300)) > 0.03
    assert all(_shares(picture, colour, (0, 0, 1000, 800)) == 0 for colour in PALETTE)


def test_what_is_asked_about_is_dashed() -> None:
    box = (100, 100, 300, 500)
    sure = draw_shelf(WHITE, [Mark(box, "tea")])
    asked = draw_shelf(WHITE, [Mark(box, "tea", "ask")])
    edge = (200, 100, 300, 106)
    assert 0.2 < _shares(asked, PALETTE[0], edge) < 0.8 * _shares(sure, PALETTE[0], edge)


def test_the_photo_stays_as_it_is_outside_of_the_marks_and_is_not_changed_itself() -> None:
    photo = Image.fromarray(
        np.random.default_rng(0).integers(0, 255, (900, 1000, 3), np.uint8).astype(np.uint8)
    )
    before = photo.tobytes()
    picture = draw_shelf(photo, [Mark((100, 100, 200, 300), "tea")], gaps=[(400, 100, 500, 300)])
    assert photo.tobytes() == before
    assert picture.crop((0, 310, 1000, 900)).tobytes() == photo.crop((0, 310, 1000, 900)).tobytes()
    assert picture.width == photo.width and picture.height > photo.height
    assert picture.crop((401, 101, 499, 299)).tobytes() != photo.crop((401, 101, 499, 299)).tobytes()


def test_a_small_photo_is_enlarged_so_that_numbers_can_be_read() -> None:
    picture = draw_shelf(Image.new("RGB", (224, 200)), [Mark((20, 20, 100, 120), "tea")])
    assert picture.width >= 900


def test_the_legend_grows_with_the_categories_and_shortens_names_that_do_not_fit() -> None:
    few = draw_shelf(WHITE, [Mark((100, 100, 200, 300), "tea")])
    many = draw_shelf(
        WHITE, [Mark((10 * i, 100, 10 * i + 9, 300), f"{'category' * 20}-{i}") for i in range(40)]
    )
    assert many.height > few.height
    assert width_of(shortened("Strawberry jam" * 20, 16, 100), 16) <= 100
    assert shortened("Jam", 16, 100) == "Jam"


def test_nothing_found_is_a_picture_too() -> None:
    assert draw_shelf(WHITE, []).width == 1000


@given(st.tuples(*[st.floats(-2000, 2000)] * 4), st.sampled_from(["accept", "ask", "unknown"]))
@example((10.0, 10.0, 12.0, 60.0), "accept")
@example((10.0, 10.0, 60.0, 13.0), "accept")
@example((118.0, 10.0, 121.0, 60.0), "ask")
def test_any_box_can_be_drawn(box: tuple[float, float, float, float], answer: str) -> None:
    left, right = sorted((box[0], box[2]))
    top, bottom = sorted((box[1], box[3]))
    picture = Image.new("RGB", (120, 90))
    name = None if answer == "unknown" else "tea"
    draw_shelf(picture, [Mark((left, top, right, bottom), name, answer)], gaps=[(left, top, right, bottom)])


@pytest.mark.parametrize("side", range(2, 12))
@pytest.mark.parametrize("answer", ["accept", "ask", "unknown"])
def test_a_sliver_on_a_large_photo_can_be_drawn(side: int, answer: str) -> None:
    usual = [Mark((400.0 * place, 300, 400.0 * place + 350, 900), "tea", answer) for place in range(1, 5)]
    slivers = [Mark((0, 300, side, 900), "tea", answer), Mark((400, 1500 - side, 900, 1500), "tea", answer)]
    picture = Image.new("RGB", (2000, 1500))
    assert draw_shelf(picture, [*usual, *slivers]).getbbox() is not None


def test_a_box_is_cut_off_at_the_picture_s_edge() -> None:
    assert inside((-5.5, 3.2, 20.1, 900), 100, 80) == (0, 3, 21, 80)
    assert inside((100, 0, 120, 20), 100, 80) is None


def test_writing_on_a_colour_has_contrast() -> None:
    assert ink_on((240, 228, 66)) != ink_on((0, 60, 120))


@pytest.mark.parametrize("ending", ["jpg", "png", "JPEG"])
def test_pictures_are_saved_as_their_ending_says(tmp_path: Path, ending: str) -> None:
    write_picture(WHITE, tmp_path / f"marked.{ending}")
    with Image.open(tmp_path / f"marked.{ending}") as saved:
        assert saved.format == ("PNG" if ending == "png" else "JPEG")
        assert saved.size == WHITE.size


def test_another_ending_is_refused_and_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.jpg or \.png"):
        write_picture(WHITE, tmp_path / "marked.webp")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        write_picture(WHITE, tmp_path / "file" / "marked.jpg")
