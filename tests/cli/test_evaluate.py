import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from shelfwise.cli.app import app

pytestmark = pytest.mark.usefixtures("quick_training")

runner = CliRunner()


@pytest.fixture
def shop(toy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    toy.write_toy_bundle(tmp_path / "bundle", categories=["Red", "Fruit/Green", "Blue"])
    for name, colour in {"Red": "red", "Green": "lime", "Blue": "blue"}.items():
        for number in range(3):
            path = tmp_path / "photos" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (12, 12), colour).save(path)
    Image.new("RGB", (12, 12), "red").save(tmp_path / "photos" / "Blue" / "0.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluate(*arguments: str) -> Result:
    return runner.invoke(app, ["evaluate", "bundle", "photos", *arguments])


def test_the_table_shows_headline_categories_and_confusion(shop: Path) -> None:
    result = evaluate()
    assert result.exit_code == 0, result.output
    assert "9 photos of" in result.stdout
    assert "Accuracy" in result.stdout
    assert "88.9 %" in result.stdout
    assert "Fruit/Green" in result.stdout
    assert "Accuracy at level 1 (3 categories)" in result.stdout
    assert "Taken for" in result.stdout
    assert "measuring on all photos" in result.stderr


def test_accuracies_that_differ_stand_beside_the_headline(toy: Any, shop: Path) -> None:
    toy.write_toy_bundle(shop / "bundle", categories=["Drinks/Juice", "Drinks/Juice/Bravo", "Tea"])
    for old, new in (("Red", "JUICE"), ("Blue", "TEA")):
        (shop / "photos" / old).rename(shop / "photos" / new)
    (shop / "photos" / "Green").rename(shop / "photos" / "bravo")
    Image.new("RGB", (12, 12), "lime").save(shop / "photos" / "JUICE" / "0.png")
    result = evaluate()
    assert result.exit_code == 0, result.output
    rows = {line.strip().split("  ")[0]: line for line in result.stdout.splitlines()}
    assert "88.9 %" in rows["Accuracy"]
    assert "77.8 %" in rows["Exact accuracy"]
    assert "Category accuracy" not in rows
    content = json.loads(evaluate("--format", "json").stdout)
    assert content["exact_accuracy"] == pytest.approx(7 / 9)
    assert content["category_accuracy"] == content["accuracy"] == pytest.approx(8 / 9)


def test_flat_names_have_one_accuracy(toy: Any, shop: Path) -> None:
    toy.write_toy_bundle(shop / "bundle")
    content = json.loads(evaluate("--format", "json").stdout)
    assert content["levels"] == []
    assert not {"exact_accuracy", "category_accuracy"} & set(content)
    assert "exact" not in evaluate().stdout.lower()


def test_json_is_all_that_goes_to_standard_output(shop: Path) -> None:
    result = evaluate("--format", "json")
    assert result.exit_code == 0
    content = json.loads(result.stdout)
    assert content["samples"] == 9
    assert content["accuracy"] == pytest.approx(8 / 9)
    assert [c["category"] for c in content["per_category"]] == ["Red", "Fruit/Green", "Blue"]
    assert set(content["intervals"]) == {"accuracy", "macro_f1", "ece"}


@pytest.mark.parametrize("form", ["json", "table"])
def test_output_goes_to_a_file(shop: Path, form: str) -> None:
    result = evaluate("--format", form, "--output", "figures.txt")
    assert result.exit_code == 0
    assert result.stdout == ""
    text = (shop / "figures.txt").read_text("utf-8")
    assert (json.loads(text)["samples"] == 9) if form == "json" else ("88.9 %" in text)


def test_the_file_s_ending_chooses_the_form_and_failures_are_named_beside_it(shop: Path) -> None:
    (shop / "photos" / "Red" / "1.png").write_bytes(b"")
    result = evaluate("--output", "figures.json")
    assert result.exit_code == 1
    assert json.loads((shop / "figures.json").read_text("utf-8"))["samples"] == 8
    assert "1.png: file is empty" in result.stderr


def test_a_broken_photo_is_named_and_the_exit_code_says_so(shop: Path) -> None:
    (shop / "photos" / "Red" / "1.png").write_bytes(b"")
    result = evaluate("--report", "report")
    assert result.exit_code == 1
    assert "1.png: file is empty" in result.stdout
    assert "1 photos could not be read" in result.stderr
    assert "report  report/index.html" in result.stderr
    assert (shop / "report" / "metrics.json").is_file()


def test_an_unknown_category_is_wrong_usage(shop: Path) -> None:
    (shop / "photos" / "Blue").rename(shop / "photos" / "Purple")
    result = evaluate()
    assert result.exit_code == 2
    assert "does not know 'Purple'" in result.stderr
    result = evaluate("--ignore-unknown")
    assert result.exit_code == 0
    assert "3 photos of unknown categories were left out" in result.stdout


def test_a_missing_bundle_is_one_line(shop: Path) -> None:
    result = runner.invoke(app, ["evaluate", "nowhere", "photos"])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: nowhere: there is no such folder")
