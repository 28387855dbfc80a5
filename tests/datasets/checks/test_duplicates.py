import shutil
from dataclasses import replace

import pytest
from PIL import Image, ImageEnhance

from shelfwise.datasets.checks import check_dataset, duplicate_groups
from shelfwise.datasets.dataset import Box, Sample
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import Split, split_dataset


def paths(finding):
    return [photo.path for photo in finding.photos]


def altered(image):
    return ImageEnhance.Brightness(image.resize((130, 98))).enhance(1.1)


def test_identical_files_in_one_category(shop, checked, of_kind):
    shutil.copy(shop / "Rice" / "00.png", shop / "Rice" / "copy.png")
    report = checked(shop)
    (found,) = of_kind(report, "duplicates")
    assert paths(found) == ["Rice/00.png", "Rice/copy.png"]
    assert {each.kind for each in report.findings} == {"duplicates"}


def test_one_photo_under_two_labels(shop, checked, of_kind):
    shutil.copy(shop / "Rice" / "00.png", shop / "Tea" / "copy.png")
    report = checked(shop)
    (found,) = of_kind(report, "label-conflict")
    assert paths(found) == ["Rice/00.png", "Tea/copy.png"]
    assert found.categories == ("Rice", "Tea")
    assert report.has_errors


def test_one_file_listed_under_two_labels(shop, of_kind):
    dataset = read_dataset(shop)
    samples = (*dataset.samples, replace(dataset.samples[0], label=1))
    report = check_dataset(replace(dataset, samples=samples))
    (found,) = of_kind(report, "label-conflict")
    assert paths(found) == ["Rice/00.png"]
    assert of_kind(report, "duplicates") == []


def test_near_duplicates_and_their_labels(shop, paint, checked, of_kind):
    altered(paint(100)).save(shop / "Rice" / "again.jpg")
    altered(paint(101)).save(shop / "Tea" / "other.jpg")
    report = checked(shop)
    assert sorted(paths(found) for found in of_kind(report, "near-duplicates")) == [
        ["Rice/00.png", "Rice/again.jpg"],
        ["Rice/01.png", "Tea/other.jpg"],
    ]
    (conflict,) = of_kind(report, "near-label-conflict")
    assert paths(conflict) == ["Rice/01.png", "Tea/other.jpg"]
    assert conflict.value is not None and conflict.value > 0.9
    assert not report.has_errors


def test_padding_does_not_make_photos_alike(tmp_path, paint, checked, of_kind):
    for number in range(8):
        folder = tmp_path / ("A" if number % 2 else "B")
        folder.mkdir(exist_ok=True)
        padded = Image.new("RGB", (224, 224), (128, 128, 128))
        padded.paste(paint(number, (224, 60)), (0, 82))
        padded.save(folder / f"{number}.jpg", quality=88)
    assert of_kind(checked(tmp_path), "near-duplicates") == []


def test_leaks_between_the_parts_of_a_split(shop, paint, of_kind):
    shutil.copy(shop / "Rice" / "00.png", shop / "Rice" / "copy.png")
    altered(paint(101)).save(shop / "Rice" / "near.jpg")
    dataset = read_dataset(shop)
    index = {sample.path: number for number, sample in enumerate(dataset.samples)}
    test = (index["Rice/copy.png"], index["Rice/near.jpg"], index["Tea/00.png"])
    train = tuple(number for number in range(len(dataset)) if number not in test)
    report = check_dataset(dataset, split=Split(train, (), test, 42, "stratified"))
    (exact,) = of_kind(report, "leakage")
    (near,) = of_kind(report, "near-leakage")
    assert paths(exact) == ["Rice/00.png", "Rice/copy.png"]
    assert exact.message == "in test and train"
    assert [photo.parts for photo in near.photos] == [("train",), ("test",)]
    assert report.parts == {"train": len(train), "test": 3}
    assert report.has_errors


def test_official_parts_are_held_against_each_other(shop, with_parts, of_kind):
    shutil.copy(shop / "Tea" / "05.png", shop / "Tea" / "copy.png")
    dataset = read_dataset(shop)
    half = len(dataset) // 2
    folds = with_parts(dataset, {"fold0": range(half), "fold1": range(half, len(dataset))})
    assert of_kind(check_dataset(folds), "leakage") == []
    odd = with_parts(dataset, {f"fold{n}": range(n, len(dataset), 2) for n in (0, 1)})
    index = {sample.path: number for number, sample in enumerate(dataset.samples)}
    apart = index["Tea/05.png"] % 2 != index["Tea/copy.png"] % 2
    assert len(of_kind(check_dataset(odd), "leakage")) == apart


def test_boxes_of_several_categories_on_one_photo_are_no_conflict(shop, of_kind):
    dataset = read_dataset(shop)
    rice, tea = Box(0, 0, 60, 60), Box(80, 40, 60, 60)
    samples = (Sample("Rice/00.png", 0, rice), Sample("Rice/00.png", 1, tea))
    assert of_kind(check_dataset(replace(dataset, samples=samples)), "label-conflict") == []
    samples = (*samples, Sample("Rice/00.png", 1, rice))
    (found,) = of_kind(check_dataset(replace(dataset, samples=samples)), "label-conflict")
    assert found.message == "one box is Rice and Tea"


def test_broken_photos_are_not_duplicates_of_each_other_unless_they_are(shop, checked, of_kind):
    (shop / "Rice" / "x.jpg").write_text("one")
    (shop / "Tea" / "y.jpg").write_text("two")
    assert of_kind(checked(shop), "duplicates") == []


def test_groups_keep_near_duplicates_on_one_side_of_a_split(shop, paint):
    for number in range(12):
        altered(paint(100 + number)).save(shop / "Rice" / f"near{number:02}.jpg")
    shutil.copy(shop / "Tea" / "00.png", shop / "Tea" / "copy.png")
    dataset = read_dataset(shop)
    report = check_dataset(dataset)
    near, exact = duplicate_groups(report), duplicate_groups(report, near=False)
    assert len(near) == len(exact) == len(dataset)
    assert len(set(exact)) == len(dataset) - 1
    assert len(set(near)) == len(dataset) - 13
    split = split_dataset(dataset, groups=near)
    sides = [{near[index] for index in part} for part in split.parts.values()]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


@pytest.mark.realdata
def test_what_freiburg_holds(real_data, of_kind):
    dataset = read_dataset(real_data / "freiburg", classes=["COFFEE", "SPICES"])
    report = check_dataset(dataset)
    assert len(of_kind(report, "duplicates")) == 11
    assert len(of_kind(report, "leakage")) == 6
    assert of_kind(report, "label-conflict") == []
    near = [paths(found) for found in of_kind(report, "near-duplicates")]
    assert near == [["images/SPICES/SPICES0135.jpg", "images/SPICES/SPICES0143.jpg"]]
