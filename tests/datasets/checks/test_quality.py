import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from shelfwise.datasets.checks.limits import BLUR_SHARPNESS
from shelfwise.datasets.checks.quality import content, measure, sharpness


def grey(image):
    return np.asarray(image.convert("L"), dtype=np.float32)


def test_sharpness_falls_with_blur(paint):
    image = paint(1)
    values = [
        sharpness(grey(image.filter(ImageFilter.GaussianBlur(radius)) if radius else image))
        for radius in (0, 0.7, 1.5, 3)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 1.2
    assert values[2] < BLUR_SHARPNESS


@given(st.floats(0.1, 1.0), st.floats(0, 100))
def test_sharpness_does_not_depend_on_contrast_and_brightness(contrast, brightness):
    rng = np.random.default_rng(5)
    pixels = rng.uniform(0, 150, (40, 50)).astype(np.float32)
    assert sharpness(pixels * np.float32(contrast) + np.float32(brightness)) == pytest.approx(
        sharpness(pixels), rel=1e-3
    )


def test_a_photo_shaken_in_one_direction_is_not_sharp(paint):
    pixels = grey(paint(2))
    shaken = pixels
    for _ in range(2):
        shaken = np.mean([np.roll(shaken, shift, axis=1) for shift in range(6)], axis=0)
    assert sharpness(shaken) < BLUR_SHARPNESS < sharpness(pixels)


def test_a_pattern_in_one_direction_is_judged_by_that_direction():
    bars = np.tile(np.repeat(np.array([0, 255], dtype=np.float32), 3), (60, 20))
    assert sharpness(bars) > 1


@pytest.mark.parametrize("pixels", [np.full((30, 30), 90), np.zeros((2, 50)), np.zeros((1, 1))])
def test_without_detail_there_is_no_sharpness(pixels):
    assert sharpness(pixels.astype(np.float32)) is None


@pytest.mark.parametrize("colour", [(128, 128, 128), (255, 255, 255), (0, 0, 0)])
@pytest.mark.parametrize("place", [(0, 40), (40, 0), (40, 40)])
def test_uniform_padding_is_cut_off(paint, colour, place):
    inside = paint(3, (160, 120))
    padded = Image.new("RGB", (160 + 2 * place[0], 120 + 2 * place[1]), colour)
    padded.paste(inside, place)
    rows, columns = content(grey(padded))
    assert 112 <= rows.stop - rows.start <= 120
    assert 152 <= columns.stop - columns.start <= 160
    assert sharpness(grey(padded)[rows, columns]) == pytest.approx(sharpness(grey(inside)), rel=0.05)


def test_a_picture_without_content_is_taken_whole():
    flat = np.full((50, 60), 128, dtype=np.float32)
    assert content(flat) == (slice(0, 50), slice(0, 60))


def test_a_lone_thin_line_is_no_content():
    page = np.full((80, 80), 250, dtype=np.float32)
    page[40:43, 10:70] = 0
    rows, _ = content(page)
    assert rows == slice(0, 80)


def test_light_and_contrast_are_measured(paint):
    image = paint(4)
    looks = measure(np.asarray(image), grey(image))
    dim = image.point(lambda value: value // 4)
    dim_looks = measure(np.asarray(dim), grey(dim))
    assert looks.highlights > 180 > 70 > dim_looks.highlights
    assert dim_looks.contrast == pytest.approx(looks.contrast / 4, rel=0.1)
    assert 0 <= looks.shadows < looks.highlights


def test_saturated_red_is_not_dark():
    red = Image.new("RGB", (60, 60), (230, 20, 15))
    assert measure(np.asarray(red), grey(red)).highlights == 230
