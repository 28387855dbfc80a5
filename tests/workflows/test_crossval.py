from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch")

from shelfwise.config import load_config
from shelfwise.errors import ConfigError, SplitError, TrainingError
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.crossval import CrossValidation, cross_validate


@pytest.fixture
def folded(painted: Path, tmp_path: Path) -> Path:
    """The painted photos in Freiburg's layout with two folds of half the photos each."""
    root = tmp_path / "folded"
    (root / "folds").mkdir(parents=True)
    painted.rename(root / "images")
    photos = sorted(p.relative_to(root).as_posix() for p in (root / "images").rglob("*.png"))
    for fold in (0, 1):
        (root / "folds" / f"fold{fold}.txt").write_text("\n".join(photos[fold::2]) + "\n")
    return root


def validate(root: Path, out: Path, folds: list[str] | None = None, **changes: object) -> tuple:
    flags = {"data": str(root), "out": str(out), "epochs": 2, "batch_size": 8, "threads": 1, **changes}
    config = load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags=flags)
    notes: list[str] = []
    result = cross_validate(
        config,
        folds,
        cache_dir=out.parent / "cache",
        stages=lambda name: lambda done, total=None, text="": None,
        note=notes.append,
    )
    return result, notes


def test_each_fold_is_tested_once_and_finished_folds_are_kept(folded, tmp_path):
    result, _ = validate(folded, tmp_path / "cv")
    assert list(result.folds) == ["fold0", "fold1"]
    saved = json.loads((tmp_path / "cv" / "crossval.json").read_text())
    assert saved == result.to_dict()
    model = (tmp_path / "cv" / "fold1" / "bundle" / "model.onnx").read_bytes()

    again, notes = validate(folded, tmp_path / "cv")
    assert again.to_dict() == saved
    assert sum("finished already" in note for note in notes) == 2
    assert (tmp_path / "cv" / "fold1" / "bundle" / "model.onnx").read_bytes() == model

    with pytest.raises(TrainingError, match="other photos or settings"):
        validate(folded, tmp_path / "cv", lr=0.5)
    shutil.copytree(folded, tmp_path / "others")
    with pytest.raises(TrainingError, match="other photos or settings"):
        validate(tmp_path / "others", tmp_path / "cv")

    (tmp_path / "cv" / "fold1" / "finished.json").unlink()  # as an interrupted run leaves it
    _, notes = validate(folded, tmp_path / "cv")
    assert sum("finished already" in note for note in notes) == 1
    assert (tmp_path / "cv" / "fold1" / "finished.json").exists()


def test_folds_that_are_not_there_are_refused_before_training(folded, painted, tmp_path):
    with pytest.raises(SplitError, match="no official fold fold7; it has fold0, fold1"):
        validate(folded, tmp_path / "cv", ["fold7"])
    with pytest.raises(SplitError, match="no official folds"):
        validate(folded / "images", tmp_path / "cv")


def test_the_summary_is_mean_and_sample_deviation():
    folds = {
        name: {"accuracy": value, "macro_f1": value, "balanced_accuracy": value, "ece": 0.1}
        for name, value in (("fold0", 0.7), ("fold1", 0.9))
    }
    mean, deviation = CrossValidation(folds, 42).summary()["accuracy"]
    assert mean == pytest.approx(0.8)
    assert deviation == pytest.approx(0.1414, abs=1e-4)
    assert CrossValidation({"fold0": folds["fold0"]}, 42).summary()["accuracy"][1] == 0


@pytest.mark.parametrize("changes", [{"fold": "fold1"}, {"split": "split.json"}])
def test_a_fold_or_split_of_ones_own_is_refused(folded, tmp_path, changes):
    with pytest.raises(ConfigError, match="sets it for each run itself"):
        validate(folded, tmp_path / "cv", **changes)
    assert not (tmp_path / "cv").exists()
