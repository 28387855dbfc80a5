"""``shelfwise shelf``, with a toy model and a detector that finds coloured blocks."""

import csv
import io
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pycocotools.coco import COCO
from typer.testing import CliRunner

from shelfwise.bundle import DEFAULT_DETECTOR
from shelfwise.cli.app import app
from shelfwise.cli.shelf_output import FORMATS
from shelfwise.datasets.layouts import read_dataset
from shelfwise.inference.classifier import load
from shelfwise.shelf.facings import Named
from shelfwise.types import Detections
from shelfwise.workflows.learned_products import LearnedProducts
from shelfwise.workflows.model_shelf import ModelShelf
from shelfwise.workflows.shelf_count import ShelfCount, arrange_shelf
from shelfwise.workflows.shelf_photos import CountedPhoto

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
            for left in range(10, image.width - 39, 50)
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
    first, head, *rest = result.stdout.splitlines()
    assert first == "photos/aisle.png: 6 facings in 2 rows"
    assert head.split() == ["category", "facings", "of", "the", "shelf"]
    assert [line.split() for line in rest[:3]] == [
        ["Blue", "3", "50.0", "%"],
        ["Red", "2", "33.3", "%"],
        ["Fruit/Green", "1", "16.7", "%"],
    ]
    assert "6 facings, 6 named on 1 photo" in result.stderr


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_that_the_camera_held_otherwise_is_counted_upright(shop, orientation):
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open("photos/aisle.png") as picture:
        stored = picture if orientation == 1 else picture.transpose(Image.Transpose(undo[orientation]))
        stored.save("held.png", exif=exif)
    upright, held = (
        json.loads(run(path, "--format", "json").stdout)["photos"][0]
        for path in ("photos/aisle.png", "held.png")
    )
    assert held["facings"] == upright["facings"] and len(held["facings"]) == 6
    assert (held["width"], held["height"]) == (200, 220)


def test_what_is_not_sure_has_its_share_too():
    named = [
        Named("accept", "Jam"),
        Named("accept", None, "tea"),
        Named("ask", None, "tea"),
        Named("unknown"),
    ]
    boxes = np.array([(50 * place, 10, 50 * place + 40, 90) for place in range(4)], np.float32)
    found = Detections(boxes, np.full(4, 0.9, np.float32), 220, 100)
    count = ShelfCount((None,), found, arrange_shelf(found, named), model=("0" * 12, "toy"))
    told = FORMATS["table"](lambda text, colour: text).photo(CountedPhoto("a.jpg", count))
    assert [line.split() for line in told.splitlines()[2:]] == [
        ["tea", "1", "25.0", "%"],
        ["without", "category", "1", "25.0", "%"],
        ["Jam", "1"],
        ["not", "sure", "2", "50.0", "%"],
    ]


def test_without_names_facings_are_counted_alone(shop):
    result = run("photos", "--no-names")
    assert result.stdout == "photos/aisle.png: 6 facings in 2 rows\n"
    assert "named" not in result.stderr
    rows = list(csv.DictReader(io.StringIO(run("photos", "--no-names", "--format", "csv").stdout)))
    assert [(row["facings"], row["answer"], row["confidence"]) for row in rows] == [("1", "", "")] * 6


def test_without_names_nobody_was_asked_what_a_facing_is(shop):
    (told,) = json.loads(run("photos", "--no-names", "--format", "json").stdout)["photos"]
    for each in (*told["facings"], *told["runs"]):
        assert (each["answer"], each["confidence"]) == (None, None)
    assert (told["counts"]["facings"], told["counts"]["ask"], told["counts"]["unknown"]) == (6, None, None)
    boxes = json.loads(run("photos", "--no-names", "--format", "coco").stdout)["annotations"]
    assert len(boxes) == 6 and not any("answer" in box for box in boxes)
    boxes = json.loads(run("photos", "--format", "coco").stdout)["annotations"]
    assert {box["answer"] for box in boxes} == {"accept"}


def test_no_two_lines_of_csv_have_the_same_place():
    boxes = np.array([(10, 10, 50, 50), (10, 50, 50, 90), (60, 10, 100, 90)], np.float32)
    found = Detections(boxes, np.full(3, 0.9, np.float32), 220, 100)
    told = FORMATS["csv"](lambda text, colour: text)
    text = told.header() + told.photo(CountedPhoto("a.jpg", ShelfCount((None,), found, arrange_shelf(found))))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["row"], row["position"], row["level"]) for row in rows] == [
        ("1", "1", "1"),
        ("1", "1", "2"),
        ("1", "2", "1"),
    ]


def test_products_known_by_sight_stand_below_their_category(shop):
    for number in range(3):
        Image.new("RGB", (20, 20), (250, 2 * number, 0)).save(f"{number}.png")
    added = CliRunner().invoke(
        app, ["products", "add", "Cola", "0.png", "1.png", "2.png", "--category", "drinks"]
    )
    assert added.exit_code == 0, added.output
    result = run("photos")
    assert [line.split()[:2] for line in result.stdout.splitlines()[3:5]] == [["drinks", "2"], ["Cola", "2"]]
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


def test_a_bad_photo_is_told_once_on_a_terminal(shop, monkeypatch):
    (shop / "photos" / "bad.jpg").write_bytes(b"")
    told = "photos/bad.jpg: file is empty"
    assert told in run("photos").stdout and f"error: {told}" in run("photos").stderr
    monkeypatch.setattr("shelfwise.cli.shelf.on_one_terminal", lambda: True)
    result = run("photos")
    assert told in result.stdout and told not in result.stderr and result.exit_code == 1
    assert f"error: {told}" in run("photos", "--format", "csv").stderr
    assert f"error: {told}" in run("photos", "--output", "facings.txt").stderr


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("out.csv", "photo,row"),
        ("out.json", '{"photos"'),
        ("OUT.COCO.JSON", '{"info"'),
        ("out.txt", "photos/"),
        ("out", "photos/"),
    ],
)
def test_the_ending_of_the_output_file_says_the_format(shop, name, begins):
    assert run("photos", "-o", name).exit_code == 0
    assert (shop / name).read_text().startswith(begins)


def test_an_ending_that_says_no_format_is_refused(shop):
    result = run("photos", "-o", "out.coco")
    assert result.exit_code == 2 and ".coco.json (coco), .json (json)" in result.stderr
    assert not (shop / "out.coco").exists()
    assert run("photos", "-o", "out.coco", "--format", "coco").exit_code == 0


def test_pictures_are_saved_beside_photos_and_not_counted_themselves(shop):
    assert run("photos", "--save-picture").exit_code == 0
    with Image.open("photos/aisle.shelf.png") as picture:
        assert picture.width >= 900
    again = run("photos", "--save-picture")
    assert again.stdout.count("facings in") == 1
    assert run("photos/aisle.shelf.png").stdout.startswith("photos/aisle.shelf.png: ")


def test_a_second_run_takes_no_saved_picture_for_a_photo(shop):
    files = ["photos/aisle.png", "photos/more.png"]
    paint(shop / "photos" / "more.png")
    assert run("photos", "--save-picture").exit_code == 0
    saved = sorted(str(path) for path in Path("photos").glob("*.shelf.*"))
    for arguments in (["photos"], ["photos/*.png"], [*files, *saved]):
        told = json.loads(run(*arguments, "--format", "json").stdout)["photos"]
        assert [photo["photo"] for photo in told] == files
    Path("photos/more.png").unlink()
    assert run("photos", "--draft-planogram", "plan.json").exit_code == 0
    assert run("photos", "--pictures", "photos/marked.png").exit_code == 0
    again = run("photos", "--pictures", "photos/marked.png")
    assert again.exit_code == 0 and again.stdout.count("facings in") == 1
    over = run("photos/aisle.png", "--pictures", "photos/aisle.png")
    assert over.exit_code == 2 and "written over the photo" in over.stderr


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
    assert (
        Path("counts.csv").read_text().startswith("photo,row,position,level,product,category,facings,answer")
    )
    (shop / "empty").mkdir()
    result = run("empty", "--output", "none.csv")
    assert result.exit_code == 2 and "no photo found in empty" in result.stderr
    assert not Path("none.csv").exists()


def test_gaps_are_told_with_what_most_likely_belongs_there(shop):
    paint(shop / "gap.png", [[BLUE, (0, 0, 0), BLUE], [RED, RED, RED]])
    told = run("gap.png").stdout
    assert told.startswith("gap.png: 5 facings in 2 rows, 1 gap")
    assert "gap: row 1, position 2: room for 1 facing of Blue (perhaps, 80.0 %)" in told
    (gap,) = json.loads(run("gap.png", "--format", "json").stdout)["photos"][0]["gaps"]
    assert gap["candidates"][0]["category"] == "Blue"


@pytest.fixture
def halves(shop):
    """A shelf of 18 blocks on two photos that share six of them."""
    colours = np.random.default_rng(5).integers(110, 256, (2, 9, 3))
    colours[..., 1:] = np.random.default_rng(6).integers(0, 256, (2, 9, 2))
    rows = [[tuple(map(int, colour)) for colour in row] for row in colours]
    paint(shop / "whole.png", rows, (460, 220))
    paint(shop / "left.png", [row[:6] for row in rows], (320, 220))
    paint(shop / "right.png", [row[3:] for row in rows], (320, 220))
    return shop


def test_what_is_on_two_photos_of_one_shelf_counts_once(halves):
    result = run("left.png", "right.png", "--join", "--pictures", "joined.png", "--format", "json")
    assert result.exit_code == 0, result.output
    (told,) = json.loads(result.stdout)["photos"]
    assert told["photo"] == "left.png + right.png"
    assert told["sources"] == ["left.png", "right.png"]
    assert "18 facings, 18 named on 2 photos in" in result.stderr
    (whole,) = json.loads(run("whole.png", "--format", "json").stdout)["photos"]
    assert told["counts"] == whole["counts"]
    assert [len(row["members"]) for row in told["rows"]] == [9, 9]
    assert abs(told["width"] - 460) <= 15
    with Image.open("joined.png") as picture, Image.open("whole.png") as photo:
        scale = picture.width / told["width"]
        for left in (30, 230, 430):
            pixel = picture.getpixel((round(left * scale), round(50 * scale)))
            assert np.abs(np.array(pixel) - photo.getpixel((left, 50))).max() < 80


def test_a_joined_folder_passes_its_marked_out_pictures_by(halves):
    (halves / "shelf").mkdir()
    for name in ("left.png", "right.png"):
        (halves / name).rename(halves / "shelf" / name)
    first = run("shelf", "--join", "--save-picture")
    assert first.exit_code == 0 and Path("shelf/left.shelf.png").is_file(), first.output
    again = run("shelf", "--join", "--save-picture")
    assert again.exit_code == 0, again.output
    assert again.stdout == first.stdout


def test_photos_that_do_not_overlap_are_not_joined(halves):
    paint(halves / "other.png", [[BLUE, RED, GREEN], [GREEN, RED, RED]])
    result = run("left.png", "other.png", "--join")
    assert result.exit_code == 2 and "photo 2 cannot be joined" in result.stderr


def test_one_photo_alone_is_counted_and_told_to_be_alone(halves):
    alone = run("left.png", "--join")
    assert alone.exit_code == 0 and "one photo alone" in alone.stderr
    assert "one photo alone" not in run("left.png", "right.png", "--join").stderr


def test_joining_needs_names_and_all_photos(halves):
    assert "leave out --no-names" in run("left.png", "right.png", "--join", "--no-names").stderr
    assert "leave out --join" in run("left.png", "right.png", "--join", "--format", "coco").stderr
    missing = run("left.png", "none.png", "--join")
    assert missing.exit_code == 1 and "none.png: no such file" in missing.stdout
    assert run("left.png", "right.png", "--join", "--draft-planogram", "plan.json").exit_code == 0
    assert len(json.loads(Path("plan.json").read_text())["rows"]) == 2


def test_an_empty_shelf_is_no_error(shop):
    paint(shop / "empty.png", [[], []])
    assert run("empty.png").stdout == "empty.png: no product found\n"


def test_a_classifier_is_no_detector(toy, tmp_path):
    toy.write_toy_bundle(tmp_path / "bundle")
    paint(tmp_path / "aisle.png")
    result = run(str(tmp_path / "aisle.png"), "--detector", str(tmp_path / "bundle"))
    assert result.exit_code == 2
    assert "--task detect" in result.stderr


@pytest.mark.parametrize("name", ["default", "default-detector"])
def test_the_detector_that_comes_along_can_be_named(shop, monkeypatch, name):
    monkeypatch.setattr(
        "shelfwise.shelf.detector.load_detector", lambda bundle, **_: taken.append(bundle) or Blocks()
    )
    taken = []
    assert run("photos", "--no-names", "--detector", name).exit_code == 0
    assert taken == [DEFAULT_DETECTOR]


@pytest.fixture
def stock(shop, monkeypatch):
    """A stock book beside the photos: two products, and something that is on no photo."""
    monkeypatch.setenv("SHELFWISE_HOME", str(shop / "home"))
    monkeypatch.delenv("SHELFWISE_DATABASE", raising=False)
    for line in (
        "db upgrade",
        "stock add-store Corner",
        "stock add-product Cola --category Red",
        "stock add-product Ink --category Blue",
        "stock add-product Rice --category rice",
        "stock add-place 'Aisle 3'",
        "stock received Rice 5 --place 'Aisle 3'",
        "stock received Ink 1 --place 'Aisle 3'",
    ):
        result = CliRunner().invoke(app, shlex.split(line))
        assert result.exit_code == 0, result.output
    return shop


def levels():
    result = CliRunner().invoke(app, ["stock", "list", "--place", "Aisle 3", "--format", "json"])
    assert result.exit_code == 0, result.output
    return {row["product"]: row["level"] for row in map(json.loads, result.stdout.splitlines())}


def test_counts_are_booked_as_a_stock_take_of_a_place(stock):
    result = run("photos", "--book", "--place", "Aisle 3", "--depth", "4", "--yes", "--format", "csv")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("photo,row,") and "Stock-take" not in result.stdout
    shown = [line.split() for line in result.stderr.splitlines()]
    assert ["Cola", "2", "8", "0", "+8"] in shown
    assert ["Ink", "3", "12", "1", "+11"] in shown
    assert "not seen, and left as they are (--all sets them to 0): Rice (5)" in result.stderr
    assert (
        "not booked: 1 facing (Fruit/Green: no product of this category in the stock book)" in result.stderr
    )
    assert "counted: 4 units for each facing" in result.stderr
    assert "booked: 2 products at Corner / Aisle 3, movements 3 to 4" in result.stderr
    assert levels() == {"Cola": "8", "Ink": "12", "Rice": "5"}


def test_with_all_what_is_not_seen_is_gone(stock):
    result = run("photos", "--book", "--place", "Aisle 3", "--all", "--yes")
    assert ["Rice", "0", "0", "5", "-5"] in [line.split() for line in result.stderr.splitlines()]
    assert levels() == {"Cola": "2", "Ink": "3", "Rice": "0"}


def test_the_same_key_books_once(stock):
    once = ("photos", "--book", "--place", "Aisle 3", "--yes", "--key", "monday", "--at", "2026-01-31T12:00")
    assert "booked: 2 products" in run(*once).stderr
    assert "booked before: 2 products" in run(*once).stderr


def test_the_same_key_books_once_with_all_too(stock):
    once = ("photos", "--book", "--place", "Aisle 3", "--all", "--yes", "--key", "monday")
    assert "booked: 3 products" in run(*once).stderr
    result = run(*once)
    assert result.exit_code == 0 and "booked before: 3 products" in result.stderr
    assert "Stock-take" not in result.stderr
    other = run(*once, "--depth", "2")
    assert other.exit_code == 2 and "give each booking a key of its own" in other.stderr
    assert levels() == {"Cola": "2", "Ink": "3", "Rice": "0"}


def test_the_same_key_books_once_where_none_is_seen(stock):
    paint(stock / "green.png", [[GREEN], []])
    once = ("green.png", "--book", "--place", "Aisle 3", "--all", "--yes", "--key", "monday")
    assert "booked: 2 products" in run(*once).stderr
    assert "booked before: 2 products" in run(*once).stderr
    assert levels() == {"Ink": "0", "Rice": "0"}


def learned_by_the_shop(home, product_id, name, colour):
    """What a shop's server keeps after photos of a product were enrolled on its page."""
    classifier = load("bundle")
    photos = []
    for number in range(3):
        file = io.BytesIO()
        Image.new("RGB", (20, 20), tuple(min(255, each + 2 * number) for each in colour)).save(file, "PNG")
        photos.append(file.getvalue())
    learned = LearnedProducts(classifier, home / "products" / classifier.bundle.id)
    assert learned.learn(product_id, name, photos)[0] == 3
    return classifier.bundle.id


def test_booking_knows_what_the_shop_has_learned(stock):
    added = CliRunner().invoke(app, shlex.split("stock add-product 'Lime soda' --category Dairy/Milk"))
    assert added.exit_code == 0, added.output
    model = learned_by_the_shop(stock / "home", 4, "Lime soda", GREEN)
    alone = run("photos")
    assert "Lime soda" not in alone.stdout
    result = run("photos", "--book", "--place", "Aisle 3", "--yes")
    assert result.exit_code == 0, result.output
    assert f"as the shop has learned them ({stock / 'home' / 'products' / model})" in result.stderr
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["Dairy/Milk", "1", "16.7", "%"] in lines
    assert ["Lime", "soda", "1"] in lines
    assert "without category" not in result.stdout
    assert levels()["Lime soda"] == "1"


def test_booking_without_a_named_model_uses_the_shops_active_one(stock, monkeypatch):
    monkeypatch.delenv("SHELFWISE_MODEL")
    shelf = ModelShelf(stock / "home" / "models")
    shelf.activate(shelf.add(stock / "bundle").id)
    learned_by_the_shop(stock / "home", 1, "Cola", RED)
    result = run("photos", "--book", "--place", "Aisle 3", "--yes")
    assert result.exit_code == 0, result.output
    assert levels()["Cola"] == "2"


def test_what_was_learned_with_another_model_is_told(stock, toy):
    learned_by_the_shop(stock / "home", 1, "Cola", RED)
    toy.write_toy_bundle(stock / "other", categories=["Red", "Fruit", "Blue"])
    result = run("photos", "--book", "--place", "Aisle 3", "--yes", "--model", "other")
    assert "the shop has learned no product with the model" in result.stderr


def test_a_photo_without_products_has_a_hint(shop):
    paint(shop / "empty.png", [[]])
    result = run("empty.png")
    assert result.exit_code == 0
    assert "hint: no product was found" in result.stderr
    assert "--detector" in result.stderr
    assert "hint" not in run("photos").stderr


def test_nothing_is_booked_without_a_word(stock):
    result = run("photos", "--book", "--place", "Aisle 3")
    assert result.exit_code == 2 and "add --yes" in result.stderr
    assert levels()["Ink"] == "1"


@pytest.mark.parametrize(("answer", "left"), [("y\n", "3"), ("n\n", "1")])
def test_a_person_is_asked(stock, monkeypatch, answer, left):
    monkeypatch.setattr("shelfwise.cli.shelf_booking._is_asked", lambda: True)
    result = run("photos", "--book", "--place", "Aisle 3", stdin=answer)
    assert "Book this as a stock-take of Corner / Aisle 3?" in result.stderr
    assert result.exit_code == (0 if left == "3" else 1)
    assert levels()["Ink"] == left


def test_nothing_is_booked_where_a_photo_could_not_be_read(stock):
    (stock / "photos" / "broken.jpg").write_bytes(b"")
    result = run("photos", "--book", "--place", "Aisle 3", "--yes")
    assert result.exit_code == 1 and "nothing is booked: a photo could not be read" in result.stderr
    assert levels()["Ink"] == "1"


def test_nothing_is_booked_where_nothing_is_sure(stock):
    paint(stock / "green.png", [[GREEN], []])
    result = run("green.png", "--book", "--place", "Aisle 3", "--yes")
    assert result.exit_code == 0 and "nothing is booked: no facing is a product" in result.stderr
    assert "counted:" not in result.stderr


def test_what_is_wrong_with_the_booking_is_told_before_a_photo_is_looked_at(stock):
    result = run("photos", "--book", "--place", "Aisle 4", "--yes")
    assert result.exit_code == 2 and "Did you mean 'Aisle 3'?" in result.stderr
    assert result.stdout == ""
    assert "Did you mean 'Aisle 3'?" in run("photos", "--book", "--place", "Aisle 4").stderr
    assert "leave out --no-names" in run("photos", "--book", "--no-names", "--yes").stderr
    assert run("photos", "--book", "--depth", "0", "--yes").exit_code == 2


def test_a_planogram_is_drafted_and_compared_with(shop):
    drafted = run("photos/aisle.png", "--draft-planogram", "plan.csv")
    assert drafted.exit_code == 0, drafted.output
    assert "planogram: 3 places in 2 rows, in plan.csv" in drafted.stderr
    assert "left out" not in drafted.stderr
    same = run("photos/aisle.png", "--planogram", "plan.csv")
    assert "planogram: 100.0 %, 6 of 6 planned facings" in same.stdout
    paint(shop / "photos" / "later.png", [[RED, BLUE, GREEN], [BLUE, BLUE]])
    later = run("photos/later.png", "--planogram", "plan.csv")
    assert "planogram: 66.6 %, 4 of 6 planned facings" in later.stdout
    assert any(line.strip().startswith("2. ") and "'Red'" in line for line in later.stdout.splitlines())
    told = json.loads(run("photos/later.png", "--planogram", "plan.csv", "--format", "json").stdout)
    assert told["photos"][0]["planogram"]["planned"] == 6
    assert told["photos"][0]["planogram"]["fixes"]


def test_a_planogram_that_is_no_json_is_told_to_be_none(shop):
    (shop / "plan.json").write_text("product: Red")
    result = run("photos", "--planogram", "plan.json")
    assert result.exit_code == 2 and "plan.json: this is no JSON" in result.stderr


def test_a_draft_tells_what_it_leaves_out(shop, monkeypatch):
    def nameless(prediction, guesses):
        sure = guesses[0].category != "Fruit/Green"
        return Named("accept", None, guesses[0].category, 0.9) if sure else Named("unknown")

    monkeypatch.setattr("shelfwise.workflows.shelf_naming._by_category", nameless)
    paint(shop / "some.png", [[RED, GREEN], [GREEN, BLUE]])
    some = run("some.png", "--draft-planogram", "some.csv")
    assert "note: 2 of 4 facings are not named for sure and left out of the planogram" in some.stderr
    assert "Take away" not in run("some.png", "--planogram", "some.csv").stdout
    paint(shop / "none.png", [[GREEN], [GREEN]])
    none = run("none.png", "--draft-planogram", "none.csv")
    assert none.exit_code == 2
    assert "none of 2 facings was named for sure" in none.stderr
    assert "products add" in none.stderr and "--index" in none.stderr
    assert not Path("none.csv").exists()


def test_no_draft_is_made_of_an_empty_shelf(shop):
    paint(shop / "empty.png", [[]])
    result = run("empty.png", "--draft-planogram", "plan.csv")
    assert result.exit_code == 2
    assert "no planogram can be drafted: no product was found" in result.stderr
    assert not (shop / "plan.csv").exists()


def test_a_planogram_needs_names_and_a_draft_one_photo(shop):
    paint(shop / "photos" / "more.png")
    assert "name one photo alone" in run("photos", "--draft-planogram", "plan.csv").stderr
    assert "leave out --no-names" in run("photos", "--no-names", "--planogram", "plan.csv").stderr
    missing = run("photos", "--planogram", "none.csv")
    assert missing.exit_code == 2 and "none.csv" in missing.stderr
