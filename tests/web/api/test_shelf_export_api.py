"""Corrected shelf photos as a COCO set, over the API."""

import io
import json
import zipfile

import pytest

from shelfwise.datasets.layouts import read_dataset

SHELF = "/api/v1/shelf"


@pytest.fixture
def shelf(clerk, scene, goods):
    """A shelf photo with one box renamed, one unknown and one taken away."""
    new = clerk.post(f"{SHELF}?store={goods.store}", files={"photo": ("a.png", scene.photo)}).json()
    boxes = [
        {"key": "1", "product_id": goods.tea},
        {"key": "4", "product_id": goods.rice},
        {"key": "2", "verdict": "unknown"},
        {"key": "6", "removed": True},
    ]
    return clerk.patch(f"{SHELF}/{new['id']}", json={"boxes": boxes}).json()


def opened(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("annotations.json"))


def test_a_detector_learns_from_all_boxes(manager, shelf, scene, tmp_path):
    archive, coco = opened(manager.get(f"{SHELF}/export"))
    (image,) = coco["images"]
    assert image["file_name"] == f"images/{shelf['photo']}.png"
    assert (image["width"], image["height"]) == scene.size
    assert coco["categories"] == [{"id": 1, "name": "product"}]
    expected = [[x, y, right - x, bottom - y] for x, y, right, bottom in scene.boxes[:5]]
    assert [each["bbox"] for each in coco["annotations"]] == expected
    archive.extractall(tmp_path)
    dataset = read_dataset(tmp_path, "coco")
    assert len(dataset.samples) == 5
    assert dataset.categories == ("product",)


def test_a_classifier_learns_from_named_ones(manager, shelf, tmp_path):
    archive, coco = opened(manager.get(f"{SHELF}/export?names=product"))
    names = {each["id"]: each["name"] for each in coco["categories"]}
    named = [names[each["category_id"]] for each in coco["annotations"]]
    assert named[0] == "Tea"
    assert "Rice" in named
    assert len(named) < 5  # those that nobody named are left out
    archive.extractall(tmp_path)
    assert set(read_dataset(tmp_path, "coco").categories) >= {"Tea", "Rice"}
    _, coco = opened(manager.get(f"{SHELF}/export?names=category"))
    assert {"drinks", "food"} <= {each["name"] for each in coco["categories"]}


def test_what_nobody_looked_at_is_not_in_it(manager, clerk, scene, goods):
    clerk.post(f"{SHELF}?store={goods.store}", files={"photo": ("a.png", scene.photo)})
    _, coco = opened(manager.get(f"{SHELF}/export?store={goods.store}"))
    assert (coco["images"], coco["annotations"]) == ([], [])


def test_of_a_photo_that_was_sent_twice_the_last_correction_counts(manager, clerk, shelf, scene, goods):
    new = clerk.post(f"{SHELF}?store={goods.store}", files={"photo": ("a.png", scene.photo)}).json()
    clerk.patch(f"{SHELF}/{new['id']}", json={"boxes": [{"key": key, "removed": True} for key in "12345"]})
    _, coco = opened(manager.get(f"{SHELF}/export"))
    assert len(coco["images"]) == len(coco["annotations"]) == 1


def test_who_may_export(manager, clerk, admin, nobody, shelf, scene, goods):
    assert clerk.get(f"{SHELF}/export").status_code == 403
    assert nobody.get(f"{SHELF}/export").status_code == 401
    assert manager.get(f"{SHELF}/export?store={goods.other}").status_code == 403
    assert manager.get(f"{SHELF}/export?names=all").status_code == 422
    there = admin.post(f"{SHELF}?store={goods.other}", files={"photo": ("a.png", scene.photo + b"")}).json()
    admin.patch(f"{SHELF}/{there['id']}", json={"boxes": [{"key": "1", "removed": True}]})
    _, own = opened(manager.get(f"{SHELF}/export"))
    assert [each["id"] for each in own["images"]] == [shelf["id"]]
    _, all_of_them = opened(admin.get(f"{SHELF}/export"))
    assert [each["id"] for each in all_of_them["images"]] == [there["id"]]
