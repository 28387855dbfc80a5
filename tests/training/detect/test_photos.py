from __future__ import annotations

import itertools
import json
import shutil

import numpy as np
import pytest

from shelfwise.errors import DataError, LayoutError, SplitError, TrainingError
from shelfwise.training.detect.config import DetectConfig
from shelfwise.training.detect.photos import read_photo_set, read_photos


def edit(folder, change):
    path = folder / "boxes.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def keys(data, part):
    return {photo.key for photo in data.parts[part]}


def test_every_photo_has_all_its_boxes_whatever_their_category(blocks):
    photos = read_photo_set(blocks)
    content = json.loads((blocks / "boxes.json").read_text())
    assert len(photos.photos) == 15
    for number, photo in enumerate(photos.photos):
        assert photo.key == f"images/{number:03}.png"
        own = [row["bbox"] for row in content["annotations"] if row["image_id"] == number]
        expected = [(x, y, x + w, y + h) for x, y, w, h in own]
        assert photo.boxes.tolist() == [list(map(float, box)) for box in expected]
        assert photo.boxes.dtype == np.float32
        assert photo.ignore.shape == (0, 4)
    assert [len(photo.boxes) for photo in photos.photos[12:]] == [0, 0, 0]


def test_crowds_become_regions_to_ignore(blocks):
    edit(blocks, lambda c: c["annotations"][0].update(iscrowd=1))
    first = read_photo_set(blocks).photos[0]
    x, y, w, h = json.loads((blocks / "boxes.json").read_text())["annotations"][0]["bbox"]
    assert first.ignore.tolist() == [[x, y, x + w, y + h]]


def test_photos_are_divided_as_wholes_and_bare_ones_are_kept(blocks):
    config = DetectConfig(data=blocks, train_fraction=0.6, val_fraction=0.2, test_fraction=0.2)
    data = read_photos(config)
    parts = [keys(data, part) for part in ("train", "val", "test")]
    assert [len(part) for part in parts] == [9, 3, 3]
    assert len(set.union(*parts)) == 15
    assert read_photos(config).digest == data.digest


def test_copies_stay_on_one_side(blocks):
    for number in range(1, 6):
        shutil.copy(blocks / "images" / "000.png", blocks / "images" / f"{number:03}.png")
    data = read_photos(
        DetectConfig(data=blocks, train_fraction=0.4, val_fraction=0.3, test_fraction=0.3, seed=3)
    )
    copies = {f"images/{number:03}.png" for number in range(6)}
    assert sum(bool(copies & keys(data, part)) for part in ("train", "val", "test")) == 1


def test_a_kept_split_is_taken_again(blocks, tmp_path):
    first = read_photos(DetectConfig(data=blocks), kept=tmp_path / "split.json")
    again = read_photos(DetectConfig(data=blocks, seed=7), kept=tmp_path / "split.json")
    given = read_photos(DetectConfig(data=blocks, seed=7, split=tmp_path / "split.json"))
    assert first.split.parts == again.split.parts == given.split.parts
    with pytest.raises(SplitError, match="cannot be read"):
        read_photos(DetectConfig(data=blocks, split=tmp_path / "other.json"))


def test_further_sets_are_trained_on_but_for_copies_of_what_is_measured_on(blocks, block_painter, tmp_path):
    more = block_painter(tmp_path / "more", 4, seed=9)
    alone = read_photos(DetectConfig(data=blocks))
    tested = next(iter(alone.parts["test"])).path
    shutil.copy(tested, more / "images" / "000.png")
    data = read_photos(DetectConfig(data=blocks, also=[more]))
    assert data.left_out == 1
    assert len(data.parts["train"]) == len(alone.parts["train"]) + 3
    assert data.parts["test"][0].path == alone.parts["test"][0].path
    assert data.digest != alone.digest


def test_further_sets_validate_as_well_but_for_copies_of_what_is_trained_or_tested_on(
    blocks, block_painter, tmp_path
):
    more = block_painter(tmp_path / "more", 5, seed=9)
    alone = read_photos(DetectConfig(data=blocks))
    for number, part in enumerate(("train", "test", "val")):
        shutil.copy(alone.parts[part][0].path, more / "images" / f"{number:03}.png")
    data = read_photos(DetectConfig(data=blocks, validate_on=[more], also=[more]))
    added = {photo.path.name for photo in data.parts["val"] if photo.path.is_relative_to(more)}
    assert added == {"002.png", "003.png", "004.png"}
    assert keys(data, "train") == keys(alone, "train")
    assert data.digest != alone.digest


def test_of_a_further_set_with_parts_its_training_part_is_taken(blocks, shelves_with_parts):
    data = read_photos(DetectConfig(data=blocks, also=[shelves_with_parts]))
    own = [photo.key for photo in data.parts["train"] if "blocks" not in str(photo.path)]
    assert own == ["train/images/a.png"]


@pytest.fixture
def shelves_with_parts(block_painter, tmp_path):
    """A YOLO set with a photo in train and one in test."""
    source = block_painter(tmp_path / "source", 2, seed=4) / "images"
    folder = tmp_path / "yolo"
    for part, name, number in (("train", "a", 0), ("test", "b", 1)):
        for kind in ("images", "labels"):
            (folder / part / kind).mkdir(parents=True)
        shutil.copy(source / f"{number:03}.png", folder / part / "images" / f"{name}.png")
        (folder / part / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "data.yaml").write_text("train: train/images\ntest: test/images\nnames: [tea]\n")
    return folder


def test_a_photo_in_two_parts_is_refused(blocks, tmp_path):
    content = json.loads((blocks / "boxes.json").read_text())
    rows = content["annotations"]
    twice = next(a["image_id"] for a, b in itertools.pairwise(rows) if a["image_id"] == b["image_id"])
    first, second = [row for row in rows if row["image_id"] == twice][:2]
    (blocks / "boxes.json").unlink()
    (blocks / "annotations").mkdir()
    for name, row in (("train", first), ("val", second)):
        part = {**content, "images": [content["images"][twice]], "annotations": [row]}
        (blocks / "annotations" / f"instances_{name}.json").write_text(json.dumps(part))
    with pytest.raises(DataError, match=r"has boxes in train and in val"):
        read_photos(DetectConfig(data=blocks))


def test_what_has_no_boxes_is_refused(toy_sets, tmp_path):
    toy_sets.freiburg(tmp_path, {"TEA": (200, 0, 0), "OIL": (0, 200, 0)})
    with pytest.raises(DataError, match=r"layout freiburg has no boxes.*coco, yolo, voc"):
        read_photo_set(tmp_path)


def test_a_bare_photo_that_is_missing_is_named(blocks):
    (blocks / "images" / "013.png").unlink()
    with pytest.raises(LayoutError, match=r"missing photos \(1\): images/013\.png"):
        read_photo_set(blocks)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (("train",), "nothing to measure on"),
        (("val", "test"), "nothing to learn"),
        (("train", "test"), "val"),
    ],
)
def test_a_part_without_a_box_is_refused(blocks, tmp_path, kept, message):
    split = tmp_path / "split.json"
    data = read_photos(DetectConfig(data=blocks), kept=split)
    left = {int(photo.key[7:10]) for part in kept for photo in data.parts[part]}
    edit(blocks, lambda c: c.update(annotations=[a for a in c["annotations"] if a["image_id"] in left]))
    with pytest.raises(TrainingError, match=message):
        read_photos(DetectConfig(data=blocks), kept=split)


@pytest.mark.realdata
def test_freiburgs_folder_is_read_with_its_boxes_and_folds(real_data):
    data = read_photos(DetectConfig(data=real_data / "freiburg", fold="fold0"))
    assert sum(len(photo.boxes) for photo in data.parts["test"]) > 2000
    assert data.split.method == "fold:fold0"
    tested = {photo.key for photo in data.parts["test"]}
    assert tested == set((real_data / "freiburg" / "folds" / "fold0.txt").read_text().split())


@pytest.mark.parametrize(("count", "told"), [(1, "1 photo: too few"), (2, "2 photos: too few")])
def test_too_few_photos_to_divide_are_told_with_what_else_can_be_done(block_painter, tmp_path, count, told):
    few = block_painter(tmp_path / "few", count)
    with pytest.raises(SplitError) as raised:
        read_photos(DetectConfig(data=few))
    message = str(raised.value)
    assert f"{told} to divide into training, validation, test" in message
    assert f"LARGER --also {few}" in message
    assert "category" not in message
    assert ("--val-fraction 0" in message) == (count == 2)


def test_copies_are_one_photo_where_there_are_too_few(block_painter, tmp_path):
    few = block_painter(tmp_path / "few", 3)
    for number in (1, 2):
        shutil.copy(few / "images" / "000.png", few / "images" / f"{number:03}.png")
    with pytest.raises(SplitError, match="3 photos, 1 of them different: too few"):
        read_photos(DetectConfig(data=few))


def test_two_photos_are_enough_for_two_parts(block_painter, tmp_path):
    few = block_painter(tmp_path / "few", 2)
    data = read_photos(DetectConfig(data=few, train_fraction=0.5, val_fraction=0, test_fraction=0.5))
    assert [len(data.parts[part]) for part in ("train", "val", "test")] == [1, 0, 1]
