from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2", reason="crops need OpenCV")

from shelfwise.errors import DataError
from shelfwise.training.detect.photos import DetectionPhoto, read_photo_set
from shelfwise.training.detect.reading import FEW, marked, photos_of, unreadable

NONE = np.zeros((0, 4), np.float32)


def test_photos_are_decoded_with_their_boxes(blocks):
    photos = read_photo_set(blocks).photos
    source = photos_of(photos)
    assert source.total == 15
    assert all(source.few)
    pixels, products, ignored = source.read(0)
    assert pixels.shape == (128, 160, 3)
    assert np.array_equal(products, photos[0].boxes)
    assert ignored.shape == (0, 4)


def test_a_photo_of_many_products_is_shown_alone(tmp_path):
    boxes = np.tile(np.array([[0, 0, 5, 5]], np.float32), (FEW + 1, 1))
    assert photos_of([DetectionPhoto(tmp_path, "a", boxes, NONE)]).few == [False]


def test_of_a_large_jpeg_a_fraction_is_decoded_and_boxes_follow(tmp_path):
    Image.new("RGB", (6400, 4000), (9, 9, 9)).save(tmp_path / "large.jpg")
    box = np.array([[640, 400, 3200, 2000]], np.float32)
    found = marked(DetectionPhoto(tmp_path / "large.jpg", "large.jpg", box, box))
    assert found.pixels.shape == (2000, 3200, 3)
    assert found.products.tolist() == found.ignored.tolist() == [[320, 200, 1600, 1000]]


def test_what_cannot_be_decoded_is_named(blocks):
    photos = read_photo_set(blocks).photos
    photos[1].path.write_bytes(b"")
    steps: list[tuple[int, int]] = []
    errors = unreadable(photos, lambda *step: steps.append(step))
    assert list(errors) == [photos[1].path]
    assert "empty" in errors[photos[1].path].reason
    assert steps[-1] == (15, 15)


def test_boxes_of_another_picture_are_refused(blocks):
    photos = read_photo_set(blocks).photos
    Image.new("RGB", (20, 20)).save(photos[0].path)
    with pytest.raises(DataError, match=r"has 20×20 pixels, but a box reaches to"):
        unreadable(photos)
