"""Boxes in COCO form."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shelfwise.datasets.dataset import Box, PhotoNote
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import LayoutError


def edit(path: Path, change: Callable[[Any], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["annotations"][1].update(bbox=[30, 0, 30, 30]), "annotation 1: the box .* lies outside"),
        (lambda c: c["annotations"][1].update(bbox=[30, 0, 30]), r"not COCO at annotations\.1\.bbox"),
        (
            lambda c: c["annotations"][1].update(bbox=[30, 0, "NaN", 1]),
            r"not COCO at annotations\.1\.bbox\.2",
        ),
        (lambda c: c["annotations"][0].update(image_id=77), "annotation 0: there is no image with id 77"),
        (
            lambda c: c["annotations"][0].update(category_id=77),
            "annotation 0: there is no category with id 77",
        ),
        (lambda c: c["images"][0].update(file_name="../../a.jpg"), "image 0: .* leads out"),
        (lambda c: c["images"][0].update(file_name="/a.jpg"), "image 0: .* leads out"),
        (lambda c: c["images"][1].update(file_name="z.jpg"), r"missing photos \(1\): images/z\.jpg"),
        (lambda c: c["categories"][1].update(name="oil"), "two category ids are named 'oil'"),
        (lambda c: c.pop("categories"), "not COCO at categories"),
        (lambda c: c.update(annotations=[]), "no labelled photo"),
    ],
)
def test_coco_is_checked(shelves: Any, tmp_path: Path, change: Callable[[Any], object], message: str) -> None:
    shelves.write_coco(tmp_path, shelves.SHELF)
    edit(tmp_path / "boxes.json", change)
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path / "boxes.json", "coco")


def test_coco_that_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text('{"images"')
    with pytest.raises(LayoutError, match="is not COCO at file"):
        read_dataset(tmp_path / "boxes.json", "coco")


def test_coco_leaves_out_crowds_and_groupings(shelves: Any, tmp_path: Path) -> None:
    shelves.write_coco(tmp_path, shelves.SHELF)

    def change(content: Any) -> None:
        content["annotations"][0]["iscrowd"] = 1
        content["categories"].append({"id": 0, "name": "drinks", "supercategory": "none"})
        content["categories"][0]["supercategory"] = "drinks"

    edit(tmp_path / "boxes.json", change)
    dataset = read_dataset(tmp_path / "boxes.json")
    assert dataset.categories == ("oil", "tea")
    assert len(dataset) == 2
    assert dataset.notes == (PhotoNote("images/a.jpg", None, (Box(4, 6, 10, 20),)),)


def test_coco_checks_crowds_like_other_boxes(shelves: Any, tmp_path: Path) -> None:
    shelves.write_coco(tmp_path, shelves.SHELF)
    edit(tmp_path / "boxes.json", lambda c: c["annotations"][0].update(iscrowd=1, bbox=[30, 0, 30, 30]))
    with pytest.raises(LayoutError, match=r"annotation 0: the box .* lies outside"):
        read_dataset(tmp_path)


def test_coco_without_sizes_opens_the_pictures(shelves: Any, tmp_path: Path) -> None:
    shelves.write_coco(tmp_path, shelves.SHELF, sized=False)
    assert shelves.shelf_of(read_dataset(tmp_path)) == shelves.SHELF
    (tmp_path / "images/a.jpg").unlink()
    with pytest.raises(LayoutError, match=r"missing photos \(1\): images/a\.jpg"):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    "places",
    [
        {"train": "train/_annotations.coco.json", "val": "valid/_annotations.coco.json"},
        {"train": "annotations/instances_train2017.json", "val": "annotations/instances_val2017.json"},
    ],
)
def test_coco_files_named_for_parts_give_official_parts(
    shelves: Any, tmp_path: Path, places: dict[str, str]
) -> None:
    for part, place in places.items():
        file = tmp_path / place
        photos = (
            file.parent if part in place.partition("/")[0] or "valid" in place else tmp_path / f"{part}2017"
        )
        shelves.photo(photos / f"{part}.jpg")
        content = {
            "images": [{"id": 1, "file_name": f"{part}.jpg", "width": 40, "height": 30}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [0, 0, 9, 9]}],
            "categories": [{"id": 5, "name": "tea"}],
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "coco"
    assert {
        part: dataset.samples[its[0]].path.rpartition("/")[2] for part, its in dataset.official.items()
    } == {
        "train": "train.jpg",
        "val": "val.jpg",
    }
    assert len(read_dataset(tmp_path / places["val"])) == 1


def test_several_coco_files_without_parts_are_refused(shelves: Any, tmp_path: Path) -> None:
    shelves.write_coco(tmp_path, shelves.SHELF)
    (tmp_path / "more.json").write_text((tmp_path / "boxes.json").read_text())
    with pytest.raises(LayoutError, match=r"several COCO files: boxes\.json, more\.json"):
        read_dataset(tmp_path)


@pytest.mark.realdata
def test_the_real_freiburg_boxes(real_data: Path) -> None:
    dataset = read_dataset(real_data / "freiburg" / "boxes.json", "coco")
    assert (len(dataset), len(dataset.categories)) == (9307, 25)
    for sample in dataset.samples:
        assert sample.path.split("/")[1] == dataset.categories[sample.label]
