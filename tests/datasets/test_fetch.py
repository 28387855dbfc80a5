import hashlib
import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shelfwise.datasets.catalog import CATALOG, RECORD_NAME, Companion, Source, state
from shelfwise.datasets.fetch import Fetched, archive_place, read_record
from shelfwise.datasets.fetch import fetch as fetch_set
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import FetchError, StorageError
from shelfwise.files import atomic_write_bytes

CATEGORIES = ("BEANS", "CAKE")

Fetch = Callable[..., Fetched]


def photo(colour: tuple[int, int, int]) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(stream, "PNG")
    return stream.getvalue()


def freiburg_archive(*extra: tarfile.TarInfo) -> bytes:
    """A small archive laid out as the real one: ``images/CATEGORY/NAME.png``."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as handle:
        for number, category in enumerate(CATEGORIES):
            for index in range(3):
                content = photo((number, index, 0)) + os.urandom(20_000)
                info = tarfile.TarInfo(f"images/{category}/{category}{index:04}.png")
                info.size = len(content)
                handle.addfile(info, io.BytesIO(content))
        for info in extra:
            handle.addfile(info)
    return stream.getvalue()


def grocery_archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as handle:
        handle.writestr("GroceryStoreDataset-master/README.md", "# about")
        handle.writestr("GroceryStoreDataset-master/dataset/classes.csv", "Class Name (str)\n")
        handle.writestr("GroceryStoreDataset-master/dataset/train/a.jpg", b"x")
    return stream.getvalue()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def fetch(home: Path) -> Fetch:
    """The function under test, with a folder that it makes where a test names no other."""

    def fetch_at_home(source: Source, folder: Path | None = None, **options: Any) -> Fetched:
        return fetch_set(source, folder or home / source.name, **options)

    return fetch_at_home


@pytest.fixture
def source(site: Any) -> Source:
    """The catalog's Freiburg entry, with small files on the local server."""
    archive = site.put("/archive.tar.gz", freiburg_archive()).content
    for fold, label in enumerate(CATEGORIES):
        site.put(f"/test{fold}.txt", f"{label}/{label}0001.png {fold}\n".encode())
    return replace(
        CATALOG["freiburg"],
        urls=(f"{site.url}/archive.tar.gz",),
        sha256=hashlib.sha256(archive).hexdigest(),
        download_bytes=len(archive),
        unpacked_bytes=len(archive),
        companions=tuple(Companion(f"{site.url}/test{i}.txt", f"splits/test{i}.txt") for i in range(2)),
    )


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_set_is_downloaded_verified_unpacked_and_readable(home: Path, source: Source, fetch: Fetch) -> None:
    steps: dict[str, list[tuple[int, int]]] = {"download": [], "unpack": []}
    result = fetch(
        source,
        on_download=lambda *step: steps["download"].append(step),
        on_unpack=lambda *step: steps["unpack"].append(step),
    )
    assert result == Fetched(home / "freiburg", False, str(source.sha256), True, files=6)
    assert left(home) == ["freiburg"]
    assert steps["download"][-1] == (source.download_bytes, source.download_bytes)
    assert len(steps["unpack"]) == 6
    dataset = read_dataset(home / "freiburg")
    assert dataset.layout == "freiburg"
    assert dataset.categories == CATEGORIES
    assert len(dataset) == 6
    assert list(dataset.official) == ["fold0", "fold1"]


def test_record_says_where_the_set_is_from(home: Path, source: Source, fetch: Fetch) -> None:
    fetch(source)
    record = read_record(home / "freiburg")
    assert record is not None
    assert record["from"] == source.urls[0]
    assert record["sha256"] == source.sha256
    assert record["verified"] is True
    assert record["licence"] == source.licence
    assert state(source, home) == "fetched"


def test_without_published_checksum_the_first_one_is_recorded(
    home: Path, site: Any, source: Source, fetch: Fetch
) -> None:
    digest = source.sha256
    source = replace(source, sha256=None)
    first = fetch(source)
    assert not first.verified
    assert first.sha256 == digest
    assert first.notes[0].startswith(f"not verified: no published checksum; got sha256 {digest}")
    assert len(first.notes) == 1
    site.put("/archive.tar.gz", freiburg_archive())
    second = fetch(source, force=True)
    assert second.sha256 != digest
    assert f"changed since it was fetched before (sha256 {digest} then)" in second.notes[1]


def test_wrong_checksum_leaves_nothing(home: Path, source: Source, fetch: Fetch) -> None:
    with pytest.raises(FetchError, match=f"expected sha256 {'0' * 64}, got {source.sha256}"):
        fetch(replace(source, sha256="0" * 64))
    assert left(home) == []


def test_set_that_is_there_is_not_fetched_again(site: Any, home: Path, source: Source, fetch: Fetch) -> None:
    fetch(source)
    (home / "freiburg" / "mine.txt").write_text("mine")
    site.requests.clear()
    again = fetch(source)
    assert again.already_there
    assert again.sha256 == source.sha256
    assert site.requests == []
    forced = fetch(source, force=True)
    assert not forced.already_there
    assert left(home / "freiburg") == [RECORD_NAME, "images", "splits"]


def test_force_leaves_a_folder_alone_that_somebody_else_made(
    home: Path, source: Source, fetch: Fetch
) -> None:
    atomic_write_bytes(home / "freiburg" / "photo.jpg", b"mine")
    assert fetch(source).already_there
    with pytest.raises(FetchError, match="was not made by"):
        fetch(source, force=True)
    assert left(home / "freiburg") == ["photo.jpg"]


@pytest.mark.parametrize("keep", [False, True])
def test_archive_is_kept_when_asked(home: Path, source: Source, keep: bool, fetch: Fetch) -> None:
    fetch(source, keep_archive=keep)
    assert archive_place(source, home / source.name).exists() == keep


def test_only_the_set_is_taken_from_a_repository(site: Any, home: Path, fetch: Fetch) -> None:
    source = replace(CATALOG["grocery-store"], urls=(f"{site.url}/master.zip",))
    site.put("/master.zip", grocery_archive(), chunked=True)
    fetch(source)
    assert left(home / "grocery-store") == [RECORD_NAME, "classes.csv", "train"]


def test_archive_given_by_hand_needs_no_network_and_stays(
    tmp_path: Path, site: Any, source: Source, fetch: Fetch
) -> None:
    archive = tmp_path / "download (1).tgz"
    archive.write_bytes(site.files["/archive.tar.gz"].content)
    result = fetch(replace(source, urls=()), archive=archive, folder=tmp_path / "here")
    assert result.verified
    assert result.folder == tmp_path / "here"
    assert archive.exists()
    assert "given by hand" in json.loads((tmp_path / "here" / RECORD_NAME).read_text())["from"]
    with pytest.raises(FetchError, match="is not a file"):
        fetch(source, archive=tmp_path / "none.tgz")


def test_other_archive_given_by_hand_is_refused_and_stays(
    tmp_path: Path, home: Path, source: Source, fetch: Fetch
) -> None:
    archive = tmp_path / "other.zip"
    archive.write_bytes(grocery_archive())
    with pytest.raises(FetchError, match="not the archive of Freiburg Groceries Dataset"):
        fetch(source, archive=archive)
    with pytest.raises(FetchError, match="holds no GroceryStoreDataset-master/dataset"):
        zipfile.ZipFile(archive, "w").writestr("x", "y")
        fetch(replace(CATALOG["grocery-store"]), archive=archive)
    assert archive.exists()
    assert left(home) == []


def test_offline_says_what_to_do_and_it_works(site: Any, home: Path, source: Source, fetch: Fetch) -> None:
    offline = replace(source, urls=("http://127.0.0.1:9/a.tar.gz",))
    with pytest.raises(FetchError) as caught:
        fetch(offline)
    place = home / "freiburg_groceries_dataset.tar.gz"
    assert "cannot reach http://127.0.0.1:9/a.tar.gz" in str(caught.value)
    assert f"put it at {place} and run: shelfwise data fetch freiburg --to {home / 'freiburg'}" in str(
        caught.value
    )
    place.write_bytes(site.files["/archive.tar.gz"].content)
    assert fetch(offline).files == 6
    assert place.exists()


def test_offline_names_the_folder_asked_for(tmp_path: Path, source: Source, fetch: Fetch) -> None:
    offline = replace(source, urls=("http://127.0.0.1:9/a.tar.gz",))
    folder = tmp_path / "else" / "where"
    with pytest.raises(FetchError, match=rf"data fetch freiburg --to {folder}$"):
        fetch(offline, folder=folder)


def test_second_address_is_tried_when_the_first_is_unreachable(source: Source, fetch: Fetch) -> None:
    assert fetch(replace(source, urls=("http://127.0.0.1:9/a", *source.urls))).verified


def test_mirror_and_url_come_before_the_catalog(site: Any, source: Source, fetch: Fetch) -> None:
    site.put("/m/freiburg/freiburg_groceries_dataset.tar.gz", site.files["/archive.tar.gz"].content)
    site.put("/m/freiburg/splits/test0.txt", b"BEANS/BEANS0001.png 0\n")
    mirror = f"{site.url}/m/"
    result = fetch(source, mirror=mirror)
    assert [path for path, _ in site.requests] == [
        "/m/freiburg/freiburg_groceries_dataset.tar.gz",
        "/m/freiburg/splits/test0.txt",
        "/m/freiburg/splits/test1.txt",
    ]
    assert "404" in result.notes[0]
    assert "splits/test1.txt" in result.notes[1]
    site.requests.clear()
    fetch(source, url=f"{site.url}/archive.tar.gz", mirror=mirror, force=True)
    assert site.requests[0][0] == "/archive.tar.gz"


def test_missing_folds_are_told_and_added_later(site: Any, home: Path, source: Source, fetch: Fetch) -> None:
    lost = site.files.pop("/test1.txt")
    result = fetch(source)
    assert any("missing" in note and "splits/test1.txt" in note for note in result.notes)
    assert left(home / "freiburg" / "splits") == ["test0.txt"]
    site.files["/test1.txt"] = lost
    again = fetch(source)
    assert again.already_there
    assert again.notes == ()
    assert left(home / "freiburg" / "splits") == ["test0.txt", "test1.txt"]


@pytest.mark.parametrize("name", ["../evil", "/abs/evil", "door"])
def test_hostile_archive_leaves_nothing(
    site: Any, home: Path, source: Source, name: str, fetch: Fetch
) -> None:
    info = tarfile.TarInfo(name)
    if name == "door":
        info.type, info.linkname = tarfile.SYMTYPE, "/etc"
    site.put("/archive.tar.gz", freiburg_archive(info))
    with pytest.raises(FetchError, match=repr(name)):
        fetch(replace(source, sha256=None))
    assert left(home) == []
    assert not (home.parent / "evil").exists()


def test_damaged_archive_leaves_nothing(site: Any, home: Path, source: Source, fetch: Fetch) -> None:
    served = site.files["/archive.tar.gz"]
    served.content = served.content[: len(served.content) // 2]
    with pytest.raises(FetchError, match="damaged"):
        fetch(replace(source, sha256=None))
    assert left(home) == []


def test_cut_off_download_is_resumed_to_the_right_bytes(
    site: Any, home: Path, source: Source, fetch: Fetch
) -> None:
    served = site.files["/archive.tar.gz"]
    half = len(served.content) // 2
    served.break_after = [half]
    assert fetch(source).verified
    assert ("/archive.tar.gz", f"bytes={half}-") in site.requests
    assert left(home) == ["freiburg"]


def test_not_enough_room_is_told_before_the_download(
    site: Any, source: Source, monkeypatch: pytest.MonkeyPatch, fetch: Fetch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 0, 1000))
    with pytest.raises(StorageError, match="Free some space"):
        fetch(source)
    assert site.requests == []


def test_two_at_a_time_are_refused(home: Path, source: Source, fetch: Fetch) -> None:
    def meanwhile(_done: int, _total: int) -> None:
        with pytest.raises(FetchError, match="being fetched by another process"):
            fetch(source)

    assert fetch(source, on_download=meanwhile).files == 6
    assert left(home) == ["freiburg"]
