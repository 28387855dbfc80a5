from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from shelfwise.datasets.checks import check_dataset
from shelfwise.datasets.dataset import Box, Sample
from shelfwise.datasets.layouts import read_dataset

LOOKS = ("tiny", "blank", "dark", "bright", "blurred")


def spoil(image, how):
    if how == "tiny":
        return image.resize((60, 80))
    if how == "blank":
        return Image.new("RGB", (200, 200), (90, 90, 90))
    if how == "dark":
        return image.point(lambda value: value // 3)
    if how == "bright":
        return image.point(lambda value: 200 + value // 5)
    return image.filter(ImageFilter.GaussianBlur(2))


@pytest.mark.parametrize("how", LOOKS)
def test_a_spoilt_photo_is_found_for_what_it_is(shop, paint, checked, of_kind, how):
    spoil(paint(900), how).save(shop / "Rice" / "spoilt.png")
    report = checked(shop)
    found = {kind: [each.photos[0].path for each in of_kind(report, kind)] for kind in LOOKS}
    assert found == {kind: ["Rice/spoilt.png"] if kind == how else [] for kind in LOOKS}
    assert not report.has_errors


def test_good_photos_are_not_complained_of(shop, checked):
    assert checked(shop).findings == ()


def test_padding_makes_no_photo_blurred_or_blank(shop, paint, checked):
    padded = Image.new("RGB", (400, 400), (128, 128, 128))
    padded.paste(paint(901), (120, 140))
    padded.save(shop / "Tea" / "padded.jpg", quality=88)
    assert checked(shop).findings == ()


def test_the_blurriest_comes_first(shop, paint, checked, of_kind):
    for radius in (2, 5, 3):
        paint(910).rotate(90 * radius).filter(ImageFilter.GaussianBlur(radius)).save(
            shop / "Tea" / f"r{radius}.png"
        )
    found = of_kind(checked(shop), "blurred")
    values = [each.value for each in found]
    assert len(values) == 3 and values == sorted(values)


def test_a_large_photo_is_judged_at_the_size_a_network_sees(shop, paint, checked, of_kind):
    large = paint(920, (224, 168)).resize((2240, 1680), Image.Resampling.BICUBIC)
    large.save(shop / "Rice" / "large.jpg")
    assert of_kind(checked(shop), "blurred") == []


def test_tiny_boxes(shop, of_kind):
    dataset = read_dataset(shop)
    samples = (Sample("Rice/00.png", 0, Box(5, 5, 20, 90)), *dataset.samples[12:])
    (found,) = of_kind(check_dataset(replace(dataset, samples=samples)), "tiny")
    assert found.message == "box of Rice: 20 × 90 pixels"
    assert found.value == 20


@pytest.mark.realdata
def test_real_photos_and_their_blurred_copies(real_data):
    from shelfwise.datasets.checks.limits import BLUR_SHARPNESS, WORKING_SIDE
    from shelfwise.datasets.checks.quality import content, sharpness

    photos = sorted((real_data / "freiburg" / "images").glob("*/*.jpg"))[::60]
    photos += sorted((real_data / "grocery-store" / "test").rglob("*.jpg"))[::40]
    values = {0.0: [], 1.5: []}
    for photo in photos:
        image = Image.open(photo).convert("L")
        scale = min(1, WORKING_SIDE / min(image.size))
        image = image.resize((round(image.width * scale), round(image.height * scale)))
        for radius, found in values.items():
            grey = np.asarray(image, dtype=np.float32)
            rows, columns = content(grey)
            inside = Image.fromarray(grey[rows, columns].astype(np.uint8))
            blurred = inside.filter(ImageFilter.GaussianBlur(radius)) if radius else inside
            found.append(sharpness(np.asarray(blurred, dtype=np.float32)))
    assert len(photos) > 100
    assert np.mean(np.array(values[1.5]) < BLUR_SHARPNESS) > 0.97
    assert np.mean(np.array(values[0.0]) < BLUR_SHARPNESS) < 0.04
