import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from shelfwise.cli.app import app
from shelfwise.hierarchy import Hierarchy
from shelfwise.rules import DecisionRule

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}


@pytest.fixture
def shop(toy, tmp_path, monkeypatch):
    """A working folder with a model and photos: good, doubtful, broken and no pictures."""
    toy.write_toy_bundle(tmp_path / "runs" / "one" / "bundle", categories=["Red", "Fruit/Green", "Blue"])
    photos = tmp_path / "photos"
    (photos / "more").mkdir(parents=True)
    for name, colour in COLOURS.items():
        Image.new("RGB", (20, 20), colour).save(photos / f"{name}.png")
    Image.new("RGB", (20, 20), (140, 110, 100)).save(photos / "more" / "brown.jpg")
    (photos / "notes.txt").write_text("no photo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHELFWISE_MODEL", "runs/one/bundle")
    return tmp_path


def run(*arguments, stdin=None):
    return CliRunner().invoke(app, ["classify", *arguments], input=stdin)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_by_default(shop):
    result = run("photos")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["category", "sure", "photo"]
    assert [line.split()[0] for line in lines[1:]] == ["Blue", "Fruit/Green", "Red", "Red"]
    assert lines[1].endswith("photos/blue.png")
    assert "model: runs/one/bundle (toy, 3 categories)" in result.stderr
    assert "4 of 4 photos named" in result.stderr


def test_csv(shop):
    result = run("photos", "--format", "csv", "--top", "2")
    first, *_ = found = rows(result.stdout)
    assert list(first) == [
        "path",
        "category",
        "confidence",
        "best_guess",
        "error",
        "category_2",
        "confidence_2",
    ]
    assert [row["category"] for row in found] == ["Blue", "Fruit/Green", "Red", "Red"]
    assert float(first["confidence"]) > 0.99
    assert first["category_2"] in ("Red", "Fruit/Green")


def test_json_lines(shop):
    result = run("photos/red.png", "photos/none.png", "--format", "jsonl", "--top", "9")
    assert result.exit_code == 1
    red, none = map(json.loads, result.stdout.splitlines())
    assert red["category"] == red["best_guess"] == "Red"
    assert len(red["top"]) == 3
    assert red["error"] is None
    assert none == {
        "path": "photos/none.png",
        "category": None,
        "confidence": None,
        "best_guess": None,
        "top": [],
        "error": "no such file",
    }


def test_each_failure_is_named_and_the_rest_is_done(shop):
    (shop / "photos" / "empty.jpg").touch()
    (shop / "photos" / "cut.png").write_bytes((shop / "photos" / "red.png").read_bytes()[:60])
    result = run("photos", "photos/notes.txt", "--format", "csv")
    assert result.exit_code == 1
    assert "error: photos/empty.jpg: file is empty\n" in result.stderr
    assert "error: photos/cut.png: truncated: ends in the middle of the picture" in result.stderr
    assert "error: photos/notes.txt: not a picture" in result.stderr
    assert "4 of 7 photos named" in result.stderr
    assert "3 failed" in result.stderr
    errors = {row["path"]: row["error"] for row in rows(result.stdout) if row["error"]}
    assert errors["photos/empty.jpg"] == "file is empty"
    assert len(rows(result.stdout)) == 7


def test_below_the_confidence_asked_for(shop):
    result = run("photos", "--min-confidence", "0.9", "--format", "csv")
    assert result.exit_code == 0
    (brown,) = (row for row in rows(result.stdout) if "brown" in row["path"])
    assert (brown["category"], brown["best_guess"]) == ("unknown", "Red")
    assert "1 unknown (below 0.9)" in result.stderr
    assert "(perhaps Red)" in run("photos", "--min-confidence", "0.9").stdout


@pytest.fixture
def deciding(shop, toy):
    """The same with a model that decides: it knows fruit's kinds and takes what is dark for unknown."""
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
    toy.write_toy_bundle(shop / "runs" / "one" / "bundle", categories=categories, decision=rule)
    shutil.rmtree(shop / "photos")
    (shop / "photos").mkdir()
    for name, colour in {
        "variety": (255, 0, 0),
        "category": (200, 200, 0),
        "ask": (180, 0, 180),
        "black": (0, 0, 0),
    }.items():
        Image.new("RGB", (20, 20), colour).save(shop / "photos" / f"{name}.png")
    return shop


def test_three_answers_in_csv(deciding):
    result = run("photos", "--format", "csv")
    assert result.exit_code == 0, result.output
    found = {row["path"].removeprefix("photos/").removesuffix(".png"): row for row in rows(result.stdout)}
    assert {name: (row["answer"], row["category"], row["level"]) for name, row in found.items()} == {
        "variety": ("accept", "paint/red/dark", "variety"),
        "category": ("accept", "paint/red", "category"),
        "ask": ("ask", "ask", ""),
        "black": ("unknown", "unknown", ""),
    }
    assert found["category"]["node"] == "paint/red"
    assert float(found["category"]["node_probability"]) > 0.99
    assert float(found["category"]["confidence"]) == pytest.approx(0.5, abs=0.01)
    assert found["ask"]["candidates"] == "paint/red | paint/blue"
    assert float(found["black"]["novelty"]) > -4
    assert "2 of 4 photos named" in result.stderr
    assert "1 to ask about; 1 unknown;" in result.stderr


def test_three_answers_in_json_and_in_the_table(deciding):
    lines = [json.loads(line) for line in run("photos", "--format", "jsonl").stdout.splitlines()]
    ask, black, category, _ = (line["decision"] for line in lines)
    assert (ask["answer"], black["answer"], category["answer"]) == ("ask", "unknown", "accept")
    assert [each["category"] for each in ask["candidates"]] == ["paint/red", "paint/blue"]
    assert category["node"] == "paint/red"
    table = run("photos").stdout
    assert "photos/ask.png  (red or blue?)" in table
    assert "photos/black.png  (perhaps" in table
    assert "photos/category.png  (perhaps " in table
    assert "photos/variety.png\n" in table
    broken = deciding / "photos" / "broken.png"
    broken.touch()
    assert json.loads(run(str(broken), "--format", "jsonl").stdout)["decision"] is None
    assert rows(run(str(broken), "--format", "csv").stdout)[0]["answer"] == ""


def test_the_labels_below_an_answer_begin_with_the_likeliest(deciding):
    for photo, first in {"category": "paint/red", "ask": "ask", "variety": "paint/red/dark"}.items():
        lines = run(f"photos/{photo}.png", "--top", "2").stdout.splitlines()[1:]
        told = [line.split()[0] for line in lines]
        assert told[0] == first
        # Both labels, the likeliest not once more where it is the answer itself.
        assert len(told) == (2 if photo == "variety" else 3)
        assert len(set(told)) == len(told)
    assert len(run("photos/category.png").stdout.splitlines()) == 2


def test_what_is_asked_about_and_unknown_is_sorted_into_folders_of_its_own(deciding):
    assert run("photos", "--sort-into", "sorted").exit_code == 0
    assert sorted(path.relative_to(deciding).as_posix() for path in (deciding / "sorted").rglob("*.*")) == [
        "sorted/ask/ask.png",
        "sorted/paint/red/category.png",
        "sorted/paint/red/dark/variety.png",
        "sorted/unknown/black.png",
    ]


def test_the_confidence_asked_for_counts_beside_the_model_s_own_thresholds(deciding):
    found = {
        row["path"]: row["category"]
        for row in rows(run("photos", "--format", "csv", "--min-confidence", "0.99995").stdout)
    }
    assert found["photos/variety.png"] == "unknown"
    assert found["photos/ask.png"] == "ask"


def test_sorts_copies_into_folders(shop):
    for _ in range(2):
        result = run("photos", "--sort-into", "photos/sorted", "--min-confidence", "0.9", "--format", "csv")
        assert result.exit_code == 0, result.output
        copies = sorted(path.relative_to(shop).as_posix() for path in (shop / "photos/sorted").rglob("*.*"))
        assert copies == [
            "photos/sorted/Blue/blue.png",
            "photos/sorted/Fruit/Green/green.png",
            "photos/sorted/Red/red.png",
            "photos/sorted/unknown/brown.jpg",
        ]
    assert rows(result.stdout)[0]["copied_to"] == "photos/sorted/Blue/blue.png"
    assert (shop / "photos" / "red.png").exists()


def test_writes_to_a_file_in_the_format_of_its_name(shop):
    result = run("photos", "--output", "out/answers.csv")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert len(rows((shop / "out" / "answers.csv").read_text())) == 4
    run("photos", "-o", "out/answers.jsonl")
    assert len((shop / "out" / "answers.jsonl").read_text().splitlines()) == 4
    run("photos", "-o", "out/answers.csv", "--format", "jsonl")
    assert (shop / "out" / "answers.csv").read_text().startswith("{")


def test_a_json_file_is_refused_rather_than_filled_with_a_table(shop):
    result = run("photos", "-o", "answers.json")
    assert result.exit_code == 2
    assert "answers.json: there is no format json" in result.stderr and ".jsonl" in result.stderr
    assert not (shop / "answers.json").exists()
    assert run("photos", "-o", "answers.json", "--format", "jsonl").exit_code == 0


def test_standard_input(shop):
    listed = run("-", "--format", "csv", stdin="photos/red.png\nphotos/blue.png\n")
    assert [row["category"] for row in rows(listed.stdout)] == ["Red", "Blue"]
    picture = run("-", "--format", "csv", stdin=(shop / "photos/blue.png").read_bytes())
    assert [(row["path"], row["category"]) for row in rows(picture.stdout)] == [("-", "Blue")]


def test_patterns_and_no_recursion(shop):
    assert [row["path"] for row in rows(run("photos/*e*.png", "--format", "csv").stdout)] == [
        "photos/blue.png",
        "photos/green.png",
        "photos/red.png",
    ]
    assert len(rows(run("photos", "--no-recursive", "--format", "csv").stdout)) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument"),
        (("empty",), "no photo found in empty"),
        (("photos/*.gif",), "no file matches"),
        (("photos", "--model", "nowhere"), "there is no such folder"),
        (("photos", "--top", "0"), "--top"),
        (("photos", "--min-confidence", "60"), "--min-confidence"),
        (("photos", "--format", "xml"), "--format"),
        (("photos", "--sort-into", "photos"), "results would be written among the photos"),
        (("photos", "--sort-into", "photos/notes.txt"), "is a file"),
    ],
)
def test_wrong_usage_exits_with_2(shop, arguments, message):
    (shop / "empty").mkdir()
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_no_photo_found_leaves_no_output_file(shop):
    (shop / "empty").mkdir()
    assert run("empty", "-o", "answers.csv").exit_code == 2
    assert not (shop / "answers.csv").exists()


def test_the_model_of_the_environment(shop, toy, monkeypatch):
    other = toy.write_toy_bundle(shop / "other", categories=["A", "B", "C"], rendered=True)
    monkeypatch.setenv("SHELFWISE_MODEL", str(other.path))
    result = run("photos/red.png")
    assert result.stdout.splitlines()[1].startswith("A ")
    assert "learned from rendered pictures" in result.stderr


def test_a_damaged_model_is_one_line(shop):
    path = shop / "runs" / "one" / "bundle" / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    result = run("photos")
    assert result.exit_code == 2
    assert "model.onnx: damaged" in result.stderr
    assert "Traceback" not in result.stderr


def test_odd_file_names(shop):
    data = (shop / "photos" / "red.png").read_bytes()
    names = [b"=cmd.png", b"caf\xe9.png", b"new\nline.png", b"\x1b[31m.png", 'Käse, "x".png'.encode()]
    (shop / "odd").mkdir()
    for name in names:
        (shop / "odd" / os.fsdecode(name)).write_bytes(data)
    command = [sys.executable, "-m", "shelfwise", "classify"]
    table = subprocess.run([*command, "odd"], capture_output=True, check=True).stdout
    assert len(table.splitlines()) == 6
    assert b"\x1b" not in table
    lines = subprocess.run([*command, "odd", "--format", "jsonl"], capture_output=True, check=True).stdout
    paths = {os.fsencode(json.loads(line)["path"]) for line in lines.decode().splitlines()}
    assert paths == {b"odd/" + name for name in names}
    text = subprocess.run([*command, "odd", "--format", "csv"], capture_output=True, check=True).stdout
    assert b"caf\xe9.png" in text
    assert b'"odd/K\xc3\xa4se, ""x"".png"' in text
    inside = subprocess.run(
        [*command, "=cmd.png", "--format", "csv"],
        cwd=shop / "odd",
        capture_output=True,
        env={**os.environ, "SHELFWISE_MODEL": str(shop / "runs/one/bundle")},
        check=True,
    )
    assert inside.stdout.splitlines()[1].startswith(b"./=cmd.png,")


def test_help_shows_examples(shop):
    result = run("--help")
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert "shelfwise classify photo.jpg" in result.output


def test_a_reader_that_goes_away_ends_it_quietly(shop):
    photos = ["photos"] * 2000
    process = subprocess.Popen(
        [sys.executable, "-m", "shelfwise", "classify", *photos],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 141
    assert b"Traceback" not in errors


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("style", ["csv", "table"])
def test_output_without_room_is_one_line(shop, style):
    command = [sys.executable, "-m", "shelfwise", "classify", "photos", "--format", style]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*command, "--model", "runs/one"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert result.returncode == 2
    assert "error: the output cannot be written: No space left on device" in result.stderr
    assert "Traceback" not in result.stderr


def test_ctrl_c_stops_cleanly_and_leaves_no_half_file(shop):
    command = [sys.executable, "-m", "shelfwise", "classify", "-", "-o", "answers.csv"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"photos/red.png\n" * 500)
    process.stdin.flush()
    deadline = time.monotonic() + 20
    while not list(shop.glob(".answers.csv*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert not list(shop.glob("*answers.csv*"))
