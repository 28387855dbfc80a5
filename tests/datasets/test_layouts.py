"""Detection, the folders layout, the choice of categories and levels, and what all layouts share."""

import json
import os
from pathlib import Path

import pytest

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import LAYOUTS, detect, read_dataset
from shelfwise.errors import LayoutError


def touch(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"")
    return root


def labelled(dataset: Dataset) -> dict[str, str]:
    return {sample.path: dataset.categories[sample.label] for sample in dataset.samples}


@pytest.fixture
def fruit(tmp_path: Path) -> Path:
    return touch(
        tmp_path,
        "Fruit/Apple/Granny-Smith/1.jpg",
        "Fruit/Apple/Granny-Smith/2.JPG",
        "Fruit/Apple/Gala/3.webp",
        "Fruit/Lime/4.heic",
        "Packages/Milk/5.png",
    )


def test_the_folder_that_holds_photos_is_the_category(fruit: Path) -> None:
    dataset = read_dataset(fruit)
    assert dataset.layout == "folders"
    assert dataset.categories == (
        "Fruit/Apple/Gala",
        "Fruit/Apple/Granny-Smith",
        "Fruit/Lime",
        "Packages/Milk",
    )
    assert labelled(dataset)["Fruit/Apple/Granny-Smith/2.JPG"] == "Fruit/Apple/Granny-Smith"
    assert len(dataset) == 5
    assert dataset.official == {}
    assert not dataset.rendered


def test_order_is_that_of_bytes(tmp_path: Path) -> None:
    dataset = read_dataset(touch(tmp_path, "b/1.jpg", "B/1.jpg", "a/é.jpg", "a/z.jpg", "a/Z.jpg"))
    assert dataset.categories == ("B", "a", "b")
    assert [sample.path for sample in dataset.samples] == [
        "B/1.jpg",
        "a/Z.jpg",
        "a/z.jpg",
        "a/é.jpg",
        "b/1.jpg",
    ]


def test_clutter_is_passed_by(tmp_path: Path) -> None:
    root = touch(
        tmp_path,
        "tea/1.jpg",
        "tea/.2.jpg",
        "tea/Thumbs.db",
        "tea/notes.txt",
        ".cache/x/1.jpg",
        "__MACOSX/tea/1.jpg",
    )
    assert [sample.path for sample in read_dataset(root).samples] == ["tea/1.jpg"]


def test_an_empty_folder_is_a_category_without_photos(tmp_path: Path) -> None:
    (touch(tmp_path, "tea/1.jpg") / "oil").mkdir()
    assert read_dataset(tmp_path).categories == ("oil", "tea")
    assert read_dataset(tmp_path).counts() == (0, 1)


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Train", "valid", "Test"), ("train", "validation")]
)
def test_top_folders_named_for_parts_are_official_parts(tmp_path: Path, names: tuple[str, ...]) -> None:
    root = touch(tmp_path, *(f"{name}/Drinks/tea/{name}.jpg" for name in names), f"{names[0]}/oil/1.jpg")
    dataset = read_dataset(root)
    assert dataset.categories == ("Drinks/tea", "oil")
    parts = {part: [dataset.samples[i].path for i in indices] for part, indices in dataset.official.items()}
    expected = {"train": [f"{names[0]}/Drinks/tea/{names[0]}.jpg", f"{names[0]}/oil/1.jpg"]}
    for part, name in zip(("val", "test"), names[1:], strict=False):
        expected[part] = [f"{name}/Drinks/tea/{name}.jpg"]
    assert parts == expected


def test_a_lone_images_folder_is_no_level(tmp_path: Path) -> None:
    assert read_dataset(touch(tmp_path, "images/tea/1.jpg", "images/oil/2.jpg")).categories == ("oil", "tea")


def test_a_category_may_be_named_test(tmp_path: Path) -> None:
    assert read_dataset(touch(tmp_path, "test/1.jpg", "oil/2.jpg")).categories == ("oil", "test")


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (("train/tea/1.jpg", "test/tea/2.jpg", "icons/tea/3.jpg"), "other folders with photos: icons"),
        (("train/tea/1.jpg", "val/tea/2.jpg", "valid/tea/3.jpg"), "same part: train, val, valid"),
        (("train/1.jpg", "train/tea/2.jpg", "test/tea/2.jpg"), "in no category's folder: 1.jpg"),
        (("1.jpg", "tea/2.jpg"), "in no category's folder: 1.jpg"),
    ],
)
def test_unclear_folders_are_refused(tmp_path: Path, paths: tuple[str, ...], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        read_dataset(touch(tmp_path, *paths))


def test_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere.jpg", "set/tea/1.jpg")
    (tmp_path / "set/tea/2.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    with pytest.raises(LayoutError, match="leads out"):
        read_dataset(tmp_path / "set")


def test_a_link_within_the_root_and_a_linked_root_are_fine(tmp_path: Path) -> None:
    touch(tmp_path, "set/tea/1.jpg")
    (tmp_path / "set/tea/2.jpg").symlink_to("1.jpg")
    (tmp_path / "link").symlink_to("set")
    assert len(read_dataset(tmp_path / "link")) == 2


def test_links_in_a_circle_are_missing_photos(tmp_path: Path) -> None:
    touch(tmp_path, "tea/1.jpg")
    (tmp_path / "tea/2.jpg").symlink_to("3.jpg")
    (tmp_path / "tea/3.jpg").symlink_to("2.jpg")
    with pytest.raises(LayoutError, match=r"missing photos \(2\): tea/2\.jpg, tea/3\.jpg"):
        read_dataset(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "tea/1.jpg", os.fsdecode(b"tea/caf\xe9.jpg"))
    with pytest.raises(LayoutError, match=r"tea: the name b'caf\\xe9\.jpg' is not UTF-8"):
        read_dataset(tmp_path)


def test_what_the_system_refuses_is_a_layout_error(tmp_path: Path) -> None:
    touch(tmp_path, "tea/1.jpg")
    with pytest.raises(LayoutError, match=r"1\.jpg: is a file; the folders layout needs a folder"):
        read_dataset(tmp_path / "tea/1.jpg", "folders")
    with pytest.raises(LayoutError, match="cannot be read"):
        read_dataset(tmp_path / ("x" * 300))
    (tmp_path / "list.txt").write_text("x" * 300 + ".jpg tea\n")
    with pytest.raises(LayoutError, match="missing photos"):
        read_dataset(tmp_path / "list.txt")


def test_an_empty_folder_is_told_in_short(tmp_path):
    (tmp_path / ".hidden").mkdir()
    with pytest.raises(LayoutError, match=r": the folder is empty: name one that holds labelled photos$"):
        detect(tmp_path)


def test_an_unknown_folder_tells_what_was_looked_for_and_found(tmp_path: Path) -> None:
    touch(tmp_path, "report.pdf", "sub/notes.md")
    with pytest.raises(LayoutError) as caught:
        detect(tmp_path)
    message = str(caught.value)
    assert all(name in message for name in LAYOUTS)
    assert "Found folders (1): sub; files (1): report.pdf" in message


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    for ask in (detect, read_dataset):
        with pytest.raises(LayoutError, match="nowhere: no such folder"):
            ask(tmp_path / "nowhere")


def test_an_unknown_layout_hints_at_the_nearest(fruit: Path) -> None:
    with pytest.raises(LayoutError, match="did you mean 'folders'"):
        read_dataset(fruit, "folder")
    with pytest.raises(LayoutError, match="known are joined, groceries, grocery-store"):
        read_dataset(fruit, "xyz")


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_layout_that_is_not_there_is_an_error(tmp_path: Path, layout: str) -> None:
    with pytest.raises(LayoutError):
        read_dataset(touch(tmp_path, "report.pdf"), layout)


def test_classes_are_chosen_in_the_given_order(fruit: Path) -> None:
    dataset = read_dataset(fruit, classes=["packages/milk", "granny-smith"])
    assert dataset.categories == ("Packages/Milk", "Fruit/Apple/Granny-Smith")
    assert dataset.counts() == (1, 2)


def test_several_last_levels_choose_too(fruit: Path) -> None:
    assert read_dataset(fruit, classes=["Apple/gala"]).categories == ("Fruit/Apple/Gala",)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["Grany-Smith"], "no category 'Grany-Smith'; did you mean 'Fruit/Apple/Granny-Smith'"),
        (["xyzzy"], "there are 4: Fruit/Apple/Gala"),
        (["Milk", "Packages/Milk"], "'Packages/Milk' is chosen twice"),
        ([], "no category is chosen"),
    ],
)
def test_wrong_classes_are_refused(fruit: Path, classes: list[str], message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        read_dataset(fruit, classes=classes)


def test_an_ambiguous_class_lists_what_it_may_mean(tmp_path: Path) -> None:
    root = touch(tmp_path, "Juice/Apple/1.jpg", "Fruit/Apple/2.jpg", "apple/3.jpg", "APPLE/4.jpg")
    assert read_dataset(root, classes=["apple"]).categories == ("apple",)
    with pytest.raises(LayoutError, match="several categories: Fruit/Apple, Juice/Apple"):
        read_dataset(root, classes=["Apple"])
    with pytest.raises(LayoutError, match="several categories: APPLE, apple"):
        read_dataset(root, classes=["aPPle"])


def test_a_level_cuts_the_hierarchy(fruit: Path) -> None:
    assert read_dataset(fruit, level="1").categories == ("Fruit", "Packages")
    assert read_dataset(fruit, level="1").counts() == (4, 1)
    assert read_dataset(fruit, level="2").categories == ("Fruit/Apple", "Fruit/Lime", "Packages/Milk")
    assert read_dataset(fruit, level="9").categories == read_dataset(fruit).categories


@pytest.mark.parametrize("level", ["0", "coarse", "-1", "1.5"])
def test_a_wrong_level_is_refused(fruit: Path, level: str) -> None:
    with pytest.raises(LayoutError, match=r"no level .* in the folders layout; give a number from 1"):
        read_dataset(fruit, level=level)


def test_a_rendered_set_says_so(fruit: Path) -> None:
    marker = fruit / "shelfwise-sample.json"
    marker.write_text(json.dumps({"rendered": True, "seed": 1}))
    assert read_dataset(fruit).rendered
    assert read_dataset(fruit, classes=["Milk"]).rendered
    assert read_dataset(fruit / "Fruit").rendered
    marker.write_text("{}")
    assert not read_dataset(fruit).rendered
    marker.write_text("{")
    with pytest.raises(LayoutError, match="not JSON"):
        read_dataset(fruit)
