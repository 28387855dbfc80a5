"""List files: the list, Grocery Store and Freiburg layouts."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts import detect, read_dataset
from shelfwise.datasets.layouts.listing import list_lines
from shelfwise.datasets.layouts.pictures import inside
from shelfwise.errors import LayoutError

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def touch(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"")
    return root


def labelled(dataset: Dataset) -> dict[str, str]:
    return {sample.path: dataset.categories[sample.label] for sample in dataset.samples}


@pytest.mark.parametrize(
    ("line", "path", "label"),
    [
        ("a/b.jpg tea", "a/b.jpg", "tea"),
        ("a/b.JPG\tgreen tea", "a/b.JPG", "green tea"),
        ("a/b.png, 7", "a/b.png", "7"),
        ("my photos/b c.jpeg  Drinks/Tea", "my photos/b c.jpeg", "Drinks/Tea"),
        ('"a b.jpg" tea', "a b.jpg", "tea"),
        ('"say ""hi"".jpg","tea, green"', 'say "hi".jpg', "tea, green"),
        ('"no suffix",tea', "no suffix", "tea"),
        ("a,b.jpg tea", "a,b.jpg", "tea"),
        ("v1.jpg.webp tea", "v1.jpg.webp", "tea"),
    ],
)
def test_a_line_is_a_path_and_a_label(tmp_path: Path, line: str, path: str, label: str) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"# comment\n\n{line}\n")
    (found,) = list_lines(file)
    assert (found.path, found.label, found.where) == (path, label, f"{file}:3")


@pytest.mark.parametrize(
    "line", ["a.jpg", "tea", "a.jpg ", "a.jpg,tea,oil", "a.jpg\t1\t2", '"a.jpg tea', "a.jpg,"]
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"ok.jpg tea\n{line}\n")
    with pytest.raises(LayoutError, match=r"list\.txt:2: expected a photo's path and its label"):
        list(list_lines(file))


NAMES = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters='/\\"'), min_size=1, max_size=8
)
PATHS = st.lists(st.tuples(NAMES, NAMES).map(" ".join), min_size=1, max_size=3).map(
    lambda s: "/".join(s) + ".jpg"
)


@CALM
@given(
    rows=st.dictionaries(PATHS, st.tuples(NAMES, NAMES).map(" ".join), min_size=1, max_size=8),
    sep=st.sampled_from(" ,\t"),
)
def test_a_written_list_is_read_back(rows: dict[str, str], sep: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"
        lines = [f'"{path}"{sep}"{label}"' for path, label in rows.items()]
        file.write_text("path,label\r\n" + "\r\n".join(lines), encoding="utf-8-sig", newline="")
        assert [(line.path, line.label) for line in list_lines(file)] == list(rows.items())


@CALM
@given(st.text(max_size=30))
def test_a_path_never_leaves_the_root(text: str) -> None:
    root = Path("/set")
    try:
        path = inside(text, "here")
    except LayoutError:
        return
    assert (root / path).is_relative_to(root)
    assert ".." not in Path(path).parts


@pytest.mark.parametrize(
    "path", ["../../etc/passwd.jpg", "/etc/a.jpg", "a/../../b.jpg", "..\\b.jpg", "C:\\b.jpg"]
)
def test_a_path_out_of_the_root_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "list.txt").write_text(f"{path} tea\n")
    with pytest.raises(LayoutError, match=r"list\.txt:1: .* leads out"):
        read_dataset(tmp_path / "list.txt")


def test_names_are_sorted_and_numbers_too(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    (tmp_path / "names.txt").write_text("c.jpg tea\na.jpg oil\n")
    (tmp_path / "numbers.txt").write_text("c.jpg 10\na.jpg 9\nb.jpg 10\n")
    assert labelled(read_dataset(tmp_path / "names.txt")) == {"a.jpg": "oil", "c.jpg": "tea"}
    assert read_dataset(tmp_path / "numbers.txt").categories == ("9", "10")


def test_classes_txt_names_numbers_and_orders_names(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "classes.txt").write_text("tea\noil\n")
    for labels in (("1", "0"), ("oil", "tea")):
        (tmp_path / "labels.txt").write_text(f"a.jpg {labels[0]}\nb.jpg {labels[1]}\n")
        dataset = read_dataset(tmp_path)
        assert dataset.layout == "list"
        assert dataset.categories == ("tea", "oil")
        assert labelled(dataset) == {"a.jpg": "oil", "b.jpg": "tea"}


@pytest.mark.parametrize(
    ("classes", "label", "message"),
    [
        ("tea\noil\n", "2", r"labels\.txt:1: the label '2' is neither one of the 2 names"),
        ("tea\noil\n", "milk", "the label 'milk' is neither"),
        ("tea\ntea\n", "tea", "named twice"),
    ],
)
def test_a_label_that_classes_txt_lacks_is_refused(
    tmp_path: Path, classes: str, label: str, message: str
) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "classes.txt").write_text(classes)
    (tmp_path / "labels.txt").write_text(f"a.jpg {label}\n")
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


def test_lists_named_for_parts_are_official_parts(tmp_path: Path) -> None:
    touch(tmp_path, "x/a.jpg", "x/b.jpg", "x/c.jpg")
    (tmp_path / "README.txt").write_text("Photos of tea.\n")
    (tmp_path / "all.txt").write_text("x/a.jpg tea\nx/b.jpg tea\nx/c.jpg tea\n")
    (tmp_path / "train.txt").write_text("x/c.jpg tea\n./x/a.jpg tea\n")
    (tmp_path / "valid.txt").write_text("x\\b.jpg tea\n")
    dataset = read_dataset(tmp_path)
    assert dataset.official == {"train": (0, 2), "val": (1,)}
    assert read_dataset(tmp_path / "all.txt").official == {}


def test_several_lists_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "one.txt").write_text("a.jpg tea\n")
    (tmp_path / "two.csv").write_text("a.jpg,tea\n")
    with pytest.raises(LayoutError, match=r"several list files: one\.txt, two\.csv"):
        read_dataset(tmp_path)


def test_missing_photos_are_counted_and_the_first_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "list.txt").write_text("a.jpg tea\n" + "".join(f"gone{i}.jpg tea\n" for i in range(7)))
    with pytest.raises(LayoutError, match=r"missing photos \(7\): gone0\.jpg, .*gone4\.jpg and 2 more"):
        read_dataset(tmp_path)


def test_a_repeated_line_counts_once_and_a_contradiction_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "list.txt").write_text("a.jpg tea\nb.jpg oil\na.jpg tea\n")
    assert len(read_dataset(tmp_path)) == 2
    (tmp_path / "list.txt").write_text("a.jpg tea\nb.jpg oil\na.jpg oil\n")
    with pytest.raises(LayoutError, match=r"list\.txt:3: a\.jpg is 'oil', but .*list\.txt:1 it is 'tea'"):
        read_dataset(tmp_path)


def test_a_photo_in_two_parts_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "train.txt").write_text("a.jpg tea\n")
    (tmp_path / "test.txt").write_text("a.jpg tea\n")
    with pytest.raises(LayoutError, match=r"'tea' in train, but .* 'tea' in test"):
        read_dataset(tmp_path)


def test_a_list_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.jpg tea\n")
    with pytest.raises(LayoutError, match="not UTF-8"):
        read_dataset(tmp_path / "list.txt")


HEADING = "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int),Iconic Image Path (str),x\n"


def grocery_store(root: Path) -> Path:
    photos = [
        ("train", "Fruit/Apple/Gala/1.jpg", 1, 0),
        ("train", "Vegetables/Leek/1.jpg", 2, 1),
        ("val", "Fruit/Apple/Fuji/1.jpg", 0, 0),
        ("test", "Vegetables/Leek/2.jpg", 2, 1),
    ]
    touch(root, *(f"{part}/{path}" for part, path, _, _ in photos))
    for part in ("train", "val", "test"):
        (root / f"{part}.txt").write_text(
            "".join(f"{part}/{path}, {fine}, {coarse}\n" for its, path, fine, coarse in photos if its == part)
        )
    (root / "classes.csv").write_text(
        HEADING + "Fuji,0,Apple,0,/iconic/Fruit/Apple/Fuji/Fuji.jpg,d\n"
        "Gala,1,Apple,0,/iconic/Fruit/Apple/Gala/Gala.jpg,d\nLeek,2,Leek,1,/iconic/Vegetables/Leek/Leek.jpg,d\n"
    )
    return root


def test_grocery_store_names_the_whole_hierarchy(tmp_path: Path) -> None:
    fine = read_dataset(grocery_store(tmp_path))
    assert fine.layout == "grocery-store"
    assert fine.categories == ("Fruit/Apple/Fuji", "Fruit/Apple/Gala", "Vegetables/Leek")
    assert read_dataset(tmp_path, level="fine") == fine
    assert {part: len(indices) for part, indices in fine.official.items()} == {
        "train": 2,
        "val": 1,
        "test": 1,
    }
    coarse = read_dataset(tmp_path, level="coarse")
    assert coarse.categories == ("Fruit/Apple", "Vegetables/Leek")
    assert coarse.counts() == (2, 2)
    assert read_dataset(tmp_path, level="1").categories == ("Fruit", "Vegetables")


def test_grocery_store_in_a_checkout_of_its_repository(tmp_path: Path) -> None:
    grocery_store(tmp_path / "dataset")
    assert detect(tmp_path) == "grocery-store"
    assert read_dataset(tmp_path).root == tmp_path.resolve() / "dataset"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("train.txt", "1, 0", "1, 1", r"train\.txt:1: class 1 with coarse class 1 is not in classes\.csv"),
        ("train.txt", "1, 0", "9, 0", "class 9"),
        ("train.txt", ", 1, 0", "", r"train\.txt:1: expected a path and two numbers"),
        ("test.txt", "test/Veg", "../test/Veg", r"test\.txt:1: .* leads out"),
        ("val.txt", "Fuji/1", "Fuji/2", r"missing photos \(1\): val/Fruit/Apple/Fuji/2"),
        ("classes.csv", "Gala,1", "Gala,0", r"classes\.csv:3: number 0 or 0 is given to two classes"),
        ("classes.csv", "Gala,1", "Gala,one", r"classes\.csv:3: expected name, number"),
        ("classes.csv", "/Gala/", "/Fuji/", r"classes\.csv:3: the path .* does not fit 'Gala' of 'Apple'"),
    ],
)
def test_grocery_store_lists_are_checked(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    path = grocery_store(tmp_path) / file
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


PHOTOS = (
    "images/TEA/TEA0001.png",
    "images/TEA/TEA0002.png",
    "images/OIL/OIL0001.png",
    "images/OIL/OIL0002.png",
)


def test_freiburg_folds_are_official_parts(tmp_path: Path) -> None:
    touch(tmp_path, *PHOTOS, "folds/x")
    (tmp_path / "folds/fold0.txt").write_text(f"{PHOTOS[0]}\n{PHOTOS[2]}\n")
    (tmp_path / "folds/fold1.txt").write_text(f"{PHOTOS[1]}\n")
    dataset = read_dataset(tmp_path)
    assert (dataset.layout, dataset.categories) == ("freiburg", ("OIL", "TEA"))
    assert dataset.official == {"fold0": (0, 2), "fold1": (3,)}
    assert len(dataset) == 4


def test_freiburg_as_published(tmp_path: Path) -> None:
    touch(tmp_path, *PHOTOS, "splits/x")
    for fold in (0, 1):
        (tmp_path / f"splits/test{fold}.txt").write_text(
            f"TEA/TEA000{fold + 1}.png 5\nOIL/OIL000{fold + 1}.png 3\n"
        )
        (tmp_path / f"splits/train{fold}.txt").write_text(
            f"TEA/TEA000{2 - fold}.png 5\nOIL/OIL000{2 - fold}.png 3\n"
        )
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "freiburg"
    assert dataset.official == {"fold0": (0, 2), "fold1": (1, 3)}


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (
            {"splits/test0.txt": "TEA/TEA0001.png 5\nTEA/TEA0002.png 4\n"},
            r"test0\.txt:2: TEA has number 4, but 5",
        ),
        (
            {"folds/fold0.txt": PHOTOS[0], "folds/fold1.txt": PHOTOS[0]},
            r"fold1\.txt:1: .* is in fold0 already",
        ),
        ({"folds/fold0.txt": "images/TEA/TEA0009.png\n"}, "missing photos"),
        ({"folds/fold0.txt": "../TEA.png\n"}, "leads out"),
    ],
)
def test_freiburg_lists_are_checked(tmp_path: Path, lists: dict[str, str], message: str) -> None:
    touch(tmp_path, *PHOTOS, *lists)
    for file, text in lists.items():
        (tmp_path / file).write_text(text)
    with pytest.raises(LayoutError, match=message):
        read_dataset(tmp_path)


def test_freiburg_photos_lie_in_one_folder_a_category(tmp_path: Path) -> None:
    touch(tmp_path, *PHOTOS, "images/TEA/green/1.png", "folds/x")
    (tmp_path / "folds/fold0.txt").write_text(PHOTOS[0])
    with pytest.raises(LayoutError, match="expected CATEGORY/NAME, found 'TEA/green'"):
        read_dataset(tmp_path)


@pytest.mark.realdata
def test_the_real_freiburg_set(real_data: Path) -> None:
    dataset = read_dataset(real_data / "freiburg")
    assert dataset.layout == "freiburg"
    assert (len(dataset), len(dataset.categories)) == (3948, 25)
    assert [len(dataset.official[f"fold{number}"]) for number in range(4)] == [1018, 958, 977, 995]
    assert sorted(index for part in dataset.official.values() for index in part) == list(range(3948))


@pytest.mark.realdata
def test_the_real_grocery_store_set(real_data: Path) -> None:
    fine = read_dataset(real_data / "grocery-store")
    coarse = read_dataset(real_data / "grocery-store", level="coarse")
    assert fine.layout == "grocery-store"
    assert [len(fine.official[part]) for part in ("train", "val", "test")] == [2640, 296, 2485]
    assert (len(fine.categories), len(coarse.categories)) == (81, 43)
    assert fine.categories[0] == "Fruit/Apple/Golden-Delicious"
    assert fine.categories[59] == "Vegetables/Asparagus"
    assert coarse.categories[0] == "Fruit/Apple"
    for one, other in zip(fine.samples, coarse.samples, strict=True):
        assert fine.categories[one.label].startswith(coarse.categories[other.label])
    chosen = read_dataset(real_data / "grocery-store", classes=["granny-smith", "Zucchini"])
    assert chosen.categories == ("Fruit/Apple/Granny-Smith", "Vegetables/Zucchini")
