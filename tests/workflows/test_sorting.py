import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shelfwise.errors import ConfigError, StorageError
from shelfwise.workflows.sorting import Sorter, _folders


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "in" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"one")
    return path


@pytest.fixture
def sorter(tmp_path):
    return Sorter(tmp_path / "out", ["Fruit/Apple", "Tea", "unknown"])


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_copies_and_never_moves(photo, sorter):
    os.utime(photo, (1000, 1000))
    copy = sorter.copy(str(photo), "Tea")
    assert copy == sorter.root / "Tea" / "a.jpg"
    assert copy.read_bytes() == photo.read_bytes() == b"one"
    assert copy.stat().st_mtime == 1000
    assert names_in(copy.parent) == ["a.jpg"]


def test_a_hierarchy_becomes_folders_in_folders(photo, sorter):
    assert sorter.copy(str(photo), "Fruit/Apple") == sorter.root / "Fruit" / "Apple" / "a.jpg"


def test_never_overwrites(photo, sorter, tmp_path):
    sorter.copy(str(photo), "Tea")
    for content, name in ((b"two", "a-1.jpg"), (b"three", "a-2.jpg"), (b"two", "a-1.jpg"), (b"one", "a.jpg")):
        photo.write_bytes(content)
        assert sorter.copy(str(photo), "Tea").name == name
    assert names_in(sorter.root / "Tea") == ["a-1.jpg", "a-2.jpg", "a.jpg"]
    assert (sorter.root / "Tea" / "a.jpg").read_bytes() == b"one"


def test_a_folder_or_a_dangling_link_with_the_name_is_left_alone(photo, sorter, tmp_path):
    (sorter.root / "Tea" / "a.jpg").mkdir(parents=True)
    (sorter.root / "Tea" / "a-1.jpg").symlink_to(tmp_path / "nowhere")
    assert sorter.copy(str(photo), "Tea").name == "a-2.jpg"
    assert not (tmp_path / "nowhere").exists()


def test_works_where_there_are_no_hard_links(photo, sorter, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("shelfwise.workflows.sorting.os.link", refuse)
    assert sorter.copy(str(photo), "Tea").name == "a.jpg"
    photo.write_bytes(b"two")
    assert sorter.copy(str(photo), "Tea").name == "a-1.jpg"
    assert names_in(sorter.root / "Tea") == ["a-1.jpg", "a.jpg"]


def test_a_picture_without_a_name(sorter):
    assert sorter.copy(b"\xff\xd8\xff\xe0rest", "Tea").name == "picture.jpg"
    assert sorter.copy(b"\x89PNG\r\n\x1a\nrest", "Tea").name == "picture.png"


def test_a_file_name_that_is_no_utf8(tmp_path, sorter):
    path = tmp_path / os.fsdecode(b"caf\xe9.jpg")
    path.write_bytes(b"x")
    assert sorter.copy(str(path), "Tea").name == path.name


def test_a_full_disk_is_a_storage_error_without_litter(photo, sorter, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shelfwise.workflows.sorting.shutil.copystat", full)
    with pytest.raises(StorageError, match="the disk is full"):
        sorter.copy(str(photo), "Tea")
    assert names_in(sorter.root / "Tea") == []


def test_the_root_may_not_be_a_file(photo):
    with pytest.raises(ConfigError, match="is a file"):
        Sorter(photo, ["Tea"])


def test_unsafe_names_become_safe_ones():
    folders = _folders(
        ["../../etc", "a:b", "a?b", "A_B", "..", "CON\n", " x. ", "a//b", ".hidden", "é" * 200]
    )
    assert [str(path) for path in folders.values()][:9] == [
        "_/_/etc", "a_b", "a_b-2", "A_B-3", "_", "CON_", "x", "a/_/b", "hidden",
    ]  # fmt: skip
    assert len(os.fsencode(folders["é" * 200])) <= 120


@given(st.lists(st.text(max_size=20), unique=True, max_size=8))
def test_no_name_leads_out_and_no_two_share_a_folder(categories):
    folders = list(_folders(categories).values())
    assert len({str(path).casefold() for path in folders}) == len(categories)
    for path in folders:
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.parts
