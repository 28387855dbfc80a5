import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from shelfwise.errors import StorageError
from shelfwise.images.cache import cached_images
from shelfwise.images.preprocess import Preprocessing


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float


PREPROCESSING = Preprocessing(16)


@pytest.fixture
def photos(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for index in range(70):
        path = tmp_path / f"{index:02}.jpg"
        Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(path)
        paths.append(path)
    return paths


@pytest.fixture
def loads(monkeypatch):
    """Paths that were decoded."""
    seen = []
    load = Preprocessing.load

    def counting(self, source, **options):
        seen.append(source)
        return load(self, source, **options)

    monkeypatch.setattr(Preprocessing, "load", counting)
    return seen


def test_holds_exactly_the_pixels_of_serving(photos, tmp_path):
    items = [(path, None) for path in photos] + [(photos[0], Box(5, 5, 20, 20))]
    array, errors = cached_images(items, PREPROCESSING, tmp_path / "cache")
    assert errors == {}
    assert array.shape == (71, 16, 16, 3)
    assert array.dtype == np.uint8
    for row, (path, box) in enumerate(items):
        assert (array[row] == PREPROCESSING.load(path, box=box)).all()


def test_is_read_only_and_backed_by_a_file(photos, tmp_path):
    array, _ = cached_images([(photos[0], None)], PREPROCESSING, tmp_path / "cache")
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable


def test_decodes_once(photos, tmp_path, loads):
    items = [(path, None) for path in photos]
    first, _ = cached_images(items, PREPROCESSING, tmp_path / "cache")
    assert len(loads) == 70
    second, _ = cached_images(items, PREPROCESSING, tmp_path / "cache")
    assert len(loads) == 70
    assert (first == second).all()


def test_changes_of_photo_box_order_or_preprocessing_decode_again(photos, tmp_path, loads):
    def decoded(items, preprocessing=PREPROCESSING):
        before = len(loads)
        cached_images(items, preprocessing, tmp_path / "cache")
        return len(loads) - before

    items = [(path, None) for path in photos[:3]]
    assert decoded(items) == 3
    assert decoded(items[::-1]) == 3
    assert decoded([(photos[0], Box(1, 1, 9, 9)), *items[1:]]) == 3
    assert decoded(items, Preprocessing(16, "crop")) == 3
    os.utime(photos[0], ns=(1, 1))
    assert decoded(items) == 3
    assert decoded(items) == 0


def test_broken_photos_are_reported_and_not_raised(photos, tmp_path):
    photos[3].write_bytes(b"")
    photos[5].unlink()
    items = [(path, None) for path in photos]
    for _ in range(2):
        array, errors = cached_images(items, PREPROCESSING, tmp_path / "cache")
        assert {index: error.reason for index, error in errors.items()} == {
            3: "file is empty",
            5: "no such file",
        }
        assert errors[3].source == str(photos[3])
        assert not array[3].any()
        assert array[4].any()


def test_reports_progress_in_the_calling_thread(photos, tmp_path):
    seen = []
    items = [(path, None) for path in photos]
    cached_images(
        items, PREPROCESSING, tmp_path / "cache", progress=lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (70, 70)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_nothing_to_do(tmp_path):
    array, errors = cached_images([], PREPROCESSING, tmp_path / "cache")
    assert array.shape == (0, 16, 16, 3)
    assert errors == {}


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "notes gone", "notes damaged", "notes wrong"])
def test_a_damaged_cache_is_made_again(photos, tmp_path, damage):
    items = [(path, None) for path in photos[:4]]
    expected = np.array(cached_images(items, PREPROCESSING, tmp_path / "cache")[0])
    pixels = next((tmp_path / "cache").glob("*.npy"))
    notes = pixels.with_suffix(".json")
    data = bytearray(pixels.read_bytes())
    data[-1] ^= 1
    {
        "flip": lambda: pixels.write_bytes(data),
        "cut": lambda: pixels.write_bytes(data[:-100]),
        "gone": pixels.unlink,
        "notes gone": notes.unlink,
        "notes damaged": lambda: notes.write_text("{"),
        "notes wrong": lambda: notes.write_text("[]"),
    }[damage]()
    array, errors = cached_images(items, PREPROCESSING, tmp_path / "cache")
    assert (array == expected).all()
    assert errors == {}


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(photos, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shelfwise.images.cache.os.posix_fallocate", full)
    with pytest.raises(StorageError, match="the disk is full"):
        cached_images([(photos[0], None)], PREPROCESSING, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_disk_that_fills_up_while_decoding(photos, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shelfwise.images.cache.os.pwrite", full)
    with pytest.raises(StorageError, match="the disk is full"):
        cached_images([(path, None) for path in photos], PREPROCESSING, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_folder_that_cannot_be_made(photos, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StorageError, match="cannot write"):
        cached_images([(photos[0], None)], PREPROCESSING, tmp_path / "cache")


def test_an_interrupted_build_leaves_no_cache(photos, tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    items = [(path, None) for path in photos]
    with pytest.raises(KeyboardInterrupt):
        cached_images(items, PREPROCESSING, tmp_path / "cache", progress=interrupt)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_a_killed_build_leaves_no_cache_and_no_litter(photos, tmp_path):
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from shelfwise.images.cache import cached_images
        from shelfwise.images.preprocess import Preprocessing
        folder = Path(sys.argv[1])
        items = [(path, None) for path in sorted(folder.glob("*.jpg"))]
        def wait(done, total):
            print("decoding", flush=True)
            time.sleep(60)
        cached_images(items, Preprocessing(16), folder / "cache", progress=wait)
    """)
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"decoding\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    cache = tmp_path / "cache"
    assert list(cache.glob(".*.tmp"))
    assert not list(cache.glob("*.npy"))
    started = time.monotonic()
    array, errors = cached_images([(path, None) for path in photos], PREPROCESSING, cache)
    assert time.monotonic() - started < 20
    assert array[0].any()
    assert errors == {}
    assert not list(cache.glob(".*.tmp"))
