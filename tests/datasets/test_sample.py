import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.sample import CATEGORIES, render_sample
from shelfwise.datasets.sample.writer import render_photo
from shelfwise.errors import ConfigError, DataError, StorageError


def pixels(photo: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(photo)) as image:
        assert image.format == "JPEG"
        assert image.mode == "RGB"
        return np.asarray(image)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_sample(tmp_path_factory.mktemp("set") / "sample", per_class=3, size=64)


def test_set_is_read_as_a_rendered_dataset(small: Path) -> None:
    dataset = read_dataset(small)
    assert dataset.rendered
    assert dataset.layout == "folders"
    assert dataset.categories == CATEGORIES == tuple(sorted(CATEGORIES))
    assert dataset.counts() == (3,) * 5


def test_set_says_that_it_is_rendered(small: Path) -> None:
    marker = json.loads((small / "shelfwise-sample.json").read_text())
    assert marker["rendered"] is True
    assert marker["generator"] == "shelfwise data sample"
    assert (marker["seed"], marker["per_class"], marker["size"]) == (42, 3, 64)
    text = (small / "README.txt").read_text()
    assert "rendered, not photographed" in text
    assert "64×64" in text


def test_same_seed_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    again = render_sample(tmp_path / "again", per_class=3, size=64)
    assert digests(again) == digests(small)


def test_other_seed_gives_other_pictures(small: Path) -> None:
    first = (small / "soda-can" / "soda-can-0000.jpg").read_bytes()
    assert render_photo("soda-can", 0, size=64) == first
    assert render_photo("soda-can", 0, size=64, seed=43) != first


def test_picture_does_not_depend_on_how_many_are_made(small: Path, tmp_path: Path) -> None:
    fewer = digests(render_sample(tmp_path / "fewer", per_class=1, size=64))
    more = digests(small)
    photos = [name for name in fewer if name.endswith(".jpg")]
    assert len(photos) == 5
    assert all(fewer[name] == more[name] for name in photos)


def test_no_two_pictures_are_the_same(small: Path) -> None:
    photos = [digest for name, digest in digests(small).items() if name.endswith(".jpg")]
    assert len(photos) == len(set(photos)) == 15


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("size", [48, 256])
def test_picture_has_its_size_and_something_on_it(category: str, size: int) -> None:
    for index in range(2):
        photo = pixels(render_photo(category, index, size=size))
        assert photo.shape == (size, size, 3)
        assert photo.std() > 12
        assert 20 < photo.mean() < 235


@pytest.mark.parametrize("category", CATEGORIES)
def test_product_is_where_the_camera_looks(category: str) -> None:
    """The middle differs from the same scene's corners, in nearly every picture."""
    apart = 0
    for index in range(8):
        photo = pixels(render_photo(category, index, size=96)).astype(float)
        middle = photo[36:60, 40:56].reshape(-1, 3).mean(0)
        corner = photo[:12, :12].reshape(-1, 3).mean(0)
        apart += int(np.abs(middle - corner).max() > 18)
    assert apart >= 5


def test_progress_counts_every_picture(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    render_sample(tmp_path / "s", per_class=1, size=32, progress=lambda *step: steps.append(step))
    assert steps == [(n, 5) for n in range(1, 6)]


def test_older_sample_set_is_replaced(tmp_path: Path) -> None:
    folder = render_sample(tmp_path / "s", per_class=2, size=32)
    render_sample(folder, per_class=1, size=32)
    assert read_dataset(folder).counts() == (1,) * 5
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_folder_with_other_files_is_left_alone_unless_forced(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(DataError, match=r"photos holds other files.*--force"):
        render_sample(folder, per_class=1, size=32)
    assert [path.name for path in folder.iterdir()] == ["mine.jpg"]
    render_sample(folder, per_class=1, size=32, force=True)
    assert not (folder / "mine.jpg").exists()
    assert len(read_dataset(folder)) == 5


def test_file_in_the_way_is_named(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("mine")
    with pytest.raises(DataError, match="is a file"):
        render_sample(place, per_class=1, size=32, force=True)


def test_interruption_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render_sample(tmp_path / "s", per_class=1, size=32, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        render_sample(tmp_path / "file" / "s", per_class=1, size=32)


@pytest.mark.parametrize("wrong", [{"per_class": 0}, {"size": 8}, {"size": 5000}, {"seed": -1}])
def test_numbers_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="give a"):
        render_sample(tmp_path / "s", **wrong)
    assert list(tmp_path.iterdir()) == []
