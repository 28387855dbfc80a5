import json
import shutil

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from shelfwise.cli.data_check import check
from shelfwise.datasets.split import save_split, split_dataset
from shelfwise.errors import LayoutError, SplitError
from shelfwise.training.detect.photos import photos_in, read_boxes


@pytest.fixture
def shop(tmp_path):
    """Two categories of eleven good photos each."""
    rng = np.random.default_rng(7)
    for category in ("Rice", "Tea"):
        folder = tmp_path / "shop" / category
        folder.mkdir(parents=True)
        for number in range(11):
            fields = Image.fromarray(rng.integers(30, 220, (6, 8, 3), dtype=np.uint8))
            fields.resize((160, 120), Image.Resampling.NEAREST).save(folder / f"{number}.png")
    return tmp_path / "shop"


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(check)
    runner = CliRunner()

    def invoke(*arguments):
        return runner.invoke(app, [str(argument) for argument in arguments])

    return invoke


def test_a_good_set_leaves_with_0(shop, run):
    result = run(shop)
    assert result.exit_code == 0
    assert "22 photos, 2 categories" in result.stdout
    assert "0 errors, 0 warnings, 0 notes" in result.stdout


def test_warnings_alone_leave_with_0(shop, run):
    shutil.copy(shop / "Rice" / "0.png", shop / "Rice" / "copy.png")
    result = run(shop)
    assert result.exit_code == 0
    assert "Identical files (1)" in result.stdout
    assert "Rice/copy.png  (Rice)" in result.stdout
    assert "0 errors, 1 warning, 0 notes" in result.stdout


def test_errors_leave_with_1_and_are_listed(shop, run):
    (shop / "Tea" / "[red]empty.jpg").touch()
    result = run(shop)
    assert result.exit_code == 1
    assert "1 picture cannot be read" in result.stdout
    assert "Tea/[red]empty.jpg: file is empty" in result.stdout


def test_the_table_is_cut_and_says_how_to_see_all(shop, run):
    for number in range(9):
        (shop / "Tea" / f"empty{number}.jpg").touch()
    cut, whole = run(shop), run(shop, "--all")
    assert "… and 4 more" in cut.stdout and "--all" in cut.stdout
    assert "empty8.jpg" not in cut.stdout
    assert "empty8.jpg" in whole.stdout and "… and" not in whole.stdout


def test_json_is_alone_on_standard_output(shop, run):
    (shop / "Tea" / "empty.jpg").touch()
    result = run(shop, "--format", "json", "--html", shop.parent / "page.html")
    assert result.exit_code == 1
    content = json.loads(result.stdout)
    assert content["totals"]["error"] == 1
    assert "page.html" in result.stderr


def test_the_page_is_written(shop, run, tmp_path):
    result = run(shop, "--html", tmp_path / "new" / "check.html")
    assert result.exit_code == 0
    assert (tmp_path / "new" / "check.html").read_text().startswith("<!doctype html>")


def test_names_that_would_move_the_cursor_are_made_harmless(shop, run):
    (shop / "Tea" / "a\x1b[2Jb.jpg").touch()
    result = run(shop)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "a\ufffd[2Jb.jpg" in result.stdout


def test_wrong_usage_leaves_with_2(shop, run):
    assert run(shop, "--format", "xml").exit_code == 2
    assert run().exit_code == 2


def test_errors_of_the_set_come_as_such(shop, run, tmp_path):
    assert isinstance(run(tmp_path / "none").exception, LayoutError)
    assert isinstance(run(shop, "--layout", "flat").exception, LayoutError)
    assert isinstance(run(shop, "--fold", "fold0").exception, SplitError)
    assert isinstance(run(shop, "--split", tmp_path / "none.json").exception, SplitError)
    both = run(shop, "--fold", "fold0", "--split", tmp_path / "none.json").exception
    assert isinstance(both, SplitError) and "not both" in str(both)


def test_a_saved_split_and_a_fold_are_held_against_duplicates(shop, run, tmp_path):
    from shelfwise.datasets.layouts import read_dataset
    from shelfwise.datasets.split import Split, save_split

    shutil.copy(shop / "Rice" / "0.png", shop / "Rice" / "copy.png")
    dataset = read_dataset(shop)
    test = tuple(n for n, sample in enumerate(dataset.samples) if sample.path == "Rice/copy.png")
    train = tuple(n for n in range(len(dataset)) if n not in test)
    save_split(tmp_path / "split.json", dataset, Split(train, (), test, 42, "stratified"))
    result = run(shop, "--split", tmp_path / "split.json")
    assert result.exit_code == 1
    assert "in test and train" in result.stdout

    freiburg = tmp_path / "freiburg"
    shutil.copytree(shop, freiburg / "images")
    (freiburg / "folds").mkdir()
    (freiburg / "folds" / "fold0.txt").write_text("images/Rice/copy.png\nimages/Tea/0.png\n")
    result = run(freiburg, "--fold", "fold0")
    assert result.exit_code == 1
    assert "in test and train" in result.stdout


@pytest.fixture
def shelves(tmp_path):
    """Four photos with two boxes each, and one without, as COCO."""
    rng = np.random.default_rng(7)
    (tmp_path / "shelves" / "images").mkdir(parents=True)
    images, boxes = [], []
    for number in range(5):
        fields = Image.fromarray(rng.integers(30, 220, (6, 8, 3), dtype=np.uint8))
        fields.resize((160, 120), Image.Resampling.NEAREST).save(
            tmp_path / "shelves" / "images" / f"{number}.png"
        )
        images.append({"id": number, "file_name": f"{number}.png", "width": 160, "height": 120})
        for left in (10, 80) if number else ():
            box = {"image_id": number, "category_id": 1, "bbox": [left, 10, 50, 90]}
            boxes.append({"id": len(boxes), **box})
    content = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "product"}]}
    (tmp_path / "shelves" / "boxes.json").write_text(json.dumps(content))
    return tmp_path / "shelves"


def test_one_photo_is_told_as_one(shelves, run):
    content = json.loads((shelves / "boxes.json").read_text())
    content["images"], content["annotations"] = content["images"][1:2], content["annotations"][:1]
    (shelves / "boxes.json").write_text(json.dumps(content))
    for number in (0, 2, 3, 4):
        (shelves / "images" / f"{number}.png").unlink()
    assert "1 photo, 1 box, layout coco" in run(shelves, "--task", "detect").stdout


def test_photos_to_find_products_on_are_checked_as_such(shelves, run):
    named = run(shelves)
    assert named.exit_code == 1
    assert "are checked with --task detect" in named.stdout
    found = run(shelves, "--task", "detect", "--html", shelves.parent / "page.html")
    assert found.exit_code == 0, found.output
    assert "5 photos, 8 boxes, layout coco" in found.stdout
    assert "4 photos with boxes" in found.stdout
    assert "1 photo of 5" in found.stdout
    assert "on each photo with products: 2 to 2" in found.stdout
    page = (shelves.parent / "page.html").read_text()
    assert "<span>boxes</span>" in page
    assert "<span>categories</span>" not in page
    told = json.loads(run(shelves, "--task", "detect", "--format", "json").stdout)
    assert (told["dataset"]["task"], told["totals"]["error"]) == ("detect", 0)


def test_boxes_outside_their_photo_are_told_one_by_one(shelves, run):
    boxes = shelves / "boxes.json"
    content = json.loads(boxes.read_text())
    for number, (left, over) in enumerate(((115, 5), (140, 30))):
        content["annotations"].append(
            {"id": 90 + number, "image_id": 1, "category_id": 1, "bbox": [left, 10, 160 + over - left, 90]}
        )
    boxes.write_text(json.dumps(content))
    shown = run(shelves, "--task", "detect")
    assert shown.exit_code == 1
    assert "error    1 box reaches outside its photo" in shown.stdout
    assert "warning  1 box reaches outside its photo" in shown.stdout
    assert "1.png: box of product at (115, 10): 5 pixels outside" in shown.stdout
    assert "1.png: box of product at (140, 10): 30 pixels outside" in shown.stdout


def test_photos_without_boxes_are_not_checked_for_finding(shop, shelves, run):
    assert "has no boxes" in str(run(shop, "--task", "detect").exception)
    assert "--level is about names" in str(run(shelves, "--task", "detect", "--level", "fine").exception)


def test_a_detectors_split_is_held_against_copies(shelves, run, tmp_path):
    whole = photos_in(read_boxes(shelves))
    save_split(tmp_path / "split.json", whole, split_dataset(whole))
    shutil.copy(shelves / "images" / "0.png", shelves / "images" / "1.png")
    told = json.loads(
        run(shelves, "--task", "detect", "--split", tmp_path / "split.json", "--format", "json").stdout
    )
    parts = told["dataset"]["parts"]
    assert set(parts) == {"train", "val", "test"}
    (copies,) = (each for each in told["findings"] if each["kind"] == "duplicates")
    assert all(photo["parts"] for photo in copies["photos"])
