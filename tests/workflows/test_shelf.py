"""Counting a shelf with a detector and a namer that are given: what goes in comes out whole, and put together."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.shelf.facings import Guess, Named
from shelfwise.shelf.planogram import Entry, Planogram
from shelfwise.types import Detections, Prediction
from shelfwise.workflows import shelf_photos
from shelfwise.workflows.shelf import ShelfReader, pixels_of
from shelfwise.workflows.shelf_count import Names, ShelfCount, arrange_shelf

BOXES = [(10, 10, 50, 100), (60, 12, 100, 100), (10, 120, 50, 200), (110, 10, 150, 100)]
NAMES = [
    Named("accept", "Oat drink", "drinks/milk", 0.9),
    Named("accept", "Oat drink", "drinks/milk", 0.8),
    Named("unknown"),
    Named("ask", None, "tea", 0.4),
]


class Boxes:
    """Finds the same boxes on every photo, and keeps what it saw."""

    def find(self, image, *, source=None):
        self.seen = image
        scores = np.linspace(0.9, 0.5, len(BOXES), dtype=np.float32)
        return Detections(np.array(BOXES, np.float32), scores, image.width, image.height, source)


class Says:
    """Says the same of every photo's boxes."""

    model = ("0123456789ab", "toy")

    def name(self, image, boxes, progress=None):
        if progress:
            progress(len(boxes), len(boxes))
        prediction = Prediction(("a",), np.ones(1, np.float32), None, np.ones(2, np.float32))
        return Names(
            tuple(NAMES), (prediction,) * 4, np.ones((4, 2), np.float32), ("1" * 12, "1" * 12, None, None)
        )


@pytest.fixture
def reader():
    return ShelfReader(Boxes(), Says())


def photo(size=(200, 220)):
    return np.zeros((size[1], size[0], 3), np.uint8)


def test_boxes_and_names_become_facings_in_rows_and_runs(reader):
    count = reader.count(photo())
    assert [row.members for row in count.arrangement.rows] == [(0, 1, 3), (2,)]
    assert [facing.named for facing in count.facings] == NAMES
    assert [len(run) for run in count.arrangement.runs] == [2, 1, 1]
    assert dict(count.products) == {"Oat drink": 2}
    assert dict(count.categories) == {"drinks/milk": 2}
    assert (count.asked, count.unknown, len(count)) == (1, 1, 4)
    assert count.model == ("0123456789ab", "toy")


def test_the_dictionary_holds_all_of_it_and_is_json(reader):
    told = json.loads(json.dumps(reader.count(photo(), source="shelf.jpg").to_dict()))
    assert told["sources"] == ["shelf.jpg"]
    assert (told["width"], told["height"]) == (200, 220)
    assert [each["box"] for each in told["facings"]] == [list(map(float, box)) for box in BOXES]
    assert told["facings"][0]["product"] == "Oat drink"
    assert told["counts"] == {
        "facings": 4,
        "products": {"Oat drink": 2},
        "categories": {"drinks/milk": 2},
        "ask": 1,
        "unknown": 1,
    }
    assert told["runs"][0]["members"] == [0, 1]


def test_the_dictionary_tells_what_stands_beside_the_plan(reader):
    plan = Planogram(((Entry("Oat drink", 3),), (Entry("Tea", 1),)))
    told = json.loads(json.dumps(reader.count(photo(), planogram=plan).to_dict()))["planogram"]
    assert (told["compliance"], told["compliance_at_best"]) == (50, 100)
    assert told["rows"] == [{"planned": 1, "seen": 1}, {"planned": 2, "seen": 2}]
    assert [entry["elsewhere"] for entry in told["entries"]] == [0, 0]
    assert all(extra["wanted"] is None for extra in told["extras"])


def test_without_names_everything_is_unknown_and_nothing_is_asked(reader):
    count = reader.count(photo(), name=False)
    assert count.names is None and count.model is None
    assert count.unknown == len(count) == 4
    assert ShelfReader(Boxes()).count(photo()).names is None


def test_progress_is_told(reader):
    told = []
    reader.count(photo(), progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 4)]


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "pixels", "picture"])
def test_a_photo_may_come_in_any_form_and_is_seen_upright_in_full(reader, tmp_path, kind):
    picture = Image.new("RGB", (220, 200), (10, 200, 30))
    exif = Image.Exif()
    exif[0x0112] = 6
    file = tmp_path / "shelf.png"
    picture.save(file, exif=exif)
    if kind == "picture":
        given = Image.open(io.BytesIO(file.read_bytes()))
    else:
        given = {"path": file, "text": str(file), "bytes": file.read_bytes()}.get(kind, photo())
    count = reader.count(given)
    assert reader.detector.seen.size == (200, 220)
    assert (count.found.width, count.found.height) == (200, 220)
    assert count.source == (str(file) if kind in ("path", "text") else None)


def test_what_is_no_photo_is_an_error_that_names_it(reader, tmp_path):
    with pytest.raises(ImageError, match=r"none\.jpg: no such file"):
        reader.count(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="height × width × 3"):
        pixels_of(np.zeros((4, 4), np.uint8))


def test_a_count_whose_parts_do_not_fit_is_refused(reader):
    count = reader.count(photo())
    with pytest.raises(ValueError, match="one photo"):
        ShelfCount((), count.found, count.arrangement)
    fewer = Detections(count.found.boxes[:2], count.found.scores[:2], 200, 220)
    with pytest.raises(ValueError, match="4 facings of 2"):
        ShelfCount((None,), fewer, count.arrangement)
    with pytest.raises(ValueError, match="names"):
        Names(tuple(NAMES), (), np.ones((4, 2), np.float32), (None,) * 4)


def test_a_doubtful_facing_is_marked_as_such_though_the_same_product_is_on_both_sides(monkeypatch):
    doubtful = Named("ask", "Tea", "tea", 0.4, (Guess("Oat drink", "drinks/milk", 0.3),))
    oat = Named("accept", "Oat drink", "drinks/milk", 0.9)
    boxes = np.array([(10, 10, 50, 90), (60, 10, 100, 90), (110, 10, 150, 90)], np.float32)
    found = Detections(boxes, np.full(3, 0.9, np.float32), 200, 100)
    count = ShelfCount((None,), found, arrange_shelf(found, [oat, doubtful, oat]))
    drawn = []
    monkeypatch.setattr(shelf_photos, "draw_shelf", lambda photo, marks, **_: drawn.extend(marks))
    shelf_photos.mark_out(Image.new("RGB", (200, 100)), count)
    sure = ("drinks/milk", "accept")
    assert [(mark.category, mark.answer) for mark in drawn] == [sure, ("tea", "ask"), sure]
