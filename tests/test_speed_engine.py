"""The speed of the engine: what is measured, and whether PyTorch classifies with the same networks and weights."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:  # the benchmarks are no part of the installed package
    sys.path.append(str(ROOT))

from benchmarks import classifying, speed_engine
from benchmarks.__main__ import main
from benchmarks.options import Options
from benchmarks.result import BenchmarkError, read_results
from benchmarks.runs import member_runs
from benchmarks.sides import torch_classify
from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.inference.classifier import load
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.ensemble import join_runs
from shelfwise.workflows.train import train

COLOURS = {"plums": (190, 60, 60), "pears": (60, 190, 60), "figs": (60, 60, 190)}
QUIET = {"stages": lambda name: lambda done, total=None, text="": None, "note": lambda text: None}


@pytest.fixture(scope="module")
def work(quickly, tmp_path_factory, toy_sets):
    """Photos, two small runs on them and a bundle joined from both, side by side."""
    folder = tmp_path_factory.mktemp("engine")
    random = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        for number in range(10):
            toy_sets.photo(folder / "photos" / name / f"{number}.png", colour, random)
            toy_sets.photo(folder / "data" / "freiburg" / "images" / name / f"{number}.jpg", colour, random)
    settings = {"data": folder / "photos", "epochs": 1, "batch_size": 8, "threads": 1}
    runs = []
    for seed in (1, 2):
        out = {"out": folder / f"run{seed}", "seed": seed}
        out |= {"split": runs[0] / "split.json"} if runs else {}
        config = load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags={**settings, **out})
        with quickly():
            runs.append(train(config, cache_dir=folder / "cache", **QUIET).folder)
    join_runs(
        runs,
        folder / "joined",
        name="both",
        shares=(0.3, 0.7),
        weight_bits=8,
        cache_dir=folder / "cache",
        **QUIET,
    )
    return folder


def options(**changes):
    return Options(Path("none"), Path("none"), **changes)


@pytest.mark.parametrize("joined", [True, False])
def test_pytorch_answers_as_the_bundle_does(work, capsys, joined):
    photos = work / "data" / "freiburg" / "images" / "figs"
    runs = [work / "run1", work / "run2"] if joined else [work / "run2"]
    bundle = work / "joined" if joined else work / "run2" / "bundle"
    more = ["--joined", str(bundle)] if joined else []
    torch_classify.main(["--run", *map(str, runs), "--photos", str(photos), *more])
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    expected = load(bundle, engine="onnxruntime").classify([row["path"] for row in rows])
    assert len(rows) == 10
    assert [row["category"] for row in rows] == [each.category for each in expected]
    found = [float(row["confidence"]) for row in rows]
    # Its weights are whole numbers of 8 bits in the one and float32 in the other.
    np.testing.assert_allclose(found, [each.confidence for each in expected], atol=0.03 if joined else 0.002)


def test_the_runs_of_a_joined_bundle_are_found_by_their_bundles(work, toy, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.runs.ROOT", tmp_path)
    assert member_runs(read_bundle(work / "joined")) == (work / "run1", work / "run2")
    strange = toy.write_toy_bundle(tmp_path / "strange", provenance={"members": [{"bundle": "0" * 12}]})
    with pytest.raises(BenchmarkError, match="that of bundle 000000000000 lies neither beside it"):
        member_runs(strange)


def test_what_is_measured_is_what_is_named_or_what_ships(work, toy, tmp_path, monkeypatch):
    by_run = speed_engine._subject(options(runs=(work / "run1",)))
    assert (by_run.runs, by_run.joined) == ((work / "run1",), None)
    by_bundle = speed_engine._subject(options(bundle=work / "joined"))
    assert by_bundle.joined == work / "joined"
    assert "joined from small-cnn 30 % and small-cnn 70 %, weights kept in 8 bits" in by_bundle.what
    monkeypatch.setattr("shelfwise.bundle.packaged.DEFAULT_BUNDLE", work / "joined")
    assert speed_engine._subject(options()).bundle.id == by_bundle.bundle.id
    alone = toy.write_toy_bundle(tmp_path / "alone")
    with pytest.raises(BenchmarkError, match="lies in no run"):
        speed_engine._subject(options(bundle=alone.path))


def test_agreement_is_of_what_is_held_for_likeliest():
    ours = ["path,category,confidence,best_guess", "x/1.jpg,unknown,0.4,Tea", "x/2.jpg,Milk,0.8,Milk"]
    assert classifying.agreement(ours, ["path,category", "1.jpg,Tea", "2.jpg,Juice"]) == 0.5


@pytest.mark.slow
def test_a_trial_of_the_speed_of_the_engine(work, tmp_path, monkeypatch):
    monkeypatch.setenv("SHELFWISE_DATA", str(work / "data"))
    monkeypatch.setattr(speed_engine, "COLD_STARTS", 1)
    monkeypatch.setattr(speed_engine, "_LEAST_AGREEMENT", 0.5)  # on so few photos of so poor a model
    arguments = ["speed-engine", "--photos", "24", "--repeats", "1", "--bundle", str(work / "joined")]
    assert main([*arguments, "--results", str(tmp_path)]) == 0
    measured = read_results(tmp_path)["speed-engine"]
    speed, share, cold = measured.figures
    assert min(speed.value, share.value, cold.value) > 0
    assert "joined from small-cnn" in measured.remarks[0]
    assert any("Not eligible" in remark for remark in measured.remarks)  # int8: too few photos to compare on
