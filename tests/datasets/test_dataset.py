from pathlib import Path

import pytest

from shelfwise.datasets.dataset import Box, Dataset, Sample
from shelfwise.errors import DataError


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(
        root=Path("/set"),
        layout="folders",
        categories=("milk", "oil", "tea"),
        samples=(Sample("a.jpg", 0), Sample("b.jpg", 2), Sample("c.jpg", 1), Sample("d.jpg", 2)),
        official={"train": (0, 1, 3), "test": (2,)},
    )


def test_counts_are_in_label_order(dataset: Dataset) -> None:
    assert dataset.counts() == (1, 1, 2)
    assert len(dataset) == 4


def test_key_names_the_box() -> None:
    assert Sample("a.jpg", 0).key == "a.jpg"
    assert Sample("a.jpg", 0, Box(1, 2.5, 30, 4)).key == "a.jpg#1,2.5,30,4"


def test_subset_keeps_order_categories_and_parts(dataset: Dataset) -> None:
    part = dataset.subset([3, 0])
    assert [sample.path for sample in part.samples] == ["d.jpg", "a.jpg"]
    assert part.categories == dataset.categories
    assert part.official == {"train": (0, 1)}


@pytest.mark.parametrize("indices", [[0, 0], [4], [-1]])
def test_subset_refuses_wrong_indices(dataset: Dataset, indices: list[int]) -> None:
    with pytest.raises(DataError, match="subset"):
        dataset.subset(indices)


def test_with_classes_relabels_in_the_given_order(dataset: Dataset) -> None:
    chosen = dataset.with_classes(["tea", "milk"])
    assert chosen.categories == ("tea", "milk")
    assert [(sample.path, sample.label) for sample in chosen.samples] == [
        ("a.jpg", 1),
        ("b.jpg", 0),
        ("d.jpg", 0),
    ]
    assert chosen.official == {"train": (0, 1, 2)}


@pytest.mark.parametrize("names", [["coffee"], ["tea", "tea"]])
def test_with_classes_refuses_unknown_and_double_names(dataset: Dataset, names: list[str]) -> None:
    with pytest.raises(DataError):
        dataset.with_classes(names)


def test_fingerprint_knows_labels_keys_and_content(dataset: Dataset) -> None:
    hashes = ["w", "x", "y", "z"]
    assert dataset.fingerprint() == dataset.subset(range(4)).fingerprint()
    assert dataset.fingerprint() != dataset.subset([0, 1, 2]).fingerprint()
    assert dataset.fingerprint() != dataset.with_classes(["oil", "milk", "tea"]).fingerprint()
    assert dataset.fingerprint(hashes) != dataset.fingerprint()
    assert dataset.fingerprint(hashes) != dataset.fingerprint(["w", "x", "y", "other"])


def test_two_categories_of_one_name_are_refused() -> None:
    with pytest.raises(DataError, match="twice"):
        Dataset(Path("/set"), "folders", ("tea", "tea"), ())


def test_a_label_outside_the_categories_is_refused() -> None:
    with pytest.raises(DataError, match="outside"):
        Dataset(Path("/set"), "folders", ("tea",), (Sample("a.jpg", 1),))
