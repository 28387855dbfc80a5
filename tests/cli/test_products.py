import csv
import io
import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from shelfwise.cli.app import app
from shelfwise.hierarchy import Hierarchy
from shelfwise.rules import DecisionRule

COLOURS = {"red": (250, 10, 10), "ruby": (240, 30, 5), "green": (10, 250, 10), "blue": (10, 10, 250)}


@pytest.fixture
def shop(toy, tmp_path, monkeypatch):
    """A working folder with a model, photos and an index of two products."""
    toy.write_toy_bundle(tmp_path / "runs" / "one" / "bundle")
    for name, colour in COLOURS.items():
        Image.new("RGB", (20, 20), colour).save(tmp_path / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHELFWISE_MODEL", "runs/one/bundle")
    for variable in ("SHELFWISE_PRODUCTS",):
        monkeypatch.delenv(variable, raising=False)
    assert (
        run("add", "Cola", "red.png", "--category", "drinks/soda", "--gtin", "4006381333931").exit_code == 0
    )
    assert run("add", "Lime", "green.png").exit_code == 0
    return tmp_path


@pytest.fixture
def deciding(shop, toy, monkeypatch):
    """The same with a model that asks about what is between red and blue, and an index of one product."""
    categories = ["paint/red/dark", "paint/red/light", "paint/blue"]
    tree = Hierarchy.from_categories(categories)
    rule = DecisionRule(
        precision=0.98,
        keep_known=0.95,
        levels=list(tree.levels),
        thresholds=dict.fromkeys(tree.nodes, 0.8) | {"paint": None},
        novelty="energy",
        novelty_threshold=-4.0,
    )
    toy.write_toy_bundle(shop / "runs" / "two" / "bundle", categories=categories, decision=rule)
    monkeypatch.setenv("SHELFWISE_MODEL", "runs/two/bundle")
    for name, colour in {"either": (180, 0, 180), "black": (1, 1, 1), "light": (200, 200, 0)}.items():
        Image.new("RGB", (20, 20), colour).save(shop / f"{name}.png")
    assert run("add", "Cola", "red.png").exit_code == 0
    return shop


def run(*arguments, command="products", stdin=None):
    return CliRunner().invoke(app, [command, *arguments], input=stdin)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_adding_tells_what_was_done(shop):
    result = run("add", "cola", "red.png", "ruby.png", "none.png")
    assert result.exit_code == 1
    assert result.stdout == "Cola: 1 photo added, 1 photo there already; 2 photos in all\n"
    assert "error: none.png: no such file" in result.stderr


def test_moving_is_asked_for(shop):
    refused = run("add", "Lime", "red.png")
    assert refused.exit_code == 2
    assert "enrolled under 'Cola' already" in refused.stderr
    assert run("add", "Lime", "red.png", "--move").stdout.startswith("Lime: 0 photos added, 1 photo moved")


def test_a_wrong_number_is_refused(shop):
    result = run("add", "New", "blue.png", "--gtin", "4006381333930")
    assert result.exit_code == 2
    assert "last digit would have to be 1" in result.stderr


def test_list_as_table_csv_and_json(shop):
    table = run("list").stdout
    assert "Cola" in table
    assert "made with the model toy" in table
    first, second = rows(run("list", "--format", "csv").stdout)
    assert (first["product"], first["category"], first["gtin"]) == ("Cola", "drinks/soda", "4006381333931")
    assert (second["product"], second["photos"]) == ("Lime", "1")
    found = json.loads(run("list", "--format", "json").stdout)
    assert [each["name"] for each in found] == ["Cola", "Lime"]
    assert found[0]["photos"][0]["name"] == "red.png"


def test_match_as_table(shop):
    result = run("match", "ruby.png", "blue.png", "none.png")
    assert result.exit_code == 1
    head, cola, unknown, missing = result.stdout.splitlines()
    assert head.split() == ["product", "sure", "alike", "answer", "photo"]
    assert cola.startswith("Cola ")
    assert cola.endswith("ruby.png  [drinks/soda]")
    assert unknown.startswith("unknown product")
    assert missing.endswith("none.png: no such file")
    assert "error: none.png: no such file" in result.stderr


def test_match_as_csv(shop):
    cola, unknown = rows(run("match", "ruby.png", "blue.png", "--format", "csv", "--top", "2").stdout)
    assert (cola["product"], cola["gtin"], cola["product_2"]) == ("Cola", "4006381333931", "Lime")
    assert float(cola["confidence"]) > 0.9
    assert (unknown["product"], unknown["category"]) == ("unknown product", "Blue")
    assert unknown["nearest"] in ("Cola", "Lime")


def test_match_tells_what_the_model_decides_where_the_product_has_no_category(deciding):
    photos = ("either.png", "black.png", "light.png", "red.png")
    found = rows(run("match", *photos, "--format", "csv").stdout)
    assert [each["category"] for each in found] == ["ask", "unknown", "paint/red", "paint/red/dark"]
    told = rows(run(*photos, "--format", "csv", command="classify").stdout)
    assert [each["category"] for each in found] == [each["category"] for each in told]


def test_match_as_json_lines(shop):
    cola, none = map(
        json.loads, run("match", "ruby.png", "none.png", "--format", "jsonl").stdout.splitlines()
    )
    assert cola["product"] == "Cola"
    assert cola["similarity"] > cola["threshold"]
    assert none == {
        "path": "none.png",
        "product": None,
        "category": None,
        "gtin": None,
        "confidence": None,
        "similarity": None,
        "nearest": None,
        "threshold": None,
        "top": [],
        "answer": None,
        "error": "no such file",
    }


def test_no_photo_is_an_error(shop):
    (shop / "empty").mkdir()
    result = run("match", "empty")
    assert result.exit_code == 2
    assert "no photo found in empty" in result.stderr


def test_confirm_and_correct_by_the_number_of_an_answer(shop):
    ruby, blue = map(
        json.loads, run("match", "ruby.png", "blue.png", "--format", "jsonl").stdout.splitlines()
    )
    assert run("confirm", ruby["answer"]).stdout == "Cola: 1 photo added; 2 photos in all\n"
    assert run("confirm", blue["answer"]).exit_code == 2
    assert run("correct", blue["answer"], "Sky").exit_code == 2
    assert run("correct", blue["answer"], "Sky", "--new").exit_code == 0
    assert run("match", "blue.png").stdout.splitlines()[1].startswith("Sky ")


def test_remove_and_rename(shop):
    assert run("rename", "cola", "Cola Classic").stdout == "Renamed to Cola Classic\n"
    assert run("remove", "Cola Classic", "--photo", "red.png").stdout.endswith("; 0 photos left\n")
    assert run("remove", "lime").stdout == "Removed Lime with 1 photo\n"
    assert run("remove", "lime").exit_code == 2


def test_names_that_are_no_text_are_told_all_the_same(shop, monkeypatch):
    (shop / "red.png").rename("bad\udcff.png")
    removed = run("remove", "Cola", "--photo", "bad\udcff.png")
    assert removed.stdout == "Removed bad\N{REPLACEMENT CHARACTER}.png from Cola; 0 photos left\n"
    (shop / "runs" / "one" / "products").rename("index\udcff")
    monkeypatch.setenv("SHELFWISE_PRODUCTS", "index\udcff")
    for command in (["list"], ["rebuild"]):
        told = run(*command)
        assert told.exit_code == 0, told.exception
        assert "index\N{REPLACEMENT CHARACTER}, made with" in told.stdout.replace("\n", "")
    next((shop / "index\udcff" / "photos").glob("*/*")).unlink()
    run("add", "Cola", "ruby.png")
    lost = run("rebuild")
    assert isinstance(lost.exception, SystemExit)
    assert "error: Lime: index\N{REPLACEMENT CHARACTER}" in lost.stderr


def test_an_index_of_another_model_is_refused_and_rebuilt(shop, toy):
    toy.write_toy_bundle(shop / "new" / "bundle", name="new")
    chosen = ("--model", "new/bundle", "--index", "runs/one/products")
    refused = run("match", "red.png", *chosen)
    assert refused.exit_code == 2
    assert "shelfwise products rebuild --model new/bundle --index runs/one/products" in refused.stderr
    assert run("rebuild", *chosen).stdout.startswith("2 products with 2 photos in runs/one/products")
    assert run("match", "red.png", *chosen).exit_code == 0


def test_rebuilding_without_a_copy_says_so(shop):
    first = next((shop / "runs" / "one" / "products" / "photos").glob("*/*"))
    first.unlink()
    result = run("rebuild")
    assert result.exit_code == 1
    assert "is missing" in result.stderr


def test_who_has_a_shop_is_told_where_its_products_are(shop, toy, monkeypatch):
    bundle = toy.write_toy_bundle(shop / "runs" / "new" / "bundle")
    monkeypatch.setenv("SHELFWISE_HOME", str(shop / "my shop"))
    for words in (("match", "red.png"), ("list",)):
        told = run(*words, "--model", "runs/new/bundle").stderr
        assert "there is no index of products. Make one: shelfwise products add" in told
        assert "in the shop's folder, products/MODEL: name that with --index" in " ".join(told.split())
    of_shop = shop / "my shop" / "products" / bundle.id
    assert run("add", "Cola", "red.png", "--model", "runs/new/bundle", "--index", str(of_shop)).exit_code == 0
    for words in (("match", "red.png"), ("list",)):
        told = run(*words, "--model", "runs/new/bundle").stderr
        assert f"name that with --index '{of_shop}'" in " ".join(told.split())


def test_the_environment_names_an_index(shop, monkeypatch):
    monkeypatch.setenv("SHELFWISE_PRODUCTS", str(shop / "mine"))
    assert run("list").exit_code == 2
    assert run("add", "Sky", "blue.png").exit_code == 0
    assert (shop / "mine" / "index.json").is_file()


def test_classify_tells_the_product_where_there_is_an_index(shop):
    table = run("ruby.png", "blue.png", command="classify").stdout.splitlines()
    assert "= Cola (" in table[1]
    assert "=" not in table[2]
    cola, unknown = rows(run("ruby.png", "blue.png", "--format", "csv", command="classify").stdout)
    assert (cola["category"], cola["product"]) == ("Red", "Cola")
    assert (unknown["category"], unknown["product"]) == ("Blue", "")
    assert 0 <= float(unknown["product_similarity"]) < float(cola["product_similarity"]) <= 1
    line = json.loads(run("ruby.png", "--format", "jsonl", command="classify").stdout)
    assert line["product"] == "Cola"
    assert run("confirm", line["product_answer"]).exit_code == 0
    missing = json.loads(run("none.png", "--format", "jsonl", command="classify").stdout)
    assert missing["product"] is None
    assert missing["product_answer"] is None


def test_the_answer_about_the_product_is_apart_from_the_decision(deciding):
    text = run("red.png", "either.png", "--format", "csv", command="classify").stdout
    names = next(csv.reader(io.StringIO(text)))
    assert len(names) == len(set(names))
    red, either = rows(text)
    assert (red["answer"], red["product"], either["answer"]) == ("accept", "Cola", "ask")
    line = json.loads(run("red.png", "--format", "jsonl", command="classify").stdout)
    assert line["decision"]["answer"] == "accept"
    assert line["product_answer"] == red["product_answer"]
    assert run("confirm", red["product_answer"]).exit_code == 0


def test_classify_without_an_index_is_as_before(shop):
    chosen = ("--index", "none")
    assert run("ruby.png", *chosen, command="classify").exit_code == 2
    for path in (shop / "runs" / "one" / "products").glob("index.json"):
        path.unlink()
    found = rows(run("ruby.png", "--format", "csv", command="classify").stdout)
    assert list(found[0]) == ["path", "category", "confidence", "best_guess", "error"]


def test_classify_goes_on_beside_a_damaged_index(shop):
    (shop / "runs" / "one" / "products" / "index.json").write_bytes(b"damaged")
    result = run("ruby.png", "--format", "csv", command="classify")
    assert result.exit_code == 0
    assert "note: products are not told" in result.stderr
    assert "product" not in result.stdout


def test_classify_tells_of_a_wrong_variable_and_goes_on(shop, monkeypatch):
    monkeypatch.setenv("SHELFWISE_PRODUCTS", "nowhere")
    result = run("ruby.png", "--format", "csv", command="classify")
    assert result.exit_code == 0
    assert "note: products are not told (SHELFWISE_PRODUCTS): nowhere: there is no index" in result.stderr
    assert [row["category"] for row in rows(result.stdout)] == ["Red"]


def test_classify_reads_a_picture_from_standard_input(shop):
    picture = (shop / "ruby.png").read_bytes()
    assert "= Cola (" in run("-", stdin=picture, command="classify").stdout
