"""Fixtures for the tests of datasets: photos with labelled boxes."""

import json
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import escape

import pytest
import yaml
from PIL import Image

from shelfwise.datasets.dataset import Box, Dataset

_SIZE = (40, 30)
_Shelf = dict[str, list[tuple[str, Box]]]
"""Photo name to its labelled boxes."""


class Shelves:
    """Writes photos with labelled boxes in the layouts that hold them, and reads what came of them."""

    SHELF: ClassVar[_Shelf] = {
        "a.jpg": [("tea", Box(4, 6, 10, 20)), ("oil", Box(20, 0, 20, 30))],
        "b.jpg": [("tea", Box(0, 0, 8, 5))],
    }

    @staticmethod
    def photo(path: Path, size: tuple[int, int] = _SIZE, *, orientation: int | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        if orientation is not None:
            exif[0x0112] = orientation
        Image.new("RGB", size).save(path, exif=exif)

    @staticmethod
    def write_coco(root: Path, shelf: _Shelf, *, sized: bool = True) -> None:
        names = sorted({name for boxes in shelf.values() for name, _ in boxes})
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, (file, boxes) in enumerate(shelf.items()):
            Shelves.photo(root / "images" / file)
            images.append(
                {"id": number, "file_name": file} | ({"width": _SIZE[0], "height": _SIZE[1]} if sized else {})
            )
            for name, box in boxes:
                bbox = [box.x, box.y, box.width, box.height]
                annotations.append(
                    {"id": len(annotations), "image_id": number, "category_id": names.index(name) + 1}
                    | {"bbox": bbox}
                )
        categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
        content = {"images": images, "annotations": annotations, "categories": categories}
        (root / "boxes.json").write_text(json.dumps(content))

    @staticmethod
    def write_yolo(root: Path, shelf: _Shelf) -> None:
        names = sorted({name for boxes in shelf.values() for name, _ in boxes})
        for file, boxes in shelf.items():
            Shelves.photo(root / "train/images" / file)
            label = root / "train/labels" / Path(file).with_suffix(".txt")
            label.parent.mkdir(parents=True, exist_ok=True)
            lines = [
                f"{names.index(name)} {(b.x + b.width / 2) / _SIZE[0]!r} {(b.y + b.height / 2) / _SIZE[1]!r} "
                f"{b.width / _SIZE[0]!r} {b.height / _SIZE[1]!r}"
                for name, b in boxes
            ]
            label.write_text("\n".join(lines))
        (root / "data.yaml").write_text(
            yaml.safe_dump({"train": "../train/images", "nc": len(names), "names": names})
        )

    @staticmethod
    def write_voc(root: Path, shelf: _Shelf) -> None:
        (root / "Annotations").mkdir(parents=True)
        for file, boxes in shelf.items():
            Shelves.photo(root / "JPEGImages" / file)
            objects = "".join(
                f"<object><name>{escape(name)}</name><bndbox><xmin>{b.x + 1}</xmin><ymin>{b.y + 1}</ymin>"
                f"<xmax>{b.x + b.width}</xmax><ymax>{b.y + b.height}</ymax></bndbox></object>"
                for name, b in boxes
            )
            (root / "Annotations" / Path(file).with_suffix(".xml")).write_text(
                f"<annotation><size><width>{_SIZE[0]}</width><height>{_SIZE[1]}</height></size>{objects}</annotation>",
                encoding="utf-8",
            )

    @staticmethod
    def write_unsized_voc(root: Path, shelf: _Shelf) -> None:
        Shelves.write_voc(root, shelf)
        for file in (root / "Annotations").iterdir():
            file.write_text(file.read_text().replace("<width>40</width>", ""))

    @staticmethod
    def shelf_of(dataset: Dataset) -> _Shelf:
        result: _Shelf = {}
        for sample in dataset.samples:
            assert sample.box is not None
            result.setdefault(Path(sample.path).name, []).append(
                (dataset.categories[sample.label], sample.box)
            )
        return result

    WRITERS: ClassVar = {"coco": write_coco, "yolo": write_yolo, "voc": write_voc}


@pytest.fixture(scope="session")
def shelves() -> type[Shelves]:
    """Sets of boxes."""
    return Shelves
