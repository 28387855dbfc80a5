"""Corrected shelf photos as a folder to train on."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from shelfwise.answers.shelf_book import ShelfBook
from shelfwise.answers.shelf_records import AddedShelf, BoxChange, FoundBox, Saying
from shelfwise.database import open_database
from shelfwise.errors import DataError, StorageError
from shelfwise.images.photo_store import PhotoStore
from shelfwise.workflows.shelf_dataset import export_shelves, open_shelf_set, zipped


@pytest.fixture
def photos(tmp_path):
    return PhotoStore(tmp_path / "photos")


@pytest.fixture
def book(tmp_path):
    with open_database(tmp_path / "stock.db", create=True) as database:
        yield ShelfBook(database)


@pytest.fixture
def corrected(book, photos):
    """Makes a shelf photo of one colour with a corrected box."""

    def make(colour=(9, 9, 9), boxes=2, **more):
        out = io.BytesIO()
        Image.new("RGB", (100, 80), colour).save(out, "JPEG")
        stored = photos.add(out.getvalue())
        shelf = book.add(AddedShelf(stored.sha256, 100, 80, "Ada", **more))
        found = [
            FoundBox((10 * n, 10, 10 * n + 9, 50), 0.9, "accept", f"fruit/{n}", 0.9) for n in range(boxes)
        ]
        book.finish(shelf.id, found, model="m", detector="d")
        book.change(shelf.id, [BoxChange("1", removed=True)], user="Ada")
        return shelf

    return make


def test_a_folder_has_photos_and_boxes(book, photos, corrected, tmp_path):
    corrected()
    folder = tmp_path / "set"
    done = export_shelves(book, photos, folder, "category")
    assert (done.photos, done.boxes, done.categories) == (1, 1, 1)
    coco = json.loads((folder / "annotations.json").read_text())
    assert coco["annotations"][0]["bbox"] == [10, 10, 9, 40]
    assert coco["annotations"][0]["area"] == 360
    assert (folder / coco["images"][0]["file_name"]).stat().st_nlink == 2
    corrected((200, 0, 0))
    assert export_shelves(book, photos, folder).photos == 2
    assert len(list((folder / "images").iterdir())) == 2


def test_another_folder_is_left_alone(book, photos, corrected, tmp_path):
    corrected()
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(StorageError, match="other files"):
        export_shelves(book, photos, folder)
    with pytest.raises(StorageError, match="is a file"):
        export_shelves(book, photos, folder / "letter.txt")
    assert (folder / "letter.txt").read_text() == "dear"


def test_nothing_corrected_is_told(book, photos, tmp_path):
    with pytest.raises(DataError, match="no shelf photo"):
        export_shelves(book, photos, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_what_an_older_version_put_together_or_is_no_longer_kept_is_left_out(
    book, photos, corrected, tmp_path
):
    old = corrected((1, 200, 3), joined_from=(1, 2))
    gone = corrected((1, 2, 200))
    photos.path(gone.photo).unlink()
    with pytest.raises(DataError, match="older Shelfwise put 1 corrected shelf photo together"):
        export_shelves(book, photos, tmp_path / "set")
    corrected()
    done = export_shelves(book, photos, tmp_path / "set")
    assert (done.photos, done.left_out) == (1, (old.id,))


@pytest.fixture
def halves(book, photos):
    """Two photos of 100 × 80 that nobody corrected, of which the second one begins 60 pixels further right."""

    def make(colour):
        out = io.BytesIO()
        Image.new("RGB", (100, 80), colour).save(out, "JPEG")
        shelf = book.add(AddedShelf(photos.add(out.getvalue()).sha256, 100, 80, "Ada"))
        book.finish(shelf.id, [], model="m", detector="d")
        return shelf

    return make((255, 0, 0)), make((0, 0, 255))


def put_together(book, photos, halves, scale=1.0):
    """The two as one picture, with three boxes: on the left one, on both, and cut off by the left one's edge."""
    out = io.BytesIO()
    size = (round(160 * scale), round(80 * scale))
    Image.new("RGB", size, (99, 9, 9)).save(out, "JPEG")
    lie = [(scale, 0, 60 * scale * number, 0, scale, 0, 0, 0, 1) for number in (0, 1)]
    stored = photos.add(out.getvalue())
    new = AddedShelf(
        stored.sha256, *size, "Ada", joined_from=tuple(half.id for half in halves), matrices=tuple(lie)
    )
    edges = [(10, 10, 40, 60), (65, 10, 95, 60), (90, 10, 130, 60)]
    found = [FoundBox(tuple(scale * edge for edge in box), 0.9, "accept", "tea", 0.9) for box in edges]
    return book.add_found(new, found, model="m", detector="d")


def exported(book, photos):
    """What is written: by photo, the edges of what it shows whole, and of what its edge cuts off."""
    made = open_shelf_set(book, photos)
    with made.annotations:
        coco = json.loads(made.annotations.read())
    assert made.boxes == sum(not each["iscrowd"] for each in coco["annotations"])
    return {
        image["id"]: [
            [
                each["bbox"]
                for each in coco["annotations"]
                if (each["image_id"], each["iscrowd"]) == (image["id"], crowd)
            ]
            for crowd in (0, 1)
        ]
        for image in coco["images"]
    }


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_corrections_of_what_was_put_together_are_on_the_single_photos(book, photos, halves, scale):
    whole = put_together(book, photos, halves, scale)
    added = BoxChange("n1", box=tuple(scale * edge for edge in (62, 65, 82, 79)))
    book.change(whole.id, [added, BoxChange("1", removed=True)], user="Ada")
    left, right = (half.id for half in halves)
    assert exported(book, photos) == {
        left: [[[65, 10, 30, 50], [62, 65, 20, 14]], [[90, 10, 10, 50]]],
        right: [[[5, 10, 30, 50], [30, 10, 40, 50], [2, 65, 20, 14]], []],
    }


def test_of_a_single_photo_and_what_was_put_together_the_last_correction_counts(book, photos, halves):
    whole = put_together(book, photos, halves)
    book.change(whole.id, [BoxChange("1", removed=True)], user="Ada")
    left, right = (half.id for half in halves)
    book.change(left, [BoxChange("n1", box=(1, 1, 9, 9))], user="Ada")
    assert exported(book, photos)[left] == [[[1, 1, 8, 8]], []]
    book.change(whole.id, [BoxChange("2", removed=True)], user="Ada")
    assert exported(book, photos) == {left: [[], [[90, 10, 10, 50]]], right: [[[30, 10, 40, 50]], []]}


def test_what_was_put_together_twice_is_on_its_photos_too(book, photos, halves):
    whole = put_together(book, photos, halves)
    out = io.BytesIO()
    Image.new("RGB", (100, 80), (0, 255, 0)).save(out, "JPEG")
    third = book.add(AddedShelf(photos.add(out.getvalue()).sha256, 100, 80, "Ada"))
    lie = ((1, 0, 0, 0, 1, 5, 0, 0, 1), (1, 0, 120, 0, 1, 0, 0, 0, 1))
    new = AddedShelf("f" * 64, 220, 85, "Ada", joined_from=(whole.id, third.id), matrices=lie)
    largest = book.add_found(new, [FoundBox((125, 15, 155, 65), 0.9)], model="m", detector="d")
    book.change(largest.id, [BoxChange("1", saying=Saying("unknown"))], user="Ada")
    left, right = (half.id for half in halves)
    assert exported(book, photos) == {
        left: [[], []],
        right: [[[65, 10, 30, 50]], []],
        third.id: [[[5, 15, 30, 50]], []],
    }


def test_a_zip_file_comes_in_pieces(book, photos, corrected):
    for red in range(5):
        corrected((50 * red, 0, 0))
    pieces = list(zipped(open_shelf_set(book, photos)))
    assert len(pieces) > 5
    assert max(map(len, pieces)) < 400_000
    with pytest.raises(ValueError, match="names"):
        open_shelf_set(book, photos, "all")


def test_a_photo_without_boxes_is_an_example_too(book, photos, corrected):
    corrected(boxes=1)
    made = open_shelf_set(book, photos)
    with made.annotations:
        coco = json.loads(made.annotations.read())
    assert (len(coco["images"]), coco["annotations"]) == (1, [])
    assert isinstance(made.photos[0], Path)
