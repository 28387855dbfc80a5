"""Joined sets: one hierarchy over several sets, told by a TOML file."""

from pathlib import Path
from typing import Any

import pytest

from shelfwise.datasets.dataset import Box, Dataset, PhotoNote
from shelfwise.datasets.layouts import detect, read_dataset
from shelfwise.datasets.layouts.joined import groceries, read_joining
from shelfwise.datasets.split import split_dataset
from shelfwise.errors import LayoutError

JOINING = """
levels = ["department", "category", "variety"]

[[source]]
name = "A"
folder = "a"
layout = "list"
licence = "MIT"
train = ["train"]
test = ["test"]
[source.categories]
juice = "Drinks/Juice"
tea = "Drinks/Tea"

[[source]]
name = "B"
folder = "b"
layout = "list"
licence = "MIT"
train = ["train"]
val = ["val"]
[source.categories]
"Bravo" = "Drinks/Juice/Bravo"
"""


@pytest.fixture
def joined(tmp_path: Path) -> Path:
    lists = {
        "a/train.txt": "1.jpg juice\n2.jpg tea\n",
        "a/test.txt": "3.jpg tea\n",
        "b/train.txt": "1.jpg Bravo\n",
        "b/val.txt": "2.jpg Bravo\n",
        "b/test.txt": "3.jpg Bravo\n",
    }
    for name, text in lists.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        for line in text.splitlines():
            (file.parent / line.split()[0]).write_bytes(b"")
    file = tmp_path / "shop.toml"
    file.write_text(JOINING)
    return file


def labelled(dataset: Dataset) -> dict[str, str]:
    return {sample.path: dataset.categories[sample.label] for sample in dataset.samples}


def test_sets_are_joined_under_common_names(joined: Path) -> None:
    assert detect(joined) == "joined"
    dataset = read_dataset(joined)
    assert dataset.categories == ("Drinks/Juice", "Drinks/Tea", "Drinks/Juice/Bravo")
    assert [source.name for source in dataset.sources] == ["A", "B"]
    assert labelled(dataset) == {
        "a/1.jpg": "Drinks/Juice",
        "a/2.jpg": "Drinks/Tea",
        "a/3.jpg": "Drinks/Tea",
        "b/1.jpg": "Drinks/Juice/Bravo",
        "b/2.jpg": "Drinks/Juice/Bravo",
    }
    parts = {name: {dataset.samples[i].path for i in part} for name, part in dataset.official.items()}
    assert parts == {
        "trainval": {"a/1.jpg", "a/2.jpg"},
        "train": {"b/1.jpg"},
        "val": {"b/2.jpg"},
        "test": {"a/3.jpg"},
    }


def test_a_source_holds_the_samples_of_its_folder_however_that_is_written(joined: Path) -> None:
    joined.write_text(JOINING.replace('folder = "a"', 'folder = "./a/"'))
    dataset = read_dataset(joined)
    held = [[s.path for s in dataset.samples if source.holds(s.key)] for source in dataset.sources]
    assert held == [["a/1.jpg", "a/2.jpg", "a/3.jpg"], ["b/1.jpg", "b/2.jpg"]]


def test_classes_that_mean_the_same_become_one_at_a_higher_level(joined: Path) -> None:
    assert read_dataset(joined, level="2").categories == ("Drinks/Juice", "Drinks/Tea")


def test_the_levels_are_those_that_the_file_names(joined: Path) -> None:
    joined.write_text(JOINING.replace('"department", "category"', '"category", "kind"'))
    tree = read_dataset(joined).hierarchy
    assert tree.levels == ("category", "kind", "variety")
    assert tree.answer_depth == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('tea = "Drinks/Tea"', "", "no place in the hierarchy is given for tea"),
        ('tea = "Drinks/Tea"', 'tea = "Drinks/Tea/Green/Leaf"', "must have 1 to 3 levels"),
        ('tea = "Drinks/Tea"', 'tea = "Drinks//Tea"', "must have 1 to 3 levels"),
        ('test = ["test"]', 'test = ["exam"]', "has no part 'exam'; it has test, train"),
        ('test = ["test"]', 'test = ["train"]', r"A: train can be for one of train, val and test only"),
        ('folder = "a"', 'folder = "../a"', "leads out of the dataset's folder"),
        ('folder = "a"', 'folder = "c"', "no such folder"),
        ('name = "A"', 'title = "A"', r"source.0.name: Field required"),
        ('layout = "list"', 'layout = "lists"', "did you mean 'list'"),
    ],
)
def test_what_is_wrong_is_said(joined: Path, old: str, new: str, message: str) -> None:
    joined.write_text(JOINING.replace(old, new, 1))
    with pytest.raises(LayoutError, match=message):
        read_dataset(joined, "joined")


def test_a_joining_must_be_toml() -> None:
    with pytest.raises(LayoutError, match=r"x\.toml: is not TOML"):
        read_joining("[[source", "x.toml")


def test_a_set_that_is_a_link_out_of_the_folder_is_refused(joined: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    (tmp_path / "b").rename(outside)
    (tmp_path / "b").symlink_to(outside)
    with pytest.raises(LayoutError, match="leads out of"):
        read_dataset(joined)


def test_the_packaged_joining_covers_both_sets_and_joins_juice_and_milk() -> None:
    joining = groceries()
    freiburg, store = joining.source
    assert (len(freiburg.categories), len(store.categories)) == (25, 81)
    assert len(joining.categories) == 106
    assert all(len(place.split("/")) == 2 for place in freiburg.categories.values())
    coarse = {"/".join(place.split("/")[:2]) for place in store.categories.values()}
    assert len(coarse) == 43
    assert coarse & set(freiburg.categories.values()) == {"Drinks/Juice", "Dairy/Milk"}


@pytest.mark.realdata
def test_the_real_sets_are_joined_without_their_test_photos_in_training(real_data: Path) -> None:
    dataset = read_dataset(real_data)
    assert dataset.layout == "groceries"
    split = split_dataset(dataset, val_fraction=0.1)
    train, val, test = ({dataset.samples[i].path for i in part} for part in split.parts.values())
    fold0 = (real_data / "freiburg/folds/fold0.txt").read_text().split()
    listed = (real_data / "grocery-store/test.txt").read_text().splitlines()
    held_out = {f"freiburg/{path}" for path in fold0}
    held_out |= {"grocery-store/" + line.split(",")[0].strip() for line in listed}
    assert test == held_out
    assert not (train | val) & held_out
    assert len(train) + len(val) + len(test) + split.left_out == len(dataset)
    assert sum(path.startswith("freiburg") for path in val) == pytest.approx(292, abs=5)
    assert sum(path.startswith("grocery-store") for path in val) == 296


def boxes(shelves: Any, folder: Path, parts: str) -> Path:
    """Two sets with boxes, of which the first has crowds and bare photos, under one name for all products."""
    shelf = {"a.jpg": [("tea", Box(4, 6, 10, 20))], "b.jpg": [("oil", Box(0, 0, 8, 5))], "bare.jpg": []}
    shelves.write_yolo(folder / "one", shelf)
    shelves.write_coco(folder / "two", shelf)
    sources = "".join(
        f"""
        [[source]]
        name = "{name}"
        folder = "{name}"
        layout = "{layout}"
        licence = "MIT"
        {parts}
        [source.categories]
        "*" = "product"
        """
        for name, layout in (("one", "yolo"), ("two", "coco"))
    )
    (folder / "all.toml").write_text(f'levels = ["kind"]\n{sources}')
    return folder / "all.toml"


def test_whole_sets_are_joined_under_one_name(shelves: Any, tmp_path: Path) -> None:
    dataset = read_dataset(boxes(shelves, tmp_path, 'train = ["all"]'))
    assert dataset.categories == ("product",)
    assert [sample.path for sample in dataset.samples] == [
        "one/train/images/a.jpg", "one/train/images/b.jpg", "two/images/a.jpg", "two/images/b.jpg"
    ]  # fmt: skip
    assert dataset.official == {"trainval": (0, 1, 2, 3)}
    assert dataset.notes == (
        PhotoNote("one/train/images/bare.jpg", "trainval"),
        PhotoNote("two/images/bare.jpg", "trainval"),
    )


def test_notes_of_parts_that_are_not_named_are_left_out(shelves: Any, tmp_path: Path) -> None:
    file = boxes(shelves, tmp_path, 'train = ["train"]')
    with pytest.raises(LayoutError, match=r"two: has no part 'train'; it has none"):
        read_dataset(file)
    file.write_text(file.read_text().partition('[[source]]\n        name = "two"')[0])
    assert read_dataset(file).notes == (PhotoNote("one/train/images/bare.jpg", "trainval"),)
    file.write_text(file.read_text().replace('train = ["train"]', 'train = ["all"]\ntest = ["train"]'))
    assert {note.part for note in read_dataset(file).notes} == {"test"}
