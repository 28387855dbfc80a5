import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from shelfwise.datasets.checks import check_boxes, check_dataset
from shelfwise.datasets.layouts import read_dataset

SIZE = (320, 240)
GOOD = ((10, 10, 60, 90), (100, 10, 60, 90), (200, 10, 60, 90))


@pytest.fixture
def shelves(tmp_path):
    """Writes a COCO set of one category: a photo for each list of boxes."""

    def write(*photos):
        random = np.random.default_rng(5)
        (tmp_path / "images").mkdir()
        images, boxes = [], []
        for number, own in enumerate(photos):
            fields = Image.fromarray(random.integers(30, 220, (6, 8, 3), dtype=np.uint8))
            fields.resize(SIZE, Image.Resampling.NEAREST).save(tmp_path / "images" / f"{number}.png")
            images.append({"id": number, "file_name": f"{number}.png", "width": SIZE[0], "height": SIZE[1]})
            boxes += [
                {"id": len(boxes) + place, "image_id": number, "category_id": 1, "bbox": list(box)}
                for place, box in enumerate(own)
            ]
        content = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "product"}]}
        (tmp_path / "boxes.json").write_text(json.dumps(content))
        return read_dataset(tmp_path, strict=False)

    return write


def kinds(report):
    return {finding.kind for finding in report.findings}


def test_a_good_set_of_one_category_has_notes_alone(shelves, of_kind):
    report = check_boxes(shelves(*[GOOD] * 10, GOOD[:1], ()))
    assert not report.has_errors
    assert kinds(report) == {"bare", "products"}
    assert (report.photos, report.task, sum(report.counts.values())) == (12, "detect", 31)
    (bare,) = of_kind(report, "bare")
    assert (bare.message, bare.value) == ("1 photo of 12", 1)
    assert [photo.path for photo in bare.photos] == ["images/11.png"]
    many, large = of_kind(report, "products")
    assert many.message == "on each photo with products: 1 to 3, 3 in the median"
    assert large.message == "shorter side in pixels: 60 to 60, 60 in the median"


def test_what_names_it_says_that_there_is_another_check(shelves, of_kind):
    (found,) = of_kind(check_dataset(shelves(*[GOOD] * 3)), "one-category")
    assert found.message.startswith("only product has photos")
    assert "--task detect" in found.message


def test_boxes_outside_tiny_and_on_one_another_are_found(shelves, of_kind):
    outside, tiny = (290, 10, 60, 90), (10, 150, 5, 40)
    report = check_boxes(shelves(*[GOOD] * 10, (*GOOD, outside), (*GOOD, tiny), (*GOOD, (11, 10, 60, 90))))
    for kind, photo in (("box-outside", 10), ("tiny", 11), ("duplicate-box", 12)):
        (found,) = of_kind(report, kind)
        assert [each.path for each in found.photos] == [f"images/{photo}.png"]
    assert of_kind(report, "tiny")[0].message == "1 box under 8 pixels, down to 5"
    assert of_kind(report, "duplicate-box")[0].value == 1


def test_neighbours_and_boxes_that_overlap_are_not_on_one_another(shelves, of_kind):
    report = check_boxes(shelves(*[((10, 10, 60, 90), (25, 10, 60, 90))] * 10))
    assert of_kind(report, "duplicate-box") == []


@pytest.mark.parametrize(
    ("photos", "kind", "severity"),
    [
        ([GOOD, GOOD], "few-shelves", "error"),
        ([GOOD] * 4, "few-shelves", "warning"),
    ],
)
def test_too_little_is_told(shelves, of_kind, photos, kind, severity):
    (found,) = of_kind(check_boxes(shelves(*photos)), kind)
    assert found.severity == severity


def test_a_set_without_any_box_is_an_error(shelves, of_kind):
    report = check_boxes(replace(shelves(GOOD, ()), samples=()))
    assert of_kind(report, "no-products")[0].severity == "error"
    assert "products" not in kinds(report)


def test_parts_hold_photos_without_boxes_too(shelves, of_kind):
    dataset = shelves(*[GOOD] * 11, ())
    copy = dataset.root / "images" / "11.png"
    copy.write_bytes((dataset.root / "images" / "0.png").read_bytes())
    parts = {
        "train": {f"images/{number}.png" for number in range(8)},
        "test": {f"images/{number}.png" for number in range(8, 12)},
    }
    (leak,) = of_kind(check_boxes(dataset, parts=parts), "leakage")
    assert [(photo.path, photo.parts) for photo in leak.photos] == [
        ("images/0.png", ("train",)),
        ("images/11.png", ("test",)),
    ]
