"""Fixtures for the tests of scenes: a set of photos with boxes, and cut-outs of it."""

import json
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.scenes.cutouts import CutOuts, cut_boxes
from shelfwise.datasets.scenes.packages import paint_package


def photo_of(package: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """A photo of 160×200 px, padded grey at its sides, of one package before something green."""
    photo = np.full((160, 200, 3), 128, np.uint8)
    photo[:, 30:170] = (40, 120, 50)
    left, top, width, height = box
    rgba = cv2.resize(paint_package(package, height), (width, height))
    window = photo[top : top + height, left : left + width]
    window[rgba[..., 3] > 127] = rgba[..., :3][rgba[..., 3] > 127]
    return photo


BOXES = {
    "a.png": (60, 30, 60, 90),
    "b.png": (80, 20, 50, 110),
    "c.png": (30, 0, 140, 160),
    "d.png": (90, 60, 20, 20),
}
"""One box a photo: two of whole products, one that the photo's edges cut, one that is tiny."""


@pytest.fixture(scope="session")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Four photos with a box each, in COCO form."""
    folder = tmp_path_factory.mktemp("boxed")
    images, annotations = [], []
    for number, (name, box) in enumerate(BOXES.items(), 1):
        cv2.imwrite(str(folder / name), photo_of(number, box)[..., ::-1])
        images.append({"id": number, "file_name": name, "width": 200, "height": 160})
        annotations.append({"id": number, "image_id": number, "category_id": 1, "bbox": box})
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "tea"}]}
    (folder / "boxes.json").write_text(json.dumps(content))
    return read_dataset(folder / "boxes.json", "coco")


@pytest.fixture(scope="session")
def cuts(boxed: Dataset, tmp_path_factory: pytest.TempPathFactory) -> CutOuts:
    """The cut-outs of the four photos."""
    return cut_boxes(boxed, tmp_path_factory.mktemp("cuts") / "cuts")


@pytest.fixture(scope="session")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of one product before white: a red apple and a white carton with a dark rim, and one that is not."""
    folder = tmp_path_factory.mktemp("icons")
    (folder / "Fruit").mkdir()
    (folder / "Packages").mkdir()
    apple = np.full((120, 120, 3), 255, np.uint8)
    cv2.circle(apple, (60, 60), 40, (200, 30, 30), -1)
    carton = np.full((140, 100, 3), 255, np.uint8)
    cv2.line(carton, (30, 20), (70, 20), (20, 20, 60), 5)
    cv2.line(carton, (30, 120), (70, 120), (20, 20, 60), 5)
    dark = np.zeros((50, 50, 3), np.uint8)
    for name, picture in {"Fruit/apple": apple, "Packages/carton": carton, "dark": dark}.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    return folder
