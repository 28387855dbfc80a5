from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch")

import shelfwise
from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import load_split
from shelfwise.errors import SplitError, TrainingError
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.train import RunResult, resume, train


def silent(name: str):
    return lambda done, total=None, text="": None


def settings(data: Path, out: Path, **changes: object) -> TrainConfig:
    flags = {"data": str(data), "out": str(out), "epochs": 2, "batch_size": 8, "threads": 1, **changes}
    return load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags=flags)


def run(data: Path, out: Path, **changes: object) -> RunResult:
    notes: list[str] = []
    return train(
        settings(data, out, **changes), cache_dir=out.parent / "cache", stages=silent, note=notes.append
    )


def test_a_run_leaves_a_model_that_classifies_and_a_report(painted, tmp_path):
    result = run(painted, tmp_path / "run", epochs=12, lr=0.005)
    assert result.metrics["val"]["accuracy"] >= 0.8
    prediction = shelfwise.load(result.bundle.path).classify([painted / "pears" / "00.png"])[0]
    assert set(prediction.categories) == {"apples", "pears", "plums"}
    assert result.report.read_text().startswith("<!doctype html>")
    assert (tmp_path / "run" / "history.csv").read_text().count("\n") == 13


def test_the_bundle_says_where_it_comes_from_and_names_no_path(painted, tmp_path):
    result = run(painted, tmp_path / "run")
    bundle = read_bundle(result.bundle.path)
    provenance = bundle.provenance
    assert provenance["photos"] == [21, 6, 3]
    assert provenance["config"]["seed"] == 42
    assert len(provenance["data_sha256"]) == 64
    assert set(bundle.metrics) == {"test", "val"}
    for file in bundle.path.iterdir():
        assert str(tmp_path).encode() not in file.read_bytes()


def test_the_split_is_saved_and_can_be_given_back(painted, tmp_path):
    first = run(painted, tmp_path / "first")
    second = run(painted, tmp_path / "second", split=str(first.folder / "split.json"), seed=7)
    dataset = read_dataset(painted)
    splits = [load_split(folder / "split.json", dataset) for folder in (first.folder, second.folder)]
    assert splits[0].parts == splits[1].parts


def test_equal_runs_give_equal_bundles(painted, tmp_path):
    first, second = run(painted, tmp_path / "a"), run(painted, tmp_path / "b")
    for name in ("model.onnx", "bundle.json", "card.md"):
        assert (first.bundle.path / name).read_bytes() == (second.bundle.path / name).read_bytes()


def test_unreadable_photos_are_named_and_left_out(painted, tmp_path):
    (painted / "apples" / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    (painted / "plums" / "empty.png").write_bytes(b"")
    notes: list[str] = []
    result = train(
        settings(painted, tmp_path / "run"), cache_dir=tmp_path / "cache", stages=silent, note=notes.append
    )
    assert sum("left out" in note for note in notes) <= 2
    assert result.bundle.provenance["photos"][0] >= 20


def test_a_folder_in_use_is_not_overwritten(painted, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("keep")
    with pytest.raises(TrainingError, match="--resume"):
        run(painted, tmp_path / "run")
    assert (tmp_path / "run" / "mine.txt").read_text() == "keep"


def test_one_category_is_not_enough(painted, tmp_path):
    with pytest.raises(TrainingError, match="at least two categories"):
        run(painted, tmp_path / "run", classes=["apples"])


def test_an_empty_category_is_named(painted, tmp_path):
    (painted / "quinces").mkdir()
    with pytest.raises((TrainingError, SplitError), match="quinces"):
        run(painted, tmp_path / "run")


def test_photos_that_changed_since_are_not_resumed_with(painted, tmp_path):
    result = run(painted, tmp_path / "run")
    target = painted / "apples" / "00.png"
    target.write_bytes((painted / "apples" / "01.png").read_bytes())
    with pytest.raises(TrainingError, match="other settings, photos"):
        resume(result.folder, cache_dir=tmp_path / "cache", stages=silent, note=lambda _: None)


def test_only_a_run_folder_can_be_resumed(tmp_path):
    with pytest.raises(TrainingError, match="not a run's folder"):
        resume(tmp_path, cache_dir=tmp_path / "cache", stages=silent)


def command(*arguments: object, cache: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "SHELFWISE_CACHE": str(cache), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "shelfwise", "train", *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def wait_for_epoch(history: Path, epoch: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if history.exists() and history.read_text().count("\n") > epoch:
            return
        time.sleep(0.01)
    raise AssertionError(f"no epoch {epoch}: {process.communicate()[0].decode()}")


@pytest.mark.slow
def test_a_run_killed_twice_ends_in_the_same_bits(painted, tmp_path):
    flags = [painted, "--recipe", "small-cnn", "--epochs", 6, "--batch-size", 8, "--threads", 1, "--ema", 0.9]
    cache = tmp_path / "cache"
    whole = command(*flags, "--out", tmp_path / "whole", cache=cache)
    assert whole.wait() == 0, whole.communicate()[0].decode()

    broken = tmp_path / "broken"
    process = command(*flags, "--out", broken, cache=cache)
    for epoch in (1, 3):
        wait_for_epoch(broken / "history.csv", epoch, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = command("--resume", broken, cache=cache)
    assert process.wait() == 0, process.communicate()[0].decode()

    for name in ("history.csv", "split.json", "bundle/model.onnx", "bundle/bundle.json"):
        assert (broken / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_so_far_and_can_be_resumed(painted, tmp_path):
    out = tmp_path / "run"
    flags = [painted, "--recipe", "small-cnn", "--epochs", 400, "--patience", 0, "--threads", 1]
    process = command(*flags, "--out", out, cache=tmp_path / "cache")
    wait_for_epoch(out / "history.csv", 1, process)
    process.send_signal(signal.SIGINT)
    output = process.communicate()[0].decode()
    assert process.returncode == 130, output
    assert "--resume" in output
    assert (out / "report" / "index.html").exists()
    assert json.loads((out / "bundle" / "bundle.json").read_text())["metrics"]["test"]["accuracy"] >= 0


@pytest.mark.slow
def test_a_learning_rate_far_too_high_is_explained_and_the_folder_stays_usable(painted, tmp_path):
    flags = [
        painted,
        "--recipe",
        "small-cnn",
        "--epochs",
        3,
        "--threads",
        1,
        "--optimizer",
        "sgd",
        "--lr",
        1e30,
    ]
    process = command(*flags, "--out", tmp_path / "run", cache=tmp_path / "cache")
    output = process.communicate()[0].decode()
    assert process.returncode == 2
    assert "the loss became" in output
    assert "Traceback" not in output
    assert (tmp_path / "run" / "config.toml").exists()
