import io
import os

import pytest

from shelfwise.errors import ConfigError
from shelfwise.workflows.photos import PhotoFinder

JPEG_HEAD = b"\xff\xd8\xff\xe0" + b"x" * 200


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in (
        "b.jpg",
        "a.PNG",
        "notes.txt",
        "sub/c.webp",
        "sub/deep/d.heic",
        ".hidden.jpg",
        ".git/e.jpg",
        "z.tif",
    ):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*inputs, **options):
    return list(PhotoFinder(inputs, **options))


def test_a_folder_is_walked_in_order_for_picture_files(folder):
    expected = ["photos/a.PNG", "photos/b.jpg", "photos/sub/c.webp", "photos/sub/deep/d.heic", "photos/z.tif"]
    assert found("photos") == expected
    assert found("photos/") == expected
    assert found("./photos") == ["./" + path for path in expected]


def test_without_recursion_only_the_folder_itself(folder):
    assert found("photos", recursive=False) == ["photos/a.PNG", "photos/b.jpg", "photos/z.tif"]


def test_named_files_are_taken_as_they_are_and_in_their_order(folder):
    named = ["photos/notes.txt", "photos/b.jpg", "photos/none.jpg", "./photos/a.PNG", "photos/.hidden.jpg"]
    assert found(*named) == named


def test_patterns_are_expanded(folder):
    assert found("photos/*.jpg") == ["photos/b.jpg"]
    assert found("photos/**/*.[hw]e*") == ["photos/sub/c.webp", "photos/sub/deep/d.heic"]
    assert found("photos/su?") == ["photos/sub/c.webp", "photos/sub/deep/d.heic"]
    everything = found("photos/**")
    assert len(everything) == len(set(everything)) == 6


def test_a_pattern_without_a_match_is_an_error(folder):
    with pytest.raises(ConfigError, match=r"no file matches photos/\*\.gif"):
        found("photos/*.gif")


def test_a_file_whose_name_looks_like_a_pattern(folder):
    (folder / "photo [1].jpg").touch()
    assert found("photo [1].jpg") == ["photo [1].jpg"]


def test_links_to_files_are_followed_and_links_to_folders_are_not(folder):
    (folder / "photos" / "link.jpg").symlink_to(folder / "photos" / "b.jpg")
    (folder / "photos" / "loop").symlink_to(folder / "photos")
    assert [path for path in found("photos") if "l" in path.split("/")[1][:1]] == ["photos/link.jpg"]


def test_a_folder_that_cannot_be_looked_into_is_given_as_it_is(folder, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("shelfwise.workflows.photos.os.scandir", refuse)
    assert "photos/sub/deep" in found("photos")


def test_walks_lazily(folder, monkeypatch):
    walk = iter(PhotoFinder(["photos/a.PNG", "photos"]))
    assert next(walk) == "photos/a.PNG"
    (folder / "photos" / "0.jpg").touch()
    assert next(walk) == "photos/0.jpg"


def test_results_written_among_the_photos_are_left_out(folder):
    out = folder / "photos" / "sub"
    assert found("photos", leave_out=out) == ["photos/a.PNG", "photos/b.jpg", "photos/z.tif"]
    assert found("photos/**/*.*e*", leave_out=out) == []
    with pytest.raises(ConfigError, match="results would be written among the photos"):
        found("photos/sub", leave_out=out)


def test_counts_what_it_would_find(folder):
    assert PhotoFinder(["photos", "photos/b.jpg", "none.jpg"]).count() == 7
    assert PhotoFinder(["photos", "-"]).count() is None


def test_standard_input_as_a_list_of_paths(folder):
    lines = b"photos/b.jpg\r\n\nphotos/sub\nnone.jpg\nla\xff.jpg"
    expected = ["photos/b.jpg", "photos/sub/c.webp", "photos/sub/deep/d.heic", "none.jpg", "la\udcff.jpg"]
    assert found("-", stdin=io.BytesIO(lines)) == expected
    assert found("photos/a.PNG", "-", stdin=io.BytesIO(b"x\n")) == ["photos/a.PNG", "x"]
    assert found("-", stdin=io.BytesIO(b"")) == []


def test_a_long_list_keeps_lines_that_cross_the_first_look(folder):
    names = [f"picture-with-a-long-name-{number}.jpg" for number in range(50)]
    assert found("-", stdin=io.BytesIO("\n".join(names).encode())) == names
    exact = ["a" * 63, "b" * 63, "c"]
    assert found("-", stdin=io.BytesIO("\n".join(exact).encode())) == exact


def test_standard_input_as_a_picture(folder):
    assert found("-", stdin=io.BytesIO(JPEG_HEAD)) == [JPEG_HEAD]


def test_standard_input_is_read_once_only(folder):
    with pytest.raises(ConfigError, match="given twice"):
        PhotoFinder(["-", "-"])
