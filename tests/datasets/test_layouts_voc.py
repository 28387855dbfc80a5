"""Boxes in Pascal VOC form."""

from pathlib import Path
from typing import Any

import pytest

from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import LayoutError


def test_voc_image_sets_are_official_parts(shelves: Any, tmp_path: Path) -> None:
    shelves.write_voc(tmp_path, shelves.SHELF)
    sets = tmp_path / "ImageSets/Main"
    sets.mkdir(parents=True)
    (sets / "trainval.txt").write_text("a\n")
    (sets / "test.txt").write_text("b\n")
    assert read_dataset(tmp_path).official == {"train": (0, 1), "test": (2,)}
    (sets / "train.txt").write_text("a\nzzz\n")
    with pytest.raises(LayoutError, match=r"train\.txt:2: there is no photo named 'zzz'"):
        read_dataset(tmp_path)
    (sets / "train.txt").write_text("b\n")
    with pytest.raises(LayoutError, match=r"test\.txt:1: b is in train already"):
        read_dataset(tmp_path)


def test_voc_without_a_size_opens_the_picture(shelves: Any, tmp_path: Path) -> None:
    shelves.write_voc(tmp_path, shelves.SHELF)
    file = tmp_path / "Annotations/a.xml"
    file.write_text(file.read_text().replace("<width>40</width>", "<width>0</width>"))
    assert shelves.shelf_of(read_dataset(tmp_path)) == shelves.SHELF


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<xmax>14", "<xmax>99", r"a\.xml: object 1: the box .* lies outside"),
        ("<xmin>5</xmin>", "", r"a\.xml: object 1: bndbox needs xmin"),
        ("<name>tea</name>", "<name> </name>", r"a\.xml: object 1: has no name"),
        ("<width>40", "<width>4x", "size of the picture"),
        ("</annotation>", "", "is not plain XML"),
        ("<annotation>", '<!DOCTYPE a [<!ENTITY x "y">]><annotation>', "is not plain XML"),
    ],
)
def test_voc_is_checked(shelves: Any, tmp_path: Path, old: str, new: str, message: str) -> None:
    shelves.write_voc(tmp_path, shelves.SHELF)
    file = tmp_path / "Annotations/a.xml"
    text = file.read_text().replace(".0<", "<")
    file.write_text(text.replace(old, new))
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


def test_voc_photos_that_are_missing_are_counted(shelves: Any, tmp_path: Path) -> None:
    shelves.write_voc(tmp_path, shelves.SHELF)
    (tmp_path / "JPEGImages/b.jpg").unlink()
    with pytest.raises(LayoutError, match=r"missing photos \(1\): b"):
        read_dataset(tmp_path)
