"""Boxes in COCO, YOLO and Pascal VOC form."""

import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from shelfwise.datasets.dataset import Box, Dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.layouts.boxes import fitted_box
from shelfwise.errors import ImageError, LayoutError
from shelfwise.images.preprocess import Preprocessing

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIZE = (40, 30)
Shelf = dict[str, list[tuple[str, Box]]]
"""Photo name to its labelled boxes."""

SHELF: Shelf = {
    "a.jpg": [("tea", Box(4, 6, 10, 20)), ("oil", Box(20, 0, 20, 30))],
    "b.jpg": [("tea", Box(0, 0, 8, 5))],
}


def photo(path: Path, size: tuple[int, int] = SIZE, *, orientation: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.new("RGB", size).save(path, exif=exif)


def write_coco(root: Path, shelf: Shelf, *, sized: bool = True) -> None:
    names = sorted({name for boxes in shelf.values() for name, _ in boxes})
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, (file, boxes) in enumerate(shelf.items()):
        photo(root / "images" / file)
        images.append(
            {"id": number, "file_name": file} | ({"width": SIZE[0], "height": SIZE[1]} if sized else {})
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


def write_yolo(root: Path, shelf: Shelf) -> None:
    names = sorted({name for boxes in shelf.values() for name, _ in boxes})
    for file, boxes in shelf.items():
        photo(root / "train/images" / file)
        label = root / "train/labels" / Path(file).with_suffix(".txt")
        label.parent.mkdir(parents=True, exist_ok=True)
        lines = [
            f"{names.index(name)} {(b.x + b.width / 2) / SIZE[0]!r} {(b.y + b.height / 2) / SIZE[1]!r} "
            f"{b.width / SIZE[0]!r} {b.height / SIZE[1]!r}"
            for name, b in boxes
        ]
        label.write_text("\n".join(lines))
    (root / "data.yaml").write_text(
        yaml.safe_dump({"train": "../train/images", "nc": len(names), "names": names})
    )


def write_voc(root: Path, shelf: Shelf) -> None:
    (root / "Annotations").mkdir(parents=True)
    for file, boxes in shelf.items():
        photo(root / "JPEGImages" / file)
        objects = "".join(
            f"<object><name>{escape(name)}</name><bndbox><xmin>{b.x + 1}</xmin><ymin>{b.y + 1}</ymin>"
            f"<xmax>{b.x + b.width}</xmax><ymax>{b.y + b.height}</ymax></bndbox></object>"
            for name, b in boxes
        )
        (root / "Annotations" / Path(file).with_suffix(".xml")).write_text(
            f"<annotation><size><width>{SIZE[0]}</width><height>{SIZE[1]}</height></size>{objects}</annotation>",
            encoding="utf-8",
        )


WRITERS: dict[str, Callable[[Path, Shelf], None]] = {"coco": write_coco, "yolo": write_yolo, "voc": write_voc}


def shelf_of(dataset: Dataset) -> Shelf:
    result: Shelf = {}
    for sample in dataset.samples:
        assert sample.box is not None
        result.setdefault(Path(sample.path).name, []).append((dataset.categories[sample.label], sample.box))
    return result


@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_one_sample_a_box(tmp_path: Path, layout: str) -> None:
    WRITERS[layout](tmp_path, SHELF)
    dataset = read_dataset(tmp_path)
    assert dataset.layout == layout
    assert dataset.categories == ("oil", "tea")
    assert shelf_of(dataset) == SHELF
    assert all(dataset.path(index).is_file() for index in range(len(dataset)))


BOXES = st.builds(
    lambda x, y, w, h: Box(float(x), float(y), float(w), float(h)),
    *[st.integers(0, 15)] * 2,
    *[st.integers(1, 15)] * 2,
)
NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6)
SHELVES = st.dictionaries(
    st.integers(0, 99).map("{}.jpg".format),
    st.lists(st.tuples(NAMES, BOXES), min_size=1, max_size=4, unique_by=lambda item: item[1]),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("layout", sorted(WRITERS))
@settings(CALM, max_examples=25)
@given(shelf=SHELVES)
def test_written_boxes_are_read_back(layout: str, shelf: Shelf) -> None:
    with tempfile.TemporaryDirectory() as folder:
        WRITERS[layout](Path(folder), shelf)
        assert shelf_of(read_dataset(Path(folder), layout)) == shelf


@CALM
@given(st.tuples(*[st.floats(-10, 60, allow_nan=False)] * 4))
def test_a_fitted_box_lies_in_the_picture(corners: tuple[float, float, float, float]) -> None:
    try:
        box = fitted_box(*corners, SIZE, "here")
    except LayoutError:
        return
    assert box.x >= 0 and box.y >= 0 and box.width >= 1 and box.height >= 1
    assert box.x + box.width <= SIZE[0] + 1e-6 and box.y + box.height <= SIZE[1] + 1e-6


def test_a_box_that_hangs_over_a_little_is_clipped() -> None:
    assert fitted_box(-1, -0.5, 41.5, 31, SIZE, "here") == Box(0, 0, 40, 30)


def test_a_box_of_a_picture_of_unknown_size_is_taken_as_it_is() -> None:
    assert fitted_box(-1, 2.001, 9000, 31, None, "here") == Box(-1, 2, 9001, 29)
    with pytest.raises(LayoutError, match="less than a pixel"):
        fitted_box(5, 5, 5, 10, None, "here")


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ((0, 0, 60, 10), "outside the picture of 40×30 pixels"),
        ((-9, 0, 10, 10), "outside"),
        ((5, 5, 5, 10), "less than a pixel"),
        ((9, 5, 5, 10), "less than a pixel"),
        ((float("nan"), 0, 5, 5), "finite"),
    ],
)
def test_a_wrong_box_is_refused(corners: tuple[float, float, float, float], message: str) -> None:
    with pytest.raises(LayoutError, match=f"here: the box .*{message}"):
        fitted_box(*corners, SIZE, "here")


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
def test_coco_is_checked(tmp_path: Path, change: Callable[[Any], object], message: str) -> None:
    write_coco(tmp_path, SHELF)
    edit(tmp_path / "boxes.json", change)
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path / "boxes.json", "coco")


def test_coco_that_is_not_json(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text('{"images"')
    with pytest.raises(LayoutError, match="is not COCO at file"):
        read_dataset(tmp_path / "boxes.json", "coco")


def test_coco_leaves_out_crowds_and_groupings(tmp_path: Path) -> None:
    write_coco(tmp_path, SHELF)

    def change(content: Any) -> None:
        content["annotations"][0]["iscrowd"] = 1
        content["categories"].append({"id": 0, "name": "drinks", "supercategory": "none"})
        content["categories"][0]["supercategory"] = "drinks"

    edit(tmp_path / "boxes.json", change)
    dataset = read_dataset(tmp_path / "boxes.json")
    assert dataset.categories == ("oil", "tea")
    assert len(dataset) == 2


def test_coco_without_sizes_opens_the_pictures(tmp_path: Path) -> None:
    write_coco(tmp_path, SHELF, sized=False)
    assert shelf_of(read_dataset(tmp_path)) == SHELF
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
def test_coco_files_named_for_parts_give_official_parts(tmp_path: Path, places: dict[str, str]) -> None:
    for part, place in places.items():
        file = tmp_path / place
        photos = (
            file.parent if part in place.partition("/")[0] or "valid" in place else tmp_path / f"{part}2017"
        )
        photo(photos / f"{part}.jpg")
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


def test_several_coco_files_without_parts_are_refused(tmp_path: Path) -> None:
    write_coco(tmp_path, SHELF)
    (tmp_path / "more.json").write_text((tmp_path / "boxes.json").read_text())
    with pytest.raises(LayoutError, match=r"several COCO files: boxes\.json, more\.json"):
        read_dataset(tmp_path)


def test_yolo_polygons_become_the_box_around_them(tmp_path: Path) -> None:
    write_yolo(tmp_path, SHELF)
    (tmp_path / "train/labels/b.txt").write_text("1 0.25 0.5 0.75 0.5 0.5 0.9\n\n")
    assert shelf_of(read_dataset(tmp_path))["b.jpg"] == [("tea", Box(10, 15, 20, 12))]


def test_yolo_boxes_are_of_the_picture_as_shown(tmp_path: Path) -> None:
    write_yolo(tmp_path, SHELF)
    photo(tmp_path / "train/images/b.jpg", (40, 30), orientation=6)
    (tmp_path / "train/labels/b.txt").write_text("1 0.5 0.5 1 1")
    assert shelf_of(read_dataset(tmp_path))["b.jpg"] == [("tea", Box(0, 0, 30, 40))]


def test_yolo_photos_without_products_give_no_sample(tmp_path: Path) -> None:
    write_yolo(tmp_path, SHELF)
    photo(tmp_path / "train/images/bare.jpg")
    (tmp_path / "train/labels/b.txt").write_text("")
    assert set(shelf_of(read_dataset(tmp_path))) == {"a.jpg"}


def test_yolo_parts_may_be_lists_and_names_a_mapping(tmp_path: Path) -> None:
    write_yolo(tmp_path, SHELF)
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


def test_yolo_path_is_heeded_where_it_is_inside(tmp_path: Path) -> None:
    write_yolo(tmp_path / "sub", SHELF)
    (tmp_path / "data.yaml").write_text(
        yaml.safe_dump({"path": "sub", "train": "train", "names": ["oil", "tea"]})
    )
    assert shelf_of(read_dataset(tmp_path)) == SHELF


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
def test_yolo_lines_are_checked(tmp_path: Path, line: str, message: str) -> None:
    write_yolo(tmp_path, SHELF)
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
def test_yolo_descriptions_are_checked(tmp_path: Path, text: str, message: str) -> None:
    write_yolo(tmp_path, SHELF)
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


def test_yolo_labels_without_photos_are_counted(tmp_path: Path) -> None:
    write_yolo(tmp_path, SHELF)
    (tmp_path / "train/images/a.jpg").unlink()
    with pytest.raises(LayoutError, match=r"photos are missing \(1\): train/labels/a\.txt"):
        read_dataset(tmp_path)


def write_unsized_voc(root: Path, shelf: Shelf) -> None:
    write_voc(root, shelf)
    for file in (root / "Annotations").iterdir():
        file.write_text(file.read_text().replace("<width>40</width>", ""))


@pytest.mark.parametrize("content", [b"", b"x", None])
@pytest.mark.parametrize("write", [partial(write_coco, sized=False), write_yolo, write_unsized_voc])
def test_boxes_of_a_picture_that_cannot_be_read_are_kept(
    tmp_path: Path, write: Callable[[Path, Shelf], None], content: bytes | None
) -> None:
    write(tmp_path, SHELF)
    (photo,) = tmp_path.rglob("a.jpg")
    if content is None:
        content = photo.read_bytes()[:20]
    photo.write_bytes(content)
    dataset = read_dataset(tmp_path)
    assert dataset.counts() == (1, 2)
    assert shelf_of(dataset)["b.jpg"] == SHELF["b.jpg"]
    preprocessing = Preprocessing(8, mean=(0, 0, 0), std=(1, 1, 1))
    for index in (0, 1):
        with pytest.raises(ImageError, match=r"a\.jpg"):
            preprocessing.load(dataset.path(index), box=dataset.samples[index].box)


def test_voc_image_sets_are_official_parts(tmp_path: Path) -> None:
    write_voc(tmp_path, SHELF)
    sets = tmp_path / "ImageSets/Main"
    sets.mkdir(parents=True)
    (sets / "trainval.txt").write_text("a\n")
    (sets / "test.txt").write_text("b\n")
    assert read_dataset(tmp_path).official == {"train": (0, 1), "test": (2,)}
    (sets / "train.txt").write_text("a\nzzz\n")
    with pytest.raises(LayoutError, match=r"train\.txt:2: there is no photo named 'zzz'"):
        read_dataset(tmp_path)
    (sets / "train.txt").write_text("b\n")
    with pytest.raises(LayoutError, match=r"test\.txt:1: b is in train already"):
        read_dataset(tmp_path)


def test_voc_without_a_size_opens_the_picture(tmp_path: Path) -> None:
    write_voc(tmp_path, SHELF)
    file = tmp_path / "Annotations/a.xml"
    file.write_text(file.read_text().replace("<width>40</width>", "<width>0</width>"))
    assert shelf_of(read_dataset(tmp_path)) == SHELF


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<xmax>14", "<xmax>99", r"a\.xml: object 1: the box .* lies outside"),
        ("<xmin>5</xmin>", "", r"a\.xml: object 1: bndbox needs xmin"),
        ("<name>tea</name>", "<name> </name>", r"a\.xml: object 1: has no name"),
        ("<width>40", "<width>4x", "size of the picture"),
        ("</annotation>", "", "is not plain XML"),
        ("<annotation>", '<!DOCTYPE a [<!ENTITY x "y">]><annotation>', "is not plain XML"),
    ],
)
def test_voc_is_checked(tmp_path: Path, old: str, new: str, message: str) -> None:
    write_voc(tmp_path, SHELF)
    file = tmp_path / "Annotations/a.xml"
    text = file.read_text().replace(".0<", "<")
    file.write_text(text.replace(old, new))
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


def test_voc_photos_that_are_missing_are_counted(tmp_path: Path) -> None:
    write_voc(tmp_path, SHELF)
    (tmp_path / "JPEGImages/b.jpg").unlink()
    with pytest.raises(LayoutError, match=r"missing photos \(1\): b"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("layout", sorted(WRITERS))
def test_one_box_with_two_labels_is_refused(tmp_path: Path, layout: str) -> None:
    box = Box(0, 0, 8, 5)
    WRITERS[layout](tmp_path, {"b.jpg": [("tea", box), ("tea", box), ("oil", box)]})
    with pytest.raises(LayoutError, match=r"is 'oil'.*, but .* it is 'tea'"):
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


@pytest.mark.realdata
def test_the_real_freiburg_boxes(real_data: Path) -> None:
    dataset = read_dataset(real_data / "freiburg" / "boxes.json", "coco")
    assert (len(dataset), len(dataset.categories)) == (9307, 25)
    for sample in dataset.samples:
        assert sample.path.split("/")[1] == dataset.categories[sample.label]
