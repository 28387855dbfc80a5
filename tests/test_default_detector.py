"""The detector that lies in the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shelfwise.bundle import DEFAULT_DETECTOR, read_bundle
from shelfwise.images.decode import decode
from shelfwise.shelf.detector import Detector, load_detector
from shelfwise.shelf.suppression import overlaps

MOST_BYTES = 15_000_000


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector()


def test_it_is_whole_and_small_enough() -> None:
    bundle = read_bundle(DEFAULT_DETECTOR)
    assert bundle.task == "detect"
    assert not bundle.rendered
    assert sum(file.stat().st_size for file in DEFAULT_DETECTOR.iterdir()) <= MOST_BYTES


def test_its_card_tells_what_it_learned_from() -> None:
    card = read_bundle(DEFAULT_DETECTOR).card_path.read_text("utf-8")
    for part in ("Freiburg", "SHA-256", "AP50"):
        assert part.lower() in card.lower()


def test_it_finds_nothing_where_nothing_is(detector: Detector) -> None:
    assert len(detector.find(np.full((900, 1200, 3), 128, np.uint8))) == 0


def test_it_finds_the_products_of_composed_shelves_in_a_style_that_it_never_saw(detector: Detector) -> None:
    pytest.importorskip("cv2", reason="composing scenes needs OpenCV")
    from shelfwise.datasets.scenes.scene import compose_scene
    from shelfwise.datasets.scenes.wares import Wares

    hits, wrong, count = 0, 0, 0
    for number in range(4):
        scene = compose_scene(Wares([], "held-out"), "shelf", 77, number, (1200, 1300), (3, 5))
        truth = np.array([product.box for product in scene.products], np.float32)
        common = overlaps(truth, detector.find(scene.picture).boxes) >= 0.5
        hits, count = hits + int(common.any(1).sum()), count + len(truth)
        wrong += int((~common.any(0)).sum())
    assert hits > 0.8 * count
    assert wrong < 0.5 * count


@pytest.mark.realdata
def test_it_finds_packages_on_photos(detector: Detector, real_data: Path) -> None:
    names = (real_data / "freiburg" / "folds" / "fold0.txt").read_text("utf-8").split()[:60:3]
    photos = [decode(real_data / "freiburg" / name) for name in names]
    assert np.mean([len(detector.find(photo)) > 0 for photo in photos]) > 0.9
