"""Boxes in YOLO form."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shelfwise.datasets.dataset import Box
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import LayoutError


def test_yolo_polygons_become_the_box_around_them(shelves: Any, tmp_path: Path) -> None:
    shelves.write_yolo(tmp_path, shelves.SHELF)
    (tmp_path / "train/labels/b.txt").write_text("1 0.25 0.5 0.75 0.5 0.5 0.9\n\n")
    assert shelves.shelf_of(read_dataset(tmp_path))["b.jpg"] == [("tea", Box(10, 15, 20, 12))]


def test_yolo_boxes_are_of_the_picture_as_shown(shelves: Any, tmp_path: Path) -> None:
    shelves.write_yolo(tmp_path, shelves.SHELF)
    shelves.photo(tmp_path / "train/images/b.jpg", (40, 30), orientation=6)
    (tmp_path / "train/labels/b.txt").write_text("1 0.5 0.5 1 1")
    assert shelves.shelf_of(read_dataset(tmp_path))["b.jpg"] == [("tea", Box(0, 0, 30, 40))]


def test_yolo_photos_without_products_give_no_sample(shelves: Any, tmp_path: Path) -> None:
    shelves.write_yolo(tmp_path, shelves.SHELF)
    shelves.photo(tmp_path / "train/images/bare.jpg")
    (tmp_path / "train/labels/b.txt").write_text("")
    assert set(shelves.shelf_of(read_dataset(tmp_path))) == {"a.jpg"}


def test_yolo_parts_may_be_lists_and_names_a_mapping(shelves: Any, tmp_path: Path) -> None:
    shelves.write_yolo(tmp_path, shelves.SHELF)
    (tmp_path / "train.txt").write_text("./train/images/a.jpg\n")
    content = {
        "path": "/elsewhere",
        "train": ["train.txt"],
        "names": {0: "oil", 1: "tea"},
    }
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(content))
    dataset = read_dataset(tmp_path / "data.yaml")
    assert dataset.official == {"train": (0, 1)}
    (tmp_path / "train.txt").write_text("/etc/a.jpg\n")
    with pytest.raises(LayoutError, match="leads out"):
        read_dataset(tmp_path)
    (tmp_path / "data.yaml").write_text(
        yaml.safe_dump(content | {"train": "train/images", "test": "train/images"})
    )
    with pytest.raises(LayoutError, match=r"a\.jpg is in train and in test"):
        read_dataset(tmp_path)


def test_yolo_path_is_heeded_where_it_is_inside(shelves: Any, tmp_path: Path) -> None:
    shelves.write_yolo(tmp_path / "sub", shelves.SHELF)
    (tmp_path / "data.yaml").write_text(
        yaml.safe_dump({"path": "sub", "train": "train", "names": ["oil", "tea"]})
    )
    assert shelves.shelf_of(read_dataset(tmp_path)) == shelves.SHELF


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.2", r"b\.txt:2: expected 4 numbers"),
        ("0 0.5 0.5 0.2 0.2 0.9", r"b\.txt:2: expected 4 numbers"),
        ("x 0.5 0.5 0.2 0.2", r"b\.txt:2: expected a category number"),
        ("0 a b c d", r"b\.txt:2: expected a category number"),
        ("7 0.5 0.5 0.2 0.2", r"b\.txt:2: category 7 is not among the 2 names"),
        ("-1 0.5 0.5 0.2 0.2", "category -1"),
        ("0 1.5 0.5 0.2 0.2", r"b\.txt:2: the box .* lies outside"),
        ("0 nan 0.5 0.2 0.2", "finite"),
    ],
)
def test_yolo_lines_are_checked(shelves: Any, tmp_path: Path, line: str, message: str) -> None:
    shelves.write_yolo(tmp_path, shelves.SHELF)
    (tmp_path / "train/labels/b.txt").write_text(f"1 0.5 0.5 0.2 0.2\n{line}\n")
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [", "is not YAML"),
        ("- tea", "expected names"),
        ("train: train/images", "'names' must list"),
        ("names: {1: tea, 2: oil}\ntrain: train/images", "'names' must list"),
        ("names: [tea, tea]\ntrain: train/images", "named twice"),
        ("names: [tea]\ntrain: gone/images", "there is no 'gone/images'"),
        ("names: [tea]\ntrain: ../../../../etc", "there is no 'etc'"),
        ("names: [tea]\ntrain: /etc", "leads out"),
        ("names: [tea]", "names no photos"),
        ("names: !!python/object/apply:os.getcwd []", "is not YAML"),
    ],
)
def test_yolo_descriptions_are_checked(shelves: Any, tmp_path: Path, text: str, message: str) -> None:
    shelves.write_yolo(tmp_path, shelves.SHELF)
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


def test_yolo_labels_without_photos_are_counted(shelves: Any, tmp_path: Path) -> None:
    shelves.write_yolo(tmp_path, shelves.SHELF)
    (tmp_path / "train/images/a.jpg").unlink()
    with pytest.raises(LayoutError, match=r"photos are missing \(1\): train/labels/a\.txt"):
        read_dataset(tmp_path)


@pytest.mark.realdata
def test_the_real_checkout_items(real_data: Path) -> None:
    dataset = read_dataset(real_data / "checkout-items")
    assert dataset.layout == "yolo"
    assert len(dataset.categories) == 9
    assert {part: len({dataset.samples[i].path for i in its}) for part, its in dataset.official.items()} == {
        "train": 120,
        "val": 50,
        "test": 51,
    }
