"""Photos are looked at at a glance and in tiles; a stand-in for the network finds white rectangles exactly."""

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from PIL import Image

from shelfwise.bundle import write_bundle
from shelfwise.errors import BundleError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.inference.session import Boxes
from shelfwise.rules import DetectionRule
from shelfwise.shelf.detector import Detector


class Rectangles:
    """Finds separate light rectangles on dark ground; like a network, it sees what is on the pixels alone."""

    def __init__(self, score: float = 0.9) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self._score, self._lock = score, threading.Lock()

    def run(self, images: NDArray[np.uint8]) -> Boxes:
        with self._lock:
            self.shapes.append(images.shape)
        found = _rectangles(images[0, :, :, 0] > 170)
        boxes = np.array(found, np.float32).reshape(1, -1, 4)
        return Boxes(np.full(boxes.shape[:2], self._score, np.float32), boxes)


def _rectangles(light: NDArray[np.bool_]) -> list[tuple[int, int, int, int]]:
    found, left = [], light.copy()
    while left.any():
        y, x = np.unravel_index(int(left.argmax()), left.shape)
        right = x + int((~np.append(left[y, x:], False)).argmax())
        bottom = y + int((~np.append(left[y:, x], False)).argmax())
        found.append((int(x), int(y), right, bottom))
        left[y:bottom, x:right] = False
    return found


def shelf(width: int, height: int, size: int, pitch: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A photo of light squares in rows, and their boxes."""
    photo = np.full((height, width, 3), 30, np.uint8)
    boxes = []
    for top in range(pitch // 4, height - size, pitch):
        for left in range(pitch // 4, width - size, pitch):
            photo[top : top + size, left : left + size] = 250
            boxes.append((left, top, left + size, top + size))
    return photo, np.array(boxes, np.float32)


def ordered(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    return boxes[np.lexsort((boxes[:, 0].round(), (boxes[:, 1] / 8).round()))]


def bundle_with(folder: Path, detection: DetectionRule | None):
    return write_bundle(
        folder,
        model_onnx=b"no network",
        name="lite0",
        categories=["product"],
        preprocessing=Preprocessing(64, "pad", (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)),
        metrics={},
        provenance={},
        rendered=True,
        card="# A detector",
        detection=detection,
    )


@pytest.fixture
def make_detector(tmp_path: Path):
    bundle = bundle_with(tmp_path / "detector", DetectionRule(min_score=0.5))

    def make(session: Rectangles, threads: int = 1, **rule: object) -> Detector:
        chosen = DetectionRule(**{"min_score": 0.5, **rule})
        return Detector(bundle, session, threads=threads, rule=chosen)

    return make


def test_one_glance_is_enough_where_products_are_large(make_detector):
    session = Rectangles()
    photo, boxes = shelf(1280, 960, 300, 420)
    found = make_detector(session).find(photo)
    assert len(session.shapes) == 1
    assert_allclose(ordered(found.boxes), ordered(boxes), atol=3)
    assert (found.width, found.height) == (1280, 960)


def test_small_products_are_looked_at_in_tiles_and_each_is_found_once(make_detector):
    session = Rectangles()
    photo, boxes = shelf(1600, 1200, 30, 55)
    found = make_detector(session).find(photo)
    assert len(session.shapes) > 4
    assert len(found) == len(boxes)
    assert_allclose(ordered(found.boxes), ordered(boxes), atol=3)


def test_a_product_larger_than_what_tiles_share_is_not_split_at_a_seam(make_detector):
    photo, boxes = shelf(1600, 1200, 24, 60)
    photo[300:900, 500:1100] = 30
    photo[340:860, 540:1060] = 250
    inside = (boxes[:, 2] > 500) & (boxes[:, 0] < 1100) & (boxes[:, 3] > 300) & (boxes[:, 1] < 900)
    photo_boxes = np.concatenate((boxes[~inside], [[540, 340, 1060, 860]])).astype(np.float32)
    kept = [b for b in photo_boxes if (photo[int(b[1]) : int(b[3]), int(b[0]) : int(b[2]), 0] == 250).all()]
    found = make_detector(Rectangles(), min_score=0.5).find(photo)
    large = found.boxes[(found.boxes[:, 2] - found.boxes[:, 0]) > 200]
    assert_allclose(large, [[540, 340, 1060, 860]], atol=4)
    assert len(found) >= len(kept)


@pytest.mark.parametrize("threads", [2, 5])
def test_the_number_of_threads_changes_nothing(make_detector, threads):
    photo, _ = shelf(1500, 1100, 25, 50)
    one, several = (make_detector(Rectangles(), threads=n).find(photo) for n in (1, threads))
    assert one.boxes.tolist() == several.boxes.tolist()
    assert one.scores.tolist() == several.scores.tolist()


def test_the_network_sees_sides_of_multiples_of_64(make_detector):
    session = Rectangles()
    make_detector(session).find(shelf(1333, 777, 30, 60)[0])
    assert all(side % 64 == 0 for shape in session.shapes for side in shape[1:3])
    assert max(max(shape) for shape in session.shapes) <= 768


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (1, 3000), (2500, 2), (64, 64), (1, 9000), (9000, 1)])
def test_photos_of_any_shape_are_looked_at(make_detector, size):
    photo = np.full((*size, 3), 30, np.uint8)
    assert len(make_detector(Rectangles()).find(photo)) == 0


def test_less_sure_products_are_left_out_unless_asked_for(make_detector):
    detector = make_detector(Rectangles(score=0.4))
    photo, boxes = shelf(640, 480, 100, 160)
    assert len(detector.find(photo)) == 0
    assert len(detector.find(photo, min_score=0.3)) == len(boxes)


def test_pixels_and_pictures_give_the_same(make_detector):
    detector = make_detector(Rectangles())
    photo, _ = shelf(640, 480, 100, 160)
    first, second = detector.find(photo, source="a.jpg"), detector.find(Image.fromarray(photo))
    assert first.boxes.tolist() == second.boxes.tolist()
    assert (first.source, second.source) == ("a.jpg", None)


def test_a_classifier_is_refused(tmp_path):
    with pytest.raises(BundleError, match="--task detect"):
        Detector(bundle_with(tmp_path / "classifier", None), Rectangles())


def test_how_closely_it_looks_does_not_depend_on_the_score_asked_for(make_detector):
    photo, _ = shelf(1600, 1200, 30, 55)
    sessions = [Rectangles(), Rectangles()]
    for session, least in zip(sessions, (0.01, 0.5), strict=True):
        make_detector(session, min_score=0.5).find(photo, min_score=least)
    assert sessions[0].shapes == sessions[1].shapes
