from __future__ import annotations

import json
import shutil
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("torch", reason="training needs torch")

from threadpoolctl import threadpool_limits

import shelfwise
from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import load_split
from shelfwise.errors import ConfigError, SplitError, TrainingError
from shelfwise.inference import engines
from shelfwise.inference.session import OnnxRuntimeSession
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows import train as train_module
from shelfwise.workflows.train import RunResult, resume, train
from tests.workflows.training_process import shallow_networks


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


@pytest.fixture(scope="module")
def trained(quickly, painter, finished, tmp_path_factory):
    """Photos and a finished run on them, trained once; a test changes copies only."""
    folder = tmp_path_factory.mktemp("trained")
    photos = painter(folder / "photos")
    with quickly():
        result = run(photos, folder / "run")
    return finished(photos, (result.folder,))


@pytest.mark.plots
def test_a_run_leaves_a_model_that_classifies_and_a_report(painted, tmp_path):
    result = run(painted, tmp_path / "run", epochs=12, lr=0.005)
    assert result.metrics["val"]["accuracy"] >= 0.8
    prediction = shelfwise.load(result.bundle.path).classify([painted / "pears" / "00.png"])[0]
    assert set(prediction.categories) == {"apples", "pears", "plums"}
    assert result.report.read_text().startswith("<!doctype html>")
    assert (tmp_path / "run" / "history.csv").read_text().count("\n") == 13


def test_the_bundle_says_where_it_comes_from_and_names_no_path(trained):
    bundle = read_bundle(trained.runs[0] / "bundle")
    provenance = bundle.provenance
    assert provenance["photos"] == [21, 6, 3]
    assert provenance["config"]["seed"] == 42
    assert len(provenance["data_sha256"]) == 64
    assert set(bundle.metrics) == {"test", "val"}
    for file in bundle.path.iterdir():
        assert str(trained.photos.parent).encode() not in file.read_bytes()


def test_the_split_is_saved_and_can_be_given_back(trained, tmp_path):
    first = trained.runs[0]
    second = run(trained.photos, tmp_path / "second", split=str(first / "split.json"), seed=7, epochs=1)
    dataset = read_dataset(trained.photos)
    splits = [load_split(folder / "split.json", dataset) for folder in (first, second.folder)]
    assert splits[0].parts == splits[1].parts


def test_equal_runs_give_equal_bundles(trained, painted, tmp_path):
    first, second = trained.runs[0] / "bundle", run(painted, tmp_path / "run")
    for name in ("model.onnx", "bundle.json", "card.md"):
        assert (first / name).read_bytes() == (second.bundle.path / name).read_bytes()


def test_a_bundles_figures_do_not_depend_on_the_fastest_engine_here(toy, tmp_path, monkeypatch):
    bundle = toy.write_toy_bundle(tmp_path / "bundle")
    monkeypatch.setattr(
        engines, "_automatic", lambda precision: pytest.fail("the fastest engine was asked for")
    )
    prepared = SimpleNamespace(split=SimpleNamespace(parts={"test": (0,), "val": ()}), dataset=None)
    monkeypatch.setattr(train_module, "evaluate_part", lambda classifier, *_, **__: classifier)
    measured = train_module._measure(bundle, prepared, silent, ("test", "val"))["test"]
    assert isinstance(measured._session, OnnxRuntimeSession)


def test_a_bundle_is_where_one_is_looked_for_only_when_it_is_finished(painted, tmp_path, monkeypatch):
    out = tmp_path / "run"

    def killed(bundle, *_, **__):
        assert bundle.decision is not None
        assert not (out / "bundle").exists()
        raise RuntimeError("killed")

    monkeypatch.setattr(train_module, "fit_answers", killed)
    with pytest.raises(RuntimeError, match="killed"):
        run(painted, out, epochs=1)
    left = {path.name for path in out.iterdir()}
    assert not {name for name in left if "bundle" in name}
    monkeypatch.undo()

    (out / ".bundle.provisional").mkdir()  # what a process leaves that had no time to remove it
    (out / ".bundle.provisional" / "bundle.json").touch()
    first = resume(out, cache_dir=tmp_path / "cache", stages=silent, note=str).bundle
    assert {path.name for path in out.iterdir()} - left >= {"bundle", "report"}
    assert not (out / ".bundle.provisional").exists()

    def killed_later(bundle, *_):
        assert read_bundle(out / "bundle").id == first.id
        raise RuntimeError("killed")

    monkeypatch.setattr(train_module, "_measure", killed_later)
    with pytest.raises(RuntimeError, match="killed"):
        resume(out, cache_dir=tmp_path / "cache", stages=silent, note=str)
    assert read_bundle(out / "bundle").id == first.id


def test_unreadable_photos_are_named_and_left_out(painted, tmp_path):
    (painted / "apples" / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    (painted / "plums" / "empty.png").write_bytes(b"")
    notes: list[str] = []
    result = train(
        settings(painted, tmp_path / "run"), cache_dir=tmp_path / "cache", stages=silent, note=notes.append
    )
    assert sorted(
        note.split(": ")[1].rpartition("/")[2] for note in notes if note.startswith("left out")
    ) == [
        "broken.jpg",
        "empty.png",
    ]
    assert sum(result.bundle.provenance["photos"]) == 30


def test_without_validation_photos_the_last_epoch_is_kept_and_the_note_says_so(painted, tmp_path):
    notes: list[str] = []
    parts = {"train_fraction": 0.8, "val_fraction": 0.0, "test_fraction": 0.2}
    result = train(
        settings(painted, tmp_path / "run", **parts),
        cache_dir=tmp_path / "cache",
        stages=silent,
        note=notes.append,
    )
    assert any("no validation photos: the last epoch, 2, is kept" in note for note in notes)
    assert not any("nan" in note for note in notes)
    assert set(result.metrics) == {"test"}
    assert result.bundle.temperature == 1.0


def test_errors_that_the_data_check_finds_are_told(painted, tmp_path):
    shutil.copy(painted / "apples" / "00.png", painted / "pears" / "00.png")
    notes: list[str] = []
    train(settings(painted, tmp_path / "run"), cache_dir=tmp_path / "cache", stages=silent, note=notes.append)
    assert any(note.startswith("data check: ") and "names them" in note for note in notes)


def test_a_folder_in_use_is_not_overwritten(painted, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("keep")
    with pytest.raises(TrainingError, match="--resume"):
        run(painted, tmp_path / "run")
    assert (tmp_path / "run" / "mine.txt").read_text() == "keep"


def test_one_category_is_not_enough(painted, tmp_path):
    with pytest.raises(TrainingError, match="at least two categories"):
        run(painted, tmp_path / "run", classes=["apples"])
    assert run(painted, tmp_path / "run", epochs=1).metrics  # the same folder can be used at once


def test_an_empty_category_is_named(painted, tmp_path):
    (painted / "quinces").mkdir()
    with pytest.raises(SplitError, match="quinces"):
        run(painted, tmp_path / "run")


def test_photos_that_changed_since_are_not_resumed_with(trained, tmp_path):
    copy = trained.copied(tmp_path)
    target = copy.photos / "apples" / "00.png"
    target.write_bytes((copy.photos / "apples" / "01.png").read_bytes())
    with pytest.raises(TrainingError, match="other settings, photos"):
        resume(copy.runs[0], cache_dir=tmp_path / "cache", stages=silent, note=lambda _: None)


def test_photos_replaced_before_the_split_are_checked_again(trained, tmp_path):
    copy = trained.copied(tmp_path)
    painted, folder = copy.photos, copy.runs[0]
    (folder / "split.json").unlink()
    shutil.rmtree(folder / "checkpoints")
    for name in ("01", "02", "03"):
        shutil.copy(painted / "apples" / "00.png", painted / "apples" / f"{name}.png")
    resume(folder, cache_dir=tmp_path / "cache", stages=silent, note=lambda _: None)
    split = load_split(folder / "split.json", read_dataset(painted))
    copies = {f"apples/{n:02}.png" for n in range(4)}
    keys = [
        {s.key for i in part for s in [read_dataset(painted).samples[i]]} for part in split.parts.values()
    ]
    assert sum(bool(copies & part) for part in keys) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"size": 128}, "104 pixels only"), ({"train_size": 96}, "104 pixels only")],
)
def test_sizes_that_a_network_cannot_take_are_refused_before_a_folder_is_made(
    painted, tmp_path, changes, message
):
    with pytest.raises(ConfigError, match=message):
        run(painted, tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_boxes_are_trained_on_as_crops(painted, tmp_path):
    files = sorted(painted.rglob("*.png"))
    images = [
        {"id": i, "file_name": str(f.relative_to(painted)), "width": 40, "height": 40}
        for i, f in enumerate(files)
    ]
    names = sorted({f.parent.name for f in files})
    boxes = [
        {"id": i, "image_id": i, "category_id": names.index(f.parent.name) + 1, "bbox": [5, 5, 30, 30]}
        for i, f in enumerate(files)
    ]
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(names)]
    coco = {"images": images, "annotations": boxes, "categories": categories}
    (painted / "boxes.json").write_text(json.dumps(coco))
    result = run(painted / "boxes.json", tmp_path / "run", layout="coco")
    assert sum(result.bundle.provenance["photos"]) == 30
    assert "#5,5,30,30" in (tmp_path / "run" / "split.json").read_text()


def test_only_a_run_folder_can_be_resumed(tmp_path):
    with pytest.raises(TrainingError, match="not a run's folder"):
        resume(tmp_path, cache_dir=tmp_path / "cache", stages=silent)


@pytest.fixture
def command(training_process, tmp_path):
    """Starts ``shelfwise train`` in a process of its own."""

    def start(*arguments: object, **limits: object):
        environment = {"SHELFWISE_CACHE": str(tmp_path / "cache")}
        return training_process(
            [str(each) for each in arguments], tmp_path / "output.txt", environment, **limits
        )

    return start


def wait_for_epoch(history: Path, epoch: int, process) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.running():
        if history.exists() and history.read_text().count("\n") > epoch:
            return
        time.sleep(0.01)
    raise AssertionError(f"no epoch {epoch}: {process.output.read_text()}")


def reference(data: Path, folder: Path, recipe: str, **changes: object) -> Path:
    """A run that nothing happens to: what a process that is broken off is to end in, learned in this one."""
    flags = {"data": str(data), "out": str(folder / "whole"), "threads": 1, **changes}
    config = load_config(TrainConfig, defaults=recipe_defaults(recipe), flags=flags)
    with threadpool_limits(1):  # as in the other process: sums depend on how many threads add
        return train(config, cache_dir=folder / "cache", stages=silent, note=str).folder


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "changes"), [("small-cnn", {"ema": 0.9}), ("lite0", {"size": 32})])
def test_a_run_killed_twice_ends_in_the_same_bits(painted, tmp_path, command, recipe, changes):
    changes = changes | {"epochs": 6, "batch_size": 8}
    with shallow_networks():
        whole = reference(painted, tmp_path, recipe, **changes)
    flags = [painted, "--recipe", recipe, "--threads", 1]
    flags += [part for name, value in changes.items() for part in (f"--{name.replace('_', '-')}", value)]

    broken = tmp_path / "broken"
    process = command(*flags, "--out", broken, shallow=True)
    for epoch in (1, 3):
        wait_for_epoch(broken / "history.csv", epoch, process)
        process.send_signal(signal.SIGKILL)
        process.finish()
        process = command("--resume", broken, shallow=True)
    code, output = process.finish()
    assert code == 0, output

    for name in ("history.csv", "split.json", "bundle/model.onnx", "bundle/bundle.json"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes(), name


@pytest.mark.slow
def test_a_disk_that_is_full_is_told_and_the_run_goes_on_when_there_is_room(painted, tmp_path, command):
    flags = [painted, "--recipe", "small-cnn", "--threads", 1, "--epochs", 3]
    whole = reference(painted, tmp_path, "small-cnn", epochs=3)  # fills the cache

    out = tmp_path / "run"
    process = command(*flags, "--out", out, largest_file=100_000)
    code, output = process.finish()
    assert code == 2, output
    assert "error: " in output
    assert "cannot" in output
    assert "Traceback" not in output
    code, output = command("--resume", out).finish()
    assert code == 0, output
    for name in ("history.csv", "bundle/model.onnx"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.slow
def test_ctrl_c_keeps_the_best_so_far_and_can_be_resumed(painted, tmp_path, command):
    out = tmp_path / "run"
    flags = [painted, "--recipe", "small-cnn", "--epochs", 400, "--patience", 0, "--threads", 1]
    process = command(*flags, "--out", out)
    wait_for_epoch(out / "history.csv", 1, process)
    process.send_signal(signal.SIGINT)
    code, output = process.finish()
    assert code == 130, output
    assert "--resume" in output
    assert (out / "report" / "index.html").exists()
    assert json.loads((out / "bundle" / "bundle.json").read_text())["temperature"] > 0
    assert not (out / "finished.json").exists()
    epochs = (out / "history.csv").read_text().count("\n")

    process = command("--resume", out)
    wait_for_epoch(out / "history.csv", epochs, process)
    process.send_signal(signal.SIGINT)
    assert process.finish()[0] == 130
    assert (out / "history.csv").read_text().count("\n") > epochs


@pytest.mark.slow
def test_ctrl_c_before_the_first_epoch_is_an_interruption_too(painted, tmp_path, command):
    flags = [painted, "--recipe", "small-cnn", "--threads", 1, "--batch-size", 1]
    process = command(*flags, "--out", tmp_path / "run")
    deadline = time.monotonic() + 120
    while not (tmp_path / "run" / "split.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    code, output = process.finish()
    assert code == 130, output


@pytest.mark.slow
def test_a_learning_rate_far_too_high_is_explained_and_the_folder_stays_usable(painted, tmp_path, command):
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
    process = command(*flags, "--out", tmp_path / "run")
    code, output = process.finish()
    assert code == 2
    assert "loss became" in output
    assert "--lr" in output
    assert "Traceback" not in output
    assert (tmp_path / "run" / "config.toml").exists()
