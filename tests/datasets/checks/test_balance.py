from dataclasses import replace

import pytest

from shelfwise.datasets.checks import check_dataset
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import Split


def keep(dataset, rice, tea):
    by_label = {label: [s for s in dataset.samples if s.label == label] for label in (0, 1)}
    return replace(dataset, samples=(*by_label[0][:rice], *by_label[1][:tea]))


@pytest.mark.parametrize(
    ("rice", "tea", "severity"), [(12, 12, None), (12, 5, None), (12, 4, "info"), (12, 1, "warning")]
)
def test_imbalance_grows_from_nothing_to_a_warning(shop, of_kind, rice, tea, severity):
    found = of_kind(check_dataset(keep(read_dataset(shop), rice, tea)), "imbalance")
    assert [each.severity for each in found] == ([severity] if severity else [])
    if found:
        assert found[0].value == rice / tea
        assert found[0].categories == ("Rice", "Tea")


def test_few_photos(shop, of_kind):
    report = check_dataset(keep(read_dataset(shop), 10, 9))
    (found,) = of_kind(report, "few-photos")
    assert (found.categories, found.value) == (("Tea",), 9)


def test_a_set_of_one_category_is_an_error(shop, of_kind):
    report = check_dataset(keep(read_dataset(shop), 12, 0))
    (one,) = of_kind(report, "one-category")
    assert one.message == "only Rice has photos"
    (empty,) = of_kind(report, "empty-category")
    assert empty.categories == ("Tea",)
    assert report.has_errors


def test_a_set_of_nothing_is_an_error_and_no_crash(shop, of_kind):
    report = check_dataset(keep(read_dataset(shop), 0, 0))
    assert of_kind(report, "one-category")[0].message == "no category has photos"
    assert report.photos == 0


def test_categories_that_are_tested_but_never_trained(shop, of_kind):
    dataset = read_dataset(shop)
    split = Split(tuple(range(12)), (12, 13), tuple(range(14, 24)), 42, "stratified")
    (found,) = of_kind(check_dataset(dataset, split=split), "not-in-train")
    assert found.categories == ("Tea",)
    assert found.severity == "error"


def test_a_part_that_is_still_to_be_divided_is_learned_from_too(shop, of_kind):
    dataset = read_dataset(shop)
    last = len(dataset)
    official = {
        "train": tuple(range(12)),
        "trainval": tuple(range(12, last - 2)),
        "test": (last - 2, last - 1),
    }
    report = check_dataset(replace(dataset, official=official))
    assert of_kind(report, "not-in-train") == []
