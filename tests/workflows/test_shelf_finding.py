"""Which photos a shelf's command means."""

import pytest

from shelfwise.errors import ConfigError
from shelfwise.workflows.photos import PhotoFinder
from shelfwise.workflows.shelf_finding import ShelfPhotos


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "a.shelf.jpg", "b.PNG", "b-2.shelf.png", "c.shelf.webp", "shelf.jpg"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def found(*inputs, picture=None, **options):
    photos = ShelfPhotos(PhotoFinder(inputs, **options), picture)
    listed = list(photos)
    assert photos.count() == len(listed)
    return listed


def test_a_folder_passes_saved_pictures_by(folder):
    assert found(".") == ["./a.jpg", "./b.PNG", "./c.shelf.webp", "./shelf.jpg"]
    assert found("*.jpg") == ["a.jpg", "shelf.jpg"]


def test_a_saved_picture_that_is_named_is_a_photo_unless_its_own_photo_is_named(folder):
    assert found("a.shelf.jpg") == ["a.shelf.jpg"]
    assert found("a.shelf.jpg", "shelf.jpg") == ["a.shelf.jpg", "shelf.jpg"]
    assert found("a.jpg", "a.shelf.jpg", "shelf.jpg") == ["a.jpg", "shelf.jpg"]


def test_the_picture_to_be_written_is_no_photo(folder):
    assert found(".", picture=folder / "shelf.jpg") == ["./a.jpg", "./b.PNG", "./c.shelf.webp"]
    with pytest.raises(ConfigError, match="written over the photo"):
        ShelfPhotos(PhotoFinder(["a.jpg", "shelf.jpg"]), folder / "shelf.jpg")


def test_photos_of_standard_input_cannot_be_counted_before(folder):
    assert ShelfPhotos(PhotoFinder(["-"])).count() is None
