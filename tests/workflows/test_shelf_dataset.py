"""Corrected shelf photos as a folder to train on."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from shelfwise.answers.shelf_book import ShelfBook
from shelfwise.answers.shelf_records import AddedShelf, BoxChange, FoundBox
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


def test_what_is_put_together_or_no_longer_kept_is_left_out(book, photos, corrected, tmp_path):
    corrected((1, 200, 3), joined_from=(1, 2))
    gone = corrected((1, 2, 200))
    photos.path(gone.photo).unlink()
    with pytest.raises(DataError):
        export_shelves(book, photos, tmp_path / "set")


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
