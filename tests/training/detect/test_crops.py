"""Crops show products where their boxes say, at many sizes, and what is hardly seen is ignored."""

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="training a detector needs OpenCV")

from shelfwise.training.detect.crops import Marked, crop, mosaic

NONE = np.zeros((0, 4), np.float32)


def photo(width=400, height=300, rows=((40, 50, 120, 170), (200, 60, 320, 220))) -> Marked:
    """Light products on a dark ground."""
    pixels = np.full((height, width, 3), 20, np.uint8)
    for left, top, right, bottom in rows:
        pixels[top:bottom, left:right] = 230
    return Marked(pixels, np.array(rows, np.float32).reshape(-1, 4), NONE)


def shares_of_light(found: Marked) -> list[float]:
    """How much of each product's box is light."""
    grey = found.pixels.mean(2)
    middle = (grey.max() + grey.min()) / 2
    shares = []
    for left, top, right, bottom in found.products.round().astype(int):
        shares.append(float((grey[top:bottom, left:right] > middle).mean()))
    return shares


@pytest.mark.parametrize("seed", range(40))
def test_boxes_lie_on_their_products(seed):
    found = crop(photo(), 192, np.random.default_rng(seed), spread=0.0)
    assert found.pixels.shape == (192, 192, 3) and found.pixels.dtype == np.uint8
    assert all(share > 0.85 for share in shares_of_light(found))
    for boxes in (found.products, found.ignored):
        assert boxes.dtype == np.float32
        assert (boxes >= 0).all() and (boxes <= 192).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()


def test_products_are_shown_at_many_sizes():
    sides = [
        float(np.sqrt((each[2] - each[0]) * (each[3] - each[1])))
        for seed in range(150)
        for each in crop(photo(), 256, np.random.default_rng(seed)).products
    ]
    assert min(sides) < 60 and max(sides) > 150


def test_a_shelf_is_never_looked_at_closer_than_it_will_be():
    many = photo(rows=[(20 * x, 30 * y, 20 * x + 18, 30 * y + 28) for x in range(10) for y in range(5)])
    sides = [
        float(np.sqrt(np.prod(np.median(found[:, 2:] - found[:, :2], axis=0))))
        for seed in range(60)
        if len(found := crop(many, 512, np.random.default_rng(seed)).products) > 4
    ]
    assert max(sides) < 140


def shares_on_crops(boxes) -> list[float]:
    """Shares of a product of 120 x 120 pixels that are on a crop, of those that its left or right edge cuts."""
    across, down = (boxes[:, 2:] - boxes[:, :2]).T
    whole = (boxes[:, 1] > 0) & (boxes[:, 3] < 128)
    return list(across[whole] / down[whole])


def test_what_is_hardly_on_a_crop_is_ignored_and_what_is_less_must_not_be_found():
    square = photo(rows=[(140, 90, 260, 210)])
    crops = [crop(square, 128, np.random.default_rng(seed), spread=0.0) for seed in range(1500)]
    found = shares_on_crops(np.concatenate([each.products for each in crops]))
    ignored = shares_on_crops(np.concatenate([each.ignored for each in crops]))
    assert min(found) == pytest.approx(0.45, abs=0.06) and max(found) == pytest.approx(1.0, abs=0.05)
    assert min(ignored) == pytest.approx(0.35, abs=0.06) and max(ignored) < 0.51
    light = [each for each in crops if not len(each.products) and not len(each.ignored)]
    assert any((each.pixels.mean(2) > 150).any() for each in light)


def test_ignored_regions_stay_ignored():
    marked = photo()._replace(ignored=np.array([[0, 0, 400, 300]], np.float32))
    found = crop(marked, 192, np.random.default_rng(3))
    assert len(found.ignored) >= 1


def test_a_photo_without_products_gives_a_crop_without():
    found = crop(photo(rows=()), 128, np.random.default_rng(0))
    assert found.products.shape == found.ignored.shape == (0, 4)


def test_equal_seeds_give_equal_crops():
    first, second = (crop(photo(), 160, np.random.default_rng(5)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("size", [(9, 400), (400, 9), (1, 1), (3000, 60)])
def test_photos_of_odd_shapes_give_crops(size):
    narrow = Marked(np.full((*size, 3), 90, np.uint8), NONE, NONE)
    assert crop(narrow, 128, np.random.default_rng(1)).pixels.shape == (128, 128, 3)


def test_a_mosaic_has_each_photo_in_its_quarter():
    found = mosaic([photo(), photo(rows=()), photo(), photo(rows=())], 256, np.random.default_rng(2))
    assert found.pixels.shape == (256, 256, 3)
    assert len(found.products)
    assert (found.products[:, 2] <= 128).all()


def flat(colour) -> Marked:
    """A photo of one colour that is larger than any crop of it."""
    pixels = np.empty((600, 600, 3), np.uint8)
    pixels[:] = colour
    return Marked(pixels, np.array([[200, 200, 400, 400]], np.float32), np.zeros((0, 4), np.float32))


def test_packages_are_seen_in_colours_that_no_photo_shows():
    red = flat((200, 30, 30))
    means = [crop(red, 128, np.random.default_rng(seed)).pixels.mean((0, 1)) for seed in range(60)]
    strongest = {int(np.argmax(mean)) for mean in means}
    assert strongest == {0, 1, 2}


def test_some_crops_are_striped_and_most_are_not():
    grey = flat((114, 114, 114))  # as beyond a photo

    def unevenness(seed: int, spread: float) -> float:
        pixels = crop(grey, 128, np.random.default_rng(seed), spread=spread).pixels
        return float(cv2.GaussianBlur(pixels, (0, 0), 1.5).std((0, 1)).max())  # noise is no pattern

    assert max(unevenness(seed, 0.0) for seed in range(20)) < 1
    striped = np.mean([unevenness(seed, 1.0) > 4 for seed in range(120)])
    assert 0.05 < striped < 0.5
