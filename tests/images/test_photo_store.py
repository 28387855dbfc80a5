"""Photos are kept once, whole, under the hash of what is kept."""

import hashlib
import io
import os
import threading
import time

import numpy as np
import pytest
from PIL import Image

from shelfwise.errors import EntryError, ImageError, NotFoundError, StorageError
from shelfwise.images.decode import decode
from shelfwise.images.photo_store import MEDIA_TYPES, PhotoStore
from shelfwise.images.reading import Limits


def photo(colour=(200, 30, 40), kind="JPEG", size=(64, 40), **options):
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind, **options)
    return written.getvalue()


def gps(orientation=1):
    block = Image.Exif()
    block[0x0112] = orientation
    block.get_ifd(0x8825)[29] = "SECRETPLACE"
    return block


@pytest.fixture
def store(tmp_path):
    return PhotoStore(tmp_path / "photos")


def files(store):
    return sorted(path for path in store.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("kind", "ending"), [("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("BMP", ".jpg")]
)
def test_a_photo_is_kept_under_its_hash(store, kind, ending):
    kept = store.add(photo(kind=kind))
    path = store.path(kept.sha256)
    assert path == store.folder / kept.sha256[:2] / f"{kept.sha256}{ending}"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == kept.sha256
    assert store.read(kept.sha256) == path.read_bytes()
    assert (kept.width, kept.height, kept.bytes, kept.created) == (64, 40, path.stat().st_size, True)
    assert path.suffix in MEDIA_TYPES
    assert store.has(kept.sha256)


def test_the_place_is_not_kept_and_what_differs_in_it_alone_is_one_photo(store):
    there = photo(exif=gps())
    assert b"SECRETPLACE" in there
    first, second = store.add(there), store.add(photo())
    assert (first.sha256, first.created, second.created) == (second.sha256, True, False)
    assert b"SECRETPLACE" not in store.read(first.sha256)
    assert len(files(store)) == 1


def test_a_turned_photo_has_its_upright_size(store):
    kept = store.add(photo(exif=gps(6)))
    assert (kept.width, kept.height) == (40, 64)


def test_a_kept_photo_is_read_only(store):
    assert store.path(store.add(photo()).sha256).stat().st_mode & 0o222 == 0


@pytest.mark.parametrize(
    "sha256",
    ["", "ab", "0" * 64, "../../etc/passwd", "../" * 20 + "ab", "A" * 64, "0" * 64 + "\n", "\0" * 64],
)
def test_a_photo_that_is_not_there(store, sha256):
    store.add(photo())
    assert not store.has(sha256)
    for ask in (store.path, store.read, store.thumbnail):
        with pytest.raises(NotFoundError, match="no photo"):
            ask(sha256)


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"<html></html>", photo()[:200], photo(kind="PNG")[:50]])
def test_what_is_no_photo_leaves_nothing_behind(store, data):
    with pytest.raises(ImageError):
        store.add(data, name="shelf.jpg")
    assert not store.folder.exists()


def test_limits_hold(tmp_path):
    store = PhotoStore(tmp_path / "photos", Limits(max_pixels=1000))
    with pytest.raises(ImageError, match="over the limit"):
        store.add(photo())


def test_many_threads_may_add_the_same_photos(store):
    photos = [photo((i * 20, 0, 0)) for i in range(6)]
    kept, failed = [], []

    def add(turn):
        try:
            kept.extend(store.add(photos[(turn + i) % 6]) for i in range(6))
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=add, args=(turn,)) for turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len({each.sha256 for each in kept}) == 6 == len(files(store))
    assert all(hashlib.sha256(store.read(each.sha256)).hexdigest() == each.sha256 for each in kept)


def test_a_file_that_was_cut_short_is_written_again(store):
    kept = store.add(photo())
    path = store.path(kept.sha256)
    path.unlink()
    path.write_bytes(b"")
    assert store.add(photo()).created
    assert store.read(kept.sha256) == path.read_bytes() != b""


def test_what_a_killed_program_left_is_swept(store):
    kept = store.add(photo())
    folder = store.path(kept.sha256).parent
    old, young = folder / ".a.jpg.0011.tmp", folder / ".b.jpg.0011.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    an_hour_ago = time.time() - 4000
    os.utime(old, (an_hour_ago, an_hour_ago))
    assert store.sweep() == 1
    assert (old.exists(), young.exists(), store.has(kept.sha256)) == (False, True, True)
    assert store.sweep(older_than=-60) == 1


def test_a_folder_is_swept_when_it_is_written_to_first(store):
    kept = store.add(photo())
    stray = store.path(kept.sha256).parent / ".a.jpg.0011.tmp"
    stray.write_bytes(b"half")
    os.utime(stray, (0, 0))
    store.path(kept.sha256).unlink()
    PhotoStore(store.folder).add(photo())
    assert not stray.exists()


def test_a_disk_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "photos").write_text("a file in the way")
    with pytest.raises(StorageError, match="cannot write"):
        PhotoStore(tmp_path / "photos").add(photo())


def test_a_thumbnail_is_small_upright_and_made_once(store):
    kept = store.add(photo(size=(1000, 500), exif=gps(6)))
    small = store.thumbnail(kept.sha256)
    image = Image.open(io.BytesIO(small))
    assert (image.format, image.size) == ("JPEG", (160, 320))
    assert "exif" not in image.info
    assert np.abs(decode(small).astype(int).mean((0, 1)) - (200, 30, 40)).max() < 4
    (path,) = [path for path in files(store) if ".small" in path.parts]
    path.write_bytes(b"kept")
    assert store.thumbnail(kept.sha256) == b"kept"


@pytest.mark.parametrize(("asked", "side"), [(1, 160), (160, 160), (161, 320), (1280, 600)])
def test_thumbnails_come_in_a_few_sizes_and_are_never_enlarged(store, asked, side):
    kept = store.add(photo(size=(600, 300)))
    image = Image.open(io.BytesIO(store.thumbnail(kept.sha256, asked)))
    assert image.size == (side, side // 2)


@pytest.mark.parametrize("size", [0, -5, 1281])
def test_other_sizes_of_thumbnails_are_refused(store, size):
    kept = store.add(photo())
    with pytest.raises(EntryError) as caught:
        store.thumbnail(kept.sha256, size)
    assert caught.value.field == "size"
