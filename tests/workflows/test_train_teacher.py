"""Runs that learn from another model's answers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.errors import BundleError, ConfigError, TrainingError
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows import train as train_module
from shelfwise.workflows.crossval import cross_validate
from shelfwise.workflows.teacher import taught_by
from shelfwise.workflows.train import RunResult, resume, train


def silent(name: str):
    return lambda done, total=None, text="": None


def settings(data: Path, out: Path, recipe: str = "small-cnn", **changes: object) -> TrainConfig:
    flags = {"data": str(data), "out": str(out), "epochs": 2, "batch_size": 8, "threads": 1}
    given = {key: str(value) if isinstance(value, Path) else value for key, value in changes.items()}
    return load_config(TrainConfig, defaults=recipe_defaults(recipe), flags=flags | given)


def run(data: Path, out: Path, **changes: object) -> RunResult:
    return train(
        settings(data, out, **changes), cache_dir=out.parent / "cache", stages=silent, note=lambda line: None
    )


@pytest.fixture(scope="module")
def taught(painter, tmp_path_factory) -> tuple[Path, Path]:
    """Photos, and a teacher that has learned them."""
    folder = tmp_path_factory.mktemp("teacher")
    photos = painter(folder / "photos")
    return photos, run(photos, folder / "teacher", epochs=12, lr=0.005).bundle.path


def test_a_student_learns_from_the_answers_alone(taught, tmp_path):
    photos, teacher = taught
    result = run(photos, tmp_path / "student", teacher=teacher.parent, teacher_share=1.0, epochs=12, lr=0.005)
    assert result.metrics["val"]["accuracy"] >= 0.8


def test_the_bundle_and_its_card_name_the_teacher_and_no_path(taught, tmp_path):
    photos, teacher = taught
    bundle = read_bundle(run(photos, tmp_path / "student", teacher=teacher).bundle.path)
    known = read_bundle(teacher)
    assert bundle.provenance["teacher"] == known.id
    assert bundle.provenance["config"]["teacher_share"] == 0.7
    assert f"({known.id}) had a share of 70%" in (bundle.path / "card.md").read_text()
    for file in bundle.path.iterdir():
        assert str(teacher.parent).encode() not in file.read_bytes()
    assert "teacher" not in known.provenance
    assert "teacher_share" not in known.provenance["config"]


def test_a_broken_off_run_goes_on_with_the_same_teacher_only(taught, tmp_path, monkeypatch):
    photos, teacher = taught
    whole = run(photos, tmp_path / "whole", teacher=teacher)

    def killed(*_, **__):
        raise RuntimeError("killed")

    monkeypatch.setattr(train_module, "write_run_bundle", killed)
    with pytest.raises(RuntimeError, match="killed"):
        run(photos, tmp_path / "broken", teacher=teacher)
    monkeypatch.undo()
    again = resume(tmp_path / "broken", cache_dir=tmp_path / "cache", stages=silent, note=str)
    assert _weights(again.bundle.path) == _weights(whole.bundle.path)

    config = tmp_path / "broken" / "config.toml"
    config.write_text(config.read_text().replace(str(teacher), str(again.bundle.path)))
    with pytest.raises(TrainingError):
        resume(tmp_path / "broken", cache_dir=tmp_path / "cache", stages=silent, note=str)


def _weights(bundle: Path) -> str:
    return hashlib.sha256((bundle / "model.onnx").read_bytes()).hexdigest()


def test_a_teacher_may_know_more_in_another_order(toy, tmp_path):
    bundle = toy.write_toy_bundle(tmp_path / "bundle")
    names = bundle.categories
    assert len(names) >= 3
    size = bundle.preprocessing.size
    config = settings(tmp_path, tmp_path / "run")
    pictures = np.random.default_rng(0).integers(0, 256, (5, size, size, 3), dtype=np.uint8)
    whole = taught_by(bundle, config, names).answer(pictures)
    some = taught_by(bundle, config, [names[2], names[0]]).answer(pictures)
    assert np.allclose(some.sum(1), 1)
    assert np.allclose(some[:, 0] / some[:, 1], whole[:, 2] / whole[:, 0], rtol=1e-4)


def test_a_teacher_that_does_not_fit_is_refused_before_anything_is_begun(taught, toy, tmp_path):
    photos, teacher = taught
    other = toy.write_toy_bundle(tmp_path / "bundle").path
    with pytest.raises(ConfigError, match="the teacher does not know apples, pears, plums; it knows: "):
        run(photos, tmp_path / "student", teacher=other)
    with pytest.raises(ConfigError, match="made square by 'squash': use --resize squash"):
        run(photos, tmp_path / "student", teacher=teacher, resize="pad")
    with pytest.raises(BundleError, match="nowhere"):
        run(photos, tmp_path / "student", teacher=tmp_path / "nowhere")
    assert not (tmp_path / "student").exists()


def test_folds_refuse_a_teacher_that_has_learned_all_of_them(taught, tmp_path):
    photos, teacher = taught
    config = settings(photos, tmp_path / "folds", teacher=teacher)
    with pytest.raises(ConfigError, match="give each fold a teacher of its own"):
        cross_validate(config, None, cache_dir=tmp_path / "cache", stages=silent, note=str)


def test_photos_are_kept_as_large_as_the_teacher_needs_them(taught, tmp_path):
    photos, teacher = taught
    small = {"recipe": "lite0", "pretrained": False, "size": 32, "epochs": 1}
    run(photos, tmp_path / "student", teacher=teacher, **small)
    sides = {np.load(file, mmap_mode="r").shape[1] for file in (tmp_path / "cache").rglob("*.npy")}
    assert sides == {32, 120}  # validation photos as the student's input, and 104 with a margin for crops
