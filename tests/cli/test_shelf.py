"""``shelfwise shelf``, with a toy model and a detector that finds coloured blocks."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pycocotools.coco import COCO
from typer.testing import CliRunner

from shelfwise.cli.app import app
from shelfwise.datasets.layouts import read_dataset
from shelfwise.types import Detections

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SHELF = [[RED, RED, GREEN], [BLUE, BLUE, BLUE]]


def paint(path, rows=SHELF, size=(200, 220)):
    """A photo of blocks of colour that stand on two boards."""
    picture = Image.new("RGB", size)
    draw = ImageDraw.Draw(picture)
    for row, colours in enumerate(rows):
        for place, colour in enumerate(colours):
            left, top = 10 + 50 * place, 10 + 100 * row
            draw.rectangle((left, top, left + 39, top + 79), fill=colour)
    picture.save(path)


class Blocks:
    """Finds the blocks that :func:`paint` draws."""

    def find(self, image, *, source=None):
        pixels = np.asarray(image)
        boxes = [
            (left, top, left + 40, top + 80)
            for top in (10, 110)
            for left in (10, 60, 110)
            if pixels[top + 5, left + 5].max() > 100
        ]
        scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
        return Detections(
            np.array(boxes, np.float32).reshape(-1, 4), scores, image.width, image.height, source
        )


@pytest.fixture
def shop(toy, tmp_path, monkeypatch):
    toy.write_toy_bundle(tmp_path / "bundle", categories=["Red", "Fruit/Green", "Blue"])
    (tmp_path / "photos").mkdir()
    paint(tmp_path / "photos" / "aisle.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHELFWISE_MODEL", "bundle")
    monkeypatch.setattr("shelfwise.shelf.detector.load_detector", lambda *_, **__: Blocks())
    return tmp_path


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, ["shelf", *arguments], input=stdin)


def test_a_report_by_default(shop):
    result = run("photos")
    assert result.exit_code == 0, result.output
    first, *rest = result.stdout.splitlines()
    assert first == "photos/aisle.png: 6 facings in 2 rows"
    assert [line.split() for line in rest[:3]] == [
        ["Blue", "3", "50.0", "%"],
        ["Red", "2", "33.3", "%"],
        ["Fruit/Green", "1", "16.6", "%"],
    ]
    assert "6 facings, 6 named on 1 photo" in result.stderr


def test_without_names_facings_are_counted_alone(shop):
    result = run("photos", "--no-names")
    assert result.stdout == "photos/aisle.png: 6 facings in 2 rows\n"
    assert "named" not in result.stderr


def test_products_known_by_sight_stand_below_their_category(shop):
    for number in range(3):
        Image.new("RGB", (20, 20), (250, 2 * number, 0)).save(f"{number}.png")
    added = CliRunner().invoke(
        app, ["products", "add", "Cola", "0.png", "1.png", "2.png", "--category", "drinks"]
    )
    assert added.exit_code == 0, added.output
    result = run("photos")
    assert [line.split()[:2] for line in result.stdout.splitlines()[2:4]] == [["drinks", "2"], ["Cola", "2"]]
    told = json.loads(run("photos", "--format", "json").stdout)
    assert told["photos"][0]["counts"]["products"] == {"Cola": 2}


def test_csv_has_a_line_a_run(shop):
    rows = list(csv.DictReader(io.StringIO(run("photos", "--format", "csv").stdout)))
    assert [
        (row["row"], row["position"], row["category"], row["facings"], row["answer"]) for row in rows
    ] == [
        ("1", "1", "Red", "2", "accept"),
        ("1", "3", "Fruit/Green", "1", "accept"),
        ("2", "1", "Blue", "3", "accept"),
    ]
    assert rows[0]["photo"] == "photos/aisle.png"
    assert float(rows[0]["confidence"]) > 0.9


def test_json_has_everything_and_errors_too(shop):
    (shop / "photos" / "broken.jpg").write_bytes(b"no picture")
    result = run("photos", "--format", "json")
    assert result.exit_code == 1
    aisle, broken = json.loads(result.stdout)["photos"]
    assert aisle["photo"] == "photos/aisle.png" and aisle["error"] is None
    assert len(aisle["facings"]) == aisle["counts"]["facings"] == 6
    assert broken == {"photo": "photos/broken.jpg", "error": "not a picture", "picture": None}
    assert "error: photos/broken.jpg: not a picture" in result.stderr


def test_coco_is_read_by_others_and_by_the_layout(shop):
    result = run("photos", "--format", "coco", "--output", "annotations.json")
    assert result.exit_code == 0, result.output
    told = COCO("annotations.json")
    assert sorted(each["name"] for each in told.loadCats(told.getCatIds())) == [
        "Blue",
        "Fruit/Green",
        "Red",
        "product",
    ]
    assert told.loadAnns(told.getAnnIds(imgIds=1))[0]["bbox"] == [10.0, 10.0, 40.0, 80.0]
    dataset = read_dataset(shop / "annotations.json", layout="coco")
    assert len(dataset.samples) == 6


def test_a_bad_photo_stops_nothing(shop):
    paint(shop / "photos" / "zoo.png", [[RED], []])
    (shop / "photos" / "bad.jpg").write_bytes(b"")
    result = run("photos", "photos/none.jpg")
    assert result.exit_code == 1
    assert "photos/bad.jpg: file is empty" in result.stdout
    assert "photos/zoo.png: 1 facing in 1 row" in result.stdout
    assert "photos/none.jpg: no such file" in result.stdout
    assert "on 2 photos" in result.stderr and "2 failed" in result.stderr


def test_pictures_are_saved_beside_photos_and_not_counted_themselves(shop):
    assert run("photos", "--save-picture").exit_code == 0
    with Image.open("photos/aisle.shelf.png") as picture:
        assert picture.width >= 900
    again = run("photos", "--save-picture")
    assert again.stdout.count("facings in") == 1
    assert run("photos/aisle.shelf.png").stdout.startswith("photos/aisle.shelf.png: ")


def test_pictures_go_to_a_folder_or_a_file(shop):
    (shop / "more").mkdir()
    paint(shop / "more" / "aisle.png")
    assert run("photos", "more", "--pictures", "marked").exit_code == 0
    assert sorted(path.name for path in Path("marked").iterdir()) == ["aisle-2.shelf.png", "aisle.shelf.png"]
    assert run("photos/aisle.png", "--pictures", "one.jpg").exit_code == 0
    assert Path("one.jpg").is_file()
    several = run("photos", "more", "--pictures", "one.jpg")
    assert several.exit_code == 2 and "name a folder" in several.stderr
    assert run("photos", "--pictures", "one.webp").exit_code == 2


def test_a_picture_from_standard_input(shop):
    result = run("-", "--pictures", "marked", stdin=Path("photos/aisle.png").read_bytes())
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("-: 6 facings")
    assert Path("marked/standard-input.shelf.jpg").is_file()


def test_boxes_that_are_less_sure_are_left_out(shop):
    assert run("photos", "--no-names", "--min-score", "0.8").stdout.startswith("photos/aisle.png: 2 facings")
    assert run("photos", "--min-score", "2").exit_code == 2


def test_the_output_file_says_the_format_and_is_not_there_where_nothing_was_found(shop):
    assert run("photos", "--output", "counts.csv").stdout == ""
    assert Path("counts.csv").read_text().startswith("photo,row,position,product,category,facings,answer")
    (shop / "empty").mkdir()
    result = run("empty", "--output", "none.csv")
    assert result.exit_code == 2 and "no photo found in empty" in result.stderr
    assert not Path("none.csv").exists()


def test_an_empty_shelf_is_no_error(shop):
    paint(shop / "empty.png", [[], []])
    assert run("empty.png").stdout == "empty.png: 0 facings in 0 rows\n"


def test_a_classifier_is_no_detector(toy, tmp_path):
    toy.write_toy_bundle(tmp_path / "bundle")
    paint(tmp_path / "aisle.png")
    result = run(str(tmp_path / "aisle.png"), "--detector", str(tmp_path / "bundle"))
    assert result.exit_code == 2
    assert "--task detect" in result.stderr
