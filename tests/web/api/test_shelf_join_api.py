"""Two photos of one shelf put together over the API."""

import io
import json
import zipfile

import pytest

SHELF = "/api/v1/shelf"


@pytest.fixture
def halves(clerk, shop, goods, long_shelf):
    """Two shelf photos of the long shelf, the left one first."""
    answers = [
        clerk.post(f"{SHELF}?location={goods.shelf}", files={"photo": ("a.png", long_shelf.photo(part))})
        for part in ("left", "right")
    ]
    return [answer.json() for answer in answers]


def joined(client, *ids):
    return client.post(f"{SHELF}/join", json={"ids": list(ids)})


def test_what_is_on_both_counts_once(clerk, halves, long_shelf, goods):
    left, right = halves
    assert len(left["boxes"]) + len(right["boxes"]) > 22
    clerk.patch(f"{SHELF}/{left['id']}", json={"boxes": [{"key": "1", "product_id": goods.tea}]})
    answer = joined(clerk, left["id"], right["id"])
    assert answer.status_code == 201, answer.text
    whole = answer.json()
    assert whole["joined_from"] == [left["id"], right["id"]]
    assert whole["location_id"] == goods.shelf
    assert len(whole["boxes"]) == 22
    assert whole["width"] == pytest.approx(long_shelf.picture.width, abs=6)
    assert [len(row["keys"]) for row in whole["rows"]] == [11, 11]
    assert whole["boxes"][0]["product"]["name"] == "Tea"  # what people said stays
    assert clerk.get(f"/api/v1/photos/{whole['photo']}").status_code == 200


@pytest.mark.parametrize("corrected", [0, 1])
def test_what_nobody_knows_goes_before_what_the_model_says_of_it_on_the_other_photo(
    clerk, shop, halves, corrected
):
    half, other = halves[corrected], halves[1 - corrected]
    seen = half["boxes"][-1 if corrected == 0 else 0]  # on both photos
    before = joined(clerk, halves[0]["id"], halves[1]["id"]).json()
    named = [box["answer"] for box in before["boxes"]]
    clerk.patch(f"{SHELF}/{half['id']}", json={"boxes": [{"key": seen["key"], "verdict": "unknown"}]})
    whole = joined(clerk, halves[0]["id"], halves[1]["id"]).json()
    (unknown,) = [box for box in whole["boxes"] if box["verdict"] == "unknown"]
    assert (unknown["answer"], unknown["category"]) == ("unknown", None)
    assert named[whole["boxes"].index(unknown)] != "unknown"
    # What somebody else could name is no longer unknown.
    boxes = [{"key": box["key"], "category": "Tins"} for box in other["boxes"]]
    clerk.patch(f"{SHELF}/{other['id']}", json={"boxes": boxes})
    last = joined(clerk, halves[0]["id"], halves[1]["id"]).json()
    assert [box["verdict"] for box in last["boxes"]].count("unknown") == 0


def test_corrections_of_the_whole_are_exported_on_the_single_photos(clerk, manager, halves, long_shelf):
    left, right = halves
    whole = joined(clerk, left["id"], right["id"]).json()
    first, last = whole["boxes"][0], whole["boxes"][-1]
    boxes = [{"key": first["key"], "removed": True}, {"key": last["key"], "category": "Tins"}]
    clerk.patch(f"{SHELF}/{whole['id']}", json={"boxes": boxes})
    archive = zipfile.ZipFile(io.BytesIO(manager.get(f"{SHELF}/export").content))
    coco = json.loads(archive.read("annotations.json"))
    assert [image["id"] for image in coco["images"]] == [left["id"], right["id"]]
    for half, removed in ((left, 1), (right, 0)):
        found = [box["box"] for box in half["boxes"]]
        written = [
            [x, y, x + wide, y + high]
            for x, y, wide, high in (
                each["bbox"]
                for each in coco["annotations"]
                if each["image_id"] == half["id"] and not each["iscrowd"]
            )
        ]
        assert sorted(written) == [pytest.approx(box, abs=3) for box in sorted(found)[removed:]]


def test_boxes_that_people_added_come_along_once(clerk, halves, goods):
    left, right = halves
    taken = next(box for box in left["boxes"] if box["row"] == 2)["box"]
    free = [taken[0], 0, taken[2], 10]  # above all rows, at the photo's upper edge
    boxes = [
        {"key": "n1", "box": free, "product_id": goods.tea},
        {"key": "n2", "box": [edge + 1 for edge in taken], "product_id": goods.rice},
    ]
    clerk.patch(f"{SHELF}/{left['id']}", json={"boxes": boxes})
    whole = joined(clerk, left["id"], right["id"]).json()
    assert len(whole["boxes"]) == 23
    (added,) = [box for box in whole["boxes"] if box["score"] is None]
    assert added["box"] == pytest.approx(free, abs=4)
    assert added["product"]["name"] == "Tea"
    third = joined(clerk, whole["id"], right["id"]).json()  # embeddings still belong to their boxes
    assert len(third["boxes"]) == 23


def test_photos_that_do_not_overlap_are_told(clerk, halves, scene, shop, goods):
    shop.shelves.use(scene)
    other = clerk.post(f"{SHELF}?location={goods.shelf}", files={"photo": ("a.png", scene.photo)}).json()
    answer = joined(clerk, halves[0]["id"], other["id"])
    assert answer.status_code == 422
    names = f"Shelf photo {other['id']} cannot be joined to shelf photo {halves[0]['id']}: "
    assert answer.json()["detail"].startswith(names)


def test_what_cannot_be_joined_is_refused(clerk, reader, admin, halves, scene, shop, goods):
    left, right = (half["id"] for half in halves)
    assert joined(reader, left, right).status_code == 403
    for ids in ([left, left], [left], [left, right, left], [left, 4711], [left, "x"], []):
        assert joined(clerk, *ids).status_code == 422, ids
    shop.shelves.use(scene)
    there = admin.post(f"{SHELF}?store={goods.other}", files={"photo": ("a.png", scene.photo)}).json()
    assert joined(clerk, left, there["id"]).status_code == 403
    assert joined(admin, left, there["id"]).status_code == 422
