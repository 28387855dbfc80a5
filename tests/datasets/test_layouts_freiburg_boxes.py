"""The Freiburg set with boxes."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from shelfwise.datasets.dataset import Box, PhotoNote
from shelfwise.datasets.layouts import detect, read_dataset
from shelfwise.errors import LayoutError


@pytest.fixture
def freiburg(toy_sets: ModuleType, tmp_path: Path) -> Path:
    toy_sets.freiburg(tmp_path, {"TEA": (200, 30, 30), "OIL": (30, 200, 30)}, each=1)
    photos = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("images/*/*"))
    content = {
        "images": [{"id": number, "file_name": photo} for number, photo in enumerate(photos)],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 1 + (number < 4), "bbox": [1, 2, 30, 20]}
            for number in range(len(photos) - 1)
        ],
        "categories": [{"id": 1, "name": "TEA"}, {"id": 2, "name": "OIL"}],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    return tmp_path


def test_boxes_are_in_the_folds_of_their_photos(freiburg: Path) -> None:
    dataset = read_dataset(freiburg, "freiburg-boxes")
    assert dataset.layout == "freiburg-boxes"
    assert {sample.box for sample in dataset.samples} == {Box(1, 2, 30, 20)}
    for fold, members in dataset.official.items():
        listed = (freiburg / "folds" / f"{fold}.txt").read_text().split()
        noted = [note.path for note in dataset.notes if note.part == fold]
        assert sorted([*(dataset.samples[i].path for i in members), *noted]) == sorted(listed)
    assert dataset.notes == (PhotoNote("images/TEA/TEA0003.png", "fold3"),)


def test_it_has_to_be_asked_for(freiburg: Path) -> None:
    assert detect(freiburg) == "freiburg"
    assert all(sample.box is None for sample in read_dataset(freiburg).samples)
    (freiburg / "boxes.json").unlink()
    with pytest.raises(LayoutError, match=r"no boxes\.json there"):
        read_dataset(freiburg, "freiburg-boxes")


@pytest.mark.realdata
def test_the_real_set(real_data: Path) -> None:
    dataset = read_dataset(real_data / "freiburg", "freiburg-boxes")
    assert len(dataset) == 9307
    assert sorted(dataset.official) == ["fold0", "fold1", "fold2", "fold3"]
