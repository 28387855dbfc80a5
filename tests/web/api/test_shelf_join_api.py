"""Two photos of one shelf put together over the API."""

import io

import numpy as np
import pytest
from PIL import Image

from shelfwise.types import Detections

SHELF = "/api/v1/shelf"
WIDE, HIGH = 1000, 400


COLOURS = [(250, 20, 20), (20, 250, 20), (20, 20, 250), (250, 250, 20), (250, 20, 250), (20, 250, 250)]
ORDER = ((0, 1, 3, 2, 4, 5, 0, 2, 5, 1, 4), (5, 3, 0, 4, 1, 2, 3, 5, 4, 0, 1))
LEFTS = (10, 98, 170, 265, 340, 455, 530, 612, 720, 800, 905)
"""Left edges of a row's products: no step is like the next one."""


class LongShelf:
    """Two rows of eleven products, in six colours, photographed in two parts that overlap."""

    def __init__(self) -> None:
        ends = (*LEFTS[1:], 1000)
        self.boxes = [
            [left, 20 + 190 * row, end - 8, 180 + 190 * row]
            for row in (0, 1)
            for left, end in zip(LEFTS, ends, strict=True)
        ]
        self.picture = Image.new("RGB", (WIDE, HIGH), (128, 128, 128))
        for number, box in enumerate(self.boxes):
            self.picture.paste(COLOURS[ORDER[number // 11][number % 11]], tuple(box))
        self.parts = {"left": (0, 640), "right": (360, WIDE)}

    def photo(self, part: str) -> bytes:
        """A part as a PNG file."""
        left, right = self.parts[part]
        out = io.BytesIO()
        self.picture.crop((left, 0, right, HIGH)).save(out, "PNG")
        return out.getvalue()

    def find(self, image, *, source=None):
        """The boxes that are whole on the part whose first pixels these are."""
        part = next(
            part
            for part, (left, right) in self.parts.items()
            if (np.asarray(self.picture.crop((left, 0, right, HIGH))) == np.asarray(image)).all()
        )
        left, right = self.parts[part]
        whole = [
            [x - left, top, r - left, bottom] for x, top, r, bottom in self.boxes if x >= left and r <= right
        ]
        return Detections(
            np.array(whole, np.float32),
            np.linspace(0.9, 0.5, len(whole), dtype=np.float32),
            image.width,
            image.height,
            source,
        )


@pytest.fixture
def halves(clerk, shop, goods):
    """Two shelf photos of the long shelf, the left one first."""
    long = LongShelf()
    shop.shelves.use(long)
    answers = [
        clerk.post(f"{SHELF}?location={goods.shelf}", files={"photo": ("a.png", long.photo(part))})
        for part in ("left", "right")
    ]
    return [answer.json() for answer in answers]


def joined(client, *ids):
    return client.post(f"{SHELF}/join", json={"ids": list(ids)})


def test_what_is_on_both_counts_once(clerk, halves, goods):
    left, right = halves
    assert len(left["boxes"]) + len(right["boxes"]) > 22
    clerk.patch(f"{SHELF}/{left['id']}", json={"boxes": [{"key": "1", "product_id": goods.tea}]})
    answer = joined(clerk, left["id"], right["id"])
    assert answer.status_code == 201, answer.text
    whole = answer.json()
    assert whole["joined_from"] == [left["id"], right["id"]]
    assert whole["location_id"] == goods.shelf
    assert len(whole["boxes"]) == 22
    assert whole["width"] == pytest.approx(WIDE, abs=6)
    assert [len(row["keys"]) for row in whole["rows"]] == [11, 11]
    assert whole["boxes"][0]["product"]["name"] == "Tea"  # what people said stays
    assert clerk.get(f"/api/v1/photos/{whole['photo']}").status_code == 200


def test_photos_that_do_not_overlap_are_told(clerk, halves, scene, shop, goods):
    shop.shelves.use(scene)
    other = clerk.post(f"{SHELF}?location={goods.shelf}", files={"photo": ("a.png", scene.photo)}).json()
    answer = joined(clerk, halves[0]["id"], other["id"])
    assert answer.status_code == 422
    assert "cannot be joined" in answer.json()["detail"]


def test_what_cannot_be_joined_is_refused(clerk, reader, admin, halves, scene, shop, goods):
    left, right = (half["id"] for half in halves)
    assert joined(reader, left, right).status_code == 403
    for ids in ([left, left], [left], [left, right, left], [left, 4711], [left, "x"], []):
        assert joined(clerk, *ids).status_code == 422, ids
    shop.shelves.use(scene)
    there = admin.post(f"{SHELF}?store={goods.other}", files={"photo": ("a.png", scene.photo)}).json()
    assert joined(clerk, left, there["id"]).status_code == 403
    assert joined(admin, left, there["id"]).status_code == 422
