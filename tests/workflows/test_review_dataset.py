"""Judged answers become a set that training reads as it is meant, brought up to date as a whole."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from shelfwise.answers.book import AnswerBook
from shelfwise.answers.records import NewAnswer
from shelfwise.datasets import detect, read_dataset
from shelfwise.errors import DataError, LayoutError, StorageError
from shelfwise.images.photo_store import PhotoStore
from shelfwise.inventory.catalogue import Catalogue
from shelfwise.inventory.records import NewProduct
from shelfwise.workflows.review_dataset import MARKER, export_reviewed


@pytest.fixture
def photos(tmp_path):
    return PhotoStore(tmp_path / "photos")


@pytest.fixture
def book(sqlite_database):
    return AnswerBook(sqlite_database)


@pytest.fixture
def judge(book, photos):
    """Keeps a photo, answers it and judges that. Gives the photo's hash."""

    def judged(number, verdict="confirmed", right=None, category="fruit/apple", kind="PNG", **more):
        written = io.BytesIO()
        Image.new("RGB", (8, 8), (number, 0, 0)).save(written, kind)
        photo = photos.add(written.getvalue()).sha256
        (answer,) = book.record([NewAnswer(photo, "aaaa", "accept", category, 0.9, (), "Ada")])
        book.judge(answer, verdict, category=right, user="Bo", **more)
        return photo

    return judged


def read(folder):
    """The set as training reads it: the category of each photo by its hash."""
    dataset = read_dataset(folder)
    return {Path(sample.path).stem: dataset.categories[sample.label] for sample in dataset.samples}


def test_the_set_is_read_as_it_was_judged(book, photos, judge, tmp_path):
    expected = {
        judge(1): "fruit/apple",
        judge(2, "corrected", "fruit/apple/Granny Smith", kind="JPEG"): "fruit/apple/Granny Smith",
        judge(3, "corrected", "drinks/Säfte", kind="WEBP"): "drinks/Säfte",
        judge(4, "corrected", "bread"): "bread",
    }
    judge(5, "unknown")
    judge(6, "skipped")
    done = export_reviewed(book, photos, tmp_path / "new" / "set")
    assert detect(done.folder) == "folders"
    assert read(done.folder) == expected
    assert (done.photos, done.added, done.moved, done.removed, done.unchanged) == (4, 4, 0, 0, 0)
    assert done.categories == {"bread": 1, "drinks/Säfte": 1, "fruit/apple": 1, "fruit/apple/Granny Smith": 1}
    dataset = read_dataset(done.folder)
    for sample in dataset.samples:
        path = done.folder / sample.path
        assert path.read_bytes() == photos.read(path.stem)
        assert path.stat().st_ino == photos.path(path.stem).stat().st_ino


def test_an_export_is_brought_up_to_date(book, photos, judge, tmp_path):
    stays, moves, goes = judge(1), judge(2), judge(3)
    folder = tmp_path / "set"
    export_reviewed(book, photos, folder)
    inode = folder.stat().st_ino
    again = export_reviewed(book, photos, folder)
    assert (again.unchanged, again.added, folder.stat().st_ino) == (3, 0, inode)
    judge(2, "corrected", "bread")
    judge(3, "unknown")
    new = judge(4, "corrected", "bread")
    done = export_reviewed(book, photos, folder)
    assert (done.added, done.moved, done.removed, done.unchanged) == (1, 1, 1, 1)
    assert read(folder) == {stays: "fruit/apple", moves: "bread", new: "bread"}
    assert goes not in read(folder)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_the_latest_verdict_on_a_photo_counts_and_skipping_says_nothing(book, photos, judge, tmp_path):
    judge(1)
    photo = judge(1, "corrected", "bread")
    judge(1, "skipped")
    judge(2)
    assert read(export_reviewed(book, photos, tmp_path / "set").folder)[photo] == "bread"


def test_a_product_stands_for_its_category(sqlite_database, book, photos, judge, tmp_path):
    catalogue = Catalogue(sqlite_database)
    apple = catalogue.add_product(NewProduct("Gala", category="fruit/apple/gala"))
    without = catalogue.add_product(NewProduct("Oat drink"))
    photo = judge(1, "corrected", product_id=apple.id)
    judge(2, "corrected", product_id=without.id)
    assert read(export_reviewed(book, photos, tmp_path / "set").folder) == {photo: "fruit/apple/gala"}


def test_photos_are_copied_where_they_cannot_be_linked(book, photos, judge, tmp_path, monkeypatch):
    photo = judge(1)

    def refuse(*_, **__):
        raise OSError(18, "Invalid cross-device link")

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", refuse)
        folder = export_reviewed(book, photos, tmp_path / "set").folder
    assert read(folder) == {photo: "fruit/apple"}
    (path,) = folder.rglob("*.png")
    assert path.read_bytes() == photos.read(photo)


def test_what_is_no_longer_kept_is_told(book, photos, judge, tmp_path):
    judge(1)
    lost = judge(2)
    photos.path(lost).unlink()
    done = export_reviewed(book, photos, tmp_path / "set")
    assert (done.missing, done.photos) == ((lost,), 1)


def test_a_category_that_cannot_be_a_folder_is_told(book, photos, judge, tmp_path):
    judge(1)
    judge(2, category="../outside")
    done = export_reviewed(book, photos, tmp_path / "set")
    assert list(done.refused) == ["../outside"]
    assert done.photos == 1
    assert not (tmp_path / "outside").exists()


def test_without_verdicts_nothing_is_written(book, photos, tmp_path):
    with pytest.raises(DataError, match="judged"):
        export_reviewed(book, photos, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_files_of_others_are_never_replaced(book, photos, judge, tmp_path):
    judge(1)
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(StorageError, match="other files"):
        export_reviewed(book, photos, folder)
    (folder / "notes.txt").unlink()
    export_reviewed(book, photos, folder)
    own = folder / "fruit" / "own.jpg"
    own.write_bytes(b"mine")
    judge(2)
    with pytest.raises(StorageError, match=r"own\.jpg is not from an export"):
        export_reviewed(book, photos, folder)
    assert own.read_bytes() == b"mine"
    with pytest.raises(StorageError, match="is a file"):
        export_reviewed(book, photos, folder / MARKER)


def test_categories_that_would_be_taken_for_parts_are_refused_and_the_old_set_stays(
    book, photos, judge, tmp_path
):
    first = judge(1, "corrected", "train/apple")
    second = judge(2, "corrected", "bread")
    folder = tmp_path / "set"
    export_reviewed(book, photos, folder)
    assert read(folder) == {first: "train/apple", second: "bread"}
    judge(2, "corrected", "test/bread")
    with pytest.raises(LayoutError, match="parts of a set"):
        export_reviewed(book, photos, folder)
    assert read(folder) == {first: "train/apple", second: "bread"}


def test_a_linked_folder_stays_a_link(book, photos, judge, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    photo = judge(1)
    export_reviewed(book, photos, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert read(tmp_path / "real") == {photo: "fruit/apple"}
