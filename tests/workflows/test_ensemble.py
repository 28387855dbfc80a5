"""Joining runs into one model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.errors import ConfigError, TrainingError
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import Classifier, softmax
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows import ensemble
from shelfwise.workflows.ensemble import best_shares, join_runs
from shelfwise.workflows.train import resume, train


def silent(name: str):
    return lambda done, total=None, text="": None


def member(data: Path, out: Path, **changes: object) -> Path:
    flags = {"data": str(data), "out": str(out), "epochs": 3, "batch_size": 8, "threads": 1, **changes}
    config = load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags=flags)
    return train(
        config, cache_dir=out.parent / "cache", stages=silent, note=lambda text: None, member=True
    ).folder


def join(runs: list[Path], out: Path, **changes: object):
    quiet = {"cache_dir": out.parent / "cache", "stages": silent, "note": lambda text: None}
    return join_runs(runs, out, **{"name": "both", **quiet, **changes})


@pytest.fixture(scope="module")
def members(quickly, painter, finished, tmp_path_factory):
    """Photos and two runs on them that may be joined, trained once; a test changes copies only."""
    folder = tmp_path_factory.mktemp("members")
    photos = painter(folder / "photos")
    with quickly():
        first = member(photos, folder / "first")
        second = member(photos, folder / "second", split=str(first / "split.json"), seed=7, lr=0.01)
    shutil.rmtree(folder / "cache")
    return finished(photos, (first, second))


def test_two_runs_become_one_model(members, tmp_path):
    first, second = members.runs
    joined = join([first, second], tmp_path / "joined")
    assert sum(joined.shares) == pytest.approx(1)
    bundle = read_bundle(tmp_path / "joined")
    assert (bundle.name, bundle.decision is not None) == ("both", True)
    assert set(joined.parts) == {"test", "val"}
    photos = [members.photos / "pears" / "00.png", members.photos / "plums" / "01.png"]
    parts = [read_bundle(run / "bundle") for run in (first, second)]
    logs = [np.log([p.probabilities for p in Classifier(part).classify(photos)]) for part in parts]
    pooled = sum(share * each for share, each in zip(joined.shares, logs, strict=True))
    expected = softmax(np.asarray(pooled, np.float32), bundle.temperature)
    found = [p.probabilities for p in Classifier(bundle).classify(photos)]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_member_is_calibrated_and_left_to_the_whole_to_decide_with(members, tmp_path):
    run = members.copied(tmp_path).runs[0]
    bundle = read_bundle(run / "bundle")
    assert bundle.decision is None
    assert bundle.temperature != 1
    assert set(bundle.metrics) == {"val"}
    assert (run / "report" / "index.html").is_file()
    resumed = resume(run, cache_dir=tmp_path / "cache", stages=silent, note=lambda text: None, member=True)
    assert resumed.bundle.id == bundle.id


def test_given_shares_are_taken_and_not_fitted(members, tmp_path):
    first, second = members.runs
    joined = join([first, second], tmp_path / "joined", shares=(0.3, 0.7))
    assert joined.shares == (0.3, 0.7)
    assert [each["share"] for each in joined.bundle.provenance["members"]] == [0.3, 0.7]
    for wrong in ([1.0], [0.5, 0.6], [1.5, -0.5]):
        with pytest.raises(ConfigError, match="are no shares of 2 runs"):
            join([first, second], tmp_path / "wrong", shares=wrong)


def test_where_it_comes_from_is_told_and_no_path(members, tmp_path):
    run = members.runs[0]
    bundle = join([run], tmp_path / "joined").bundle
    (origin,) = bundle.provenance["members"]
    assert origin["share"] == 1
    assert origin["bundle"] == read_bundle(run / "bundle").id
    assert bundle.provenance["photos"] == [21, 6, 3]
    card = bundle.card_path.read_text()
    assert "small-cnn, share 100%" in card
    assert "| apples | 1 |" in card
    for file in bundle.path.iterdir():
        for folder in (tmp_path, run.parent):
            assert str(folder).encode() not in file.read_bytes()


def test_the_bundle_appears_only_when_it_is_finished(members, tmp_path, monkeypatch):
    run = members.runs[0]

    def killed(bundle, *_):
        assert bundle.path.is_dir()
        assert not (tmp_path / "joined").exists()
        raise RuntimeError("killed")

    monkeypatch.setattr(ensemble, "fit_answers", killed)
    with pytest.raises(RuntimeError, match="killed"):
        join([run], tmp_path / "joined")
    assert not [path for path in tmp_path.iterdir() if "joined" in path.name]


def test_runs_that_were_divided_otherwise_are_refused(members, tmp_path):
    runs = [members.runs[0], member(members.photos, tmp_path / "other", seed=1)]
    with pytest.raises(ConfigError, match="differ in their division"):
        join(runs, tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def test_a_run_that_is_not_finished_is_refused(members, tmp_path):
    run = members.copied(tmp_path).runs[0]
    (run / "finished.json").unlink()
    with pytest.raises(ConfigError, match="not finished; go on with: shelfwise train --resume"):
        join([run], tmp_path / "joined")


def test_photos_that_have_changed_are_refused(members, tmp_path):
    copy = members.copied(tmp_path)
    run = copy.runs[0]
    split = json.loads((run / "split.json").read_text())
    photo = copy.photos / split["parts"]["train"]["apples"][0]
    photo.write_bytes((copy.photos / split["parts"]["train"]["pears"][0]).read_bytes())
    with pytest.raises(ConfigError, match="the photos are no longer those of"):
        join([run], tmp_path / "joined")


def test_no_run_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no run is given"):
        join([], tmp_path / "joined")
    with pytest.raises(TrainingError, match="is not a run's folder"):
        join([tmp_path], tmp_path / "joined")


def test_the_better_member_gets_the_larger_share():
    labels = np.arange(300) % 3
    rng = np.random.default_rng(0)
    good = np.eye(3)[labels] * 4 + rng.normal(size=(300, 3))
    poor = np.eye(3)[labels] + rng.normal(size=(300, 3)) * 2
    shares = best_shares([good, poor], labels)
    assert sum(shares) == pytest.approx(1)
    assert shares[0] > shares[1]
    assert best_shares([poor * 0 + 30 * np.eye(3)[(labels + 1) % 3], good], labels) == (0.0, 1.0)


def test_members_that_err_apart_share():
    labels = np.zeros(200, np.int64)
    first, second = np.tile([2.0, 0, 0], (200, 1)), np.tile([2.0, 0, 0], (200, 1))
    first[:60, 1], second[60:120, 2] = 5, 5
    assert best_shares([first, second], labels) == (0.5, 0.5)


def test_a_label_that_stands_for_several_counts_their_sum():
    tree = Hierarchy.from_categories(["Juice", "Juice/Bravo", "Milk"])
    labels = np.zeros(100, np.int64)  # a juice of no known variety
    names_a_variety = np.log(np.tile([0.10, 0.89, 0.01], (100, 1)))
    unsure = np.log(np.tile([0.50, 0.0001, 0.4999], (100, 1)))
    counts = tree.under[tree.node_of_category]
    assert best_shares([names_a_variety, unsure], labels, counts) == (1.0, 0.0)


def test_the_small_form_answers_nearly_as_the_large_one(members, tmp_path):
    run = members.runs[0]
    large = join([run], tmp_path / "large").bundle
    small = join([run], tmp_path / "small", name="small", weight_bits=7).bundle
    assert small.model_path.stat().st_size < large.model_path.stat().st_size
    photos = sorted((members.photos / "pears").glob("*.png"))
    logits = [
        np.log(np.array([p.probabilities for p in Classifier(each).classify(photos)])) * each.temperature
        for each in (large, small)
    ]
    np.testing.assert_allclose(logits[0], logits[1], atol=0.2)
    assert small.model_path.name == "model.onnx.gz"
    assert "kept in 7 bits" in small.card_path.read_text()
    assert small.provenance["weight_bits"] == 7
    # Beside that a joined model is written as one that was trained alone.
    alone = read_bundle(run / "bundle")
    told = "divided by chance, stratified by category"
    assert told in alone.card_path.read_text() and told in small.card_path.read_text()
    assert small.metrics.keys() == {"test", "val"}
    for what in ("data_sha256", "dataset_fingerprint", "photos", "split", "versions"):
        assert small.provenance[what] == alone.provenance[what]
