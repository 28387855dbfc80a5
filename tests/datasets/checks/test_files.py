from dataclasses import replace

from shelfwise.datasets.checks import check_dataset
from shelfwise.datasets.dataset import Box, Sample
from shelfwise.datasets.layouts import read_dataset


def test_broken_photos_are_named_with_their_reason(shop, checked, of_kind):
    data = (shop / "Rice" / "00.png").read_bytes()
    (shop / "Rice" / "cut.png").write_bytes(data[: len(data) // 2])
    (shop / "Rice" / "empty.jpg").touch()
    (shop / "Tea" / "words.jpg").write_text("hello")
    report = checked(shop)
    assert [found.photos[0].path for found in of_kind(report, "truncated")] == ["Rice/cut.png"]
    unreadable = {found.photos[0].path: found.message for found in of_kind(report, "unreadable")}
    assert unreadable == {"Rice/empty.jpg": "file is empty", "Tea/words.jpg": "not a picture"}
    assert of_kind(report, "unreadable")[0].categories == ("Rice",)
    assert report.has_errors


def test_a_photo_that_went_away_is_missing(shop, of_kind):
    dataset = read_dataset(shop)
    (shop / "Tea" / "03.png").unlink()
    (found,) = of_kind(check_dataset(dataset), "missing")
    assert found.photos[0].path == "Tea/03.png"
    assert found.severity == "error"


def test_endings_that_mislead(shop, paint, checked, of_kind):
    paint(301).save(shop / "Tea" / "a.jpg", "PNG")
    paint(302).save(shop / "Tea" / "b.JPEG", "JPEG")
    paint(303).save(shop / "Tea" / "c.tif", "TIFF")
    paint(304).save(shop / "Tea" / "d.dump", "JPEG")
    report = checked(shop)
    found = {each.photos[0].path: each.message for each in of_kind(report, "wrong-extension")}
    assert found == {
        "Tea/a.jpg": "is PNG, ends in .jpg",
        "Tea/d.dump": "a picture by its content, left out because it ends in .dump",
    }
    assert not report.has_errors


def test_boxes_that_reach_outside_their_photo(shop, of_kind):
    dataset = read_dataset(shop)
    inside, over = Box(0, 0, 161, 120), Box(100, 60, 80, 60)
    little = Box(100, 60, 64, 60)
    samples = (
        Sample("Rice/00.png", 0, inside),
        Sample("Rice/00.png", 0, little),
        Sample("Rice/00.png", 1, over),
        *dataset.samples[12:],
    )
    found = of_kind(check_dataset(replace(dataset, samples=samples)), "box-outside")
    assert [(each.severity, each.message, each.value) for each in found] == [
        ("error", "box of Tea at (100, 60): 20 pixels outside", 20),
        ("warning", "box of Rice at (100, 60): 4 pixels outside", 4),
    ]
