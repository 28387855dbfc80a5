"""Runs that learn from another model's answers."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

from shelfwise.bundle import read_bundle, write_bundle
from shelfwise.config import load_config
from shelfwise.datasets.layouts import read_dataset
from shelfwise.datasets.split import load_split
from shelfwise.errors import BundleError, ConfigError, ModelError, TrainingError
from shelfwise.inference.classifier import session_of, softmax
from shelfwise.models import SPECS
from shelfwise.models.dinov2 import DINOv2
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.crossval import cross_validate
from shelfwise.workflows.ensemble import join_runs
from shelfwise.workflows.learned import refuse_weights
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
def taught(quickly, painter, tmp_path_factory) -> tuple[Path, Path]:
    """Photos, and a teacher that has learned them."""
    folder = tmp_path_factory.mktemp("teacher")
    photos = painter(folder / "photos")
    with quickly():
        return photos, run(photos, folder / "teacher", epochs=12, lr=0.005).bundle.path


@pytest.fixture(scope="module")
def student(quickly, taught) -> Path:
    """A finished run that has learned from the teacher; a test changes copies only."""
    photos, teacher = taught
    with quickly():
        return run(photos, teacher.parents[1] / "student", teacher=teacher).folder


def rotated(teacher: Path, folder: Path) -> Path:
    """The same teacher with each category under the next one's name: it contradicts all labels."""
    known = read_bundle(teacher)
    names = (*known.categories[1:], known.categories[0])
    return write_bundle(
        folder,
        model_onnx=known.model_onnx(),
        name="rotated",
        categories=names,
        preprocessing=known.preprocessing,
        metrics={},
        provenance={},
        rendered=False,
        card="# Rotated\n",
    ).path


def test_a_student_believes_its_teacher_more_than_the_labels(taught, tmp_path):
    photos, teacher = taught
    wrong = rotated(teacher, tmp_path / "rotated")
    run(photos, tmp_path / "run", teacher=wrong, teacher_share=1.0, epochs=12, lr=0.005)
    last = list(csv.DictReader((tmp_path / "run" / "history.csv").read_text().splitlines()))[-1]
    # By chance a third would be right: who names so few has learned the contrary.
    assert float(last["val_accuracy"]) < 0.2
    assert float(last["train_accuracy"]) < 0.2


def test_a_teacher_of_the_run_before_may_be_named_by_its_folder(taught, tmp_path):
    photos, teacher = taught
    split = teacher.parent / "split.json"
    result = run(photos, tmp_path / "run", teacher=teacher.parent, split=split, epochs=1)
    assert read_bundle(result.bundle.path).provenance["teacher"]["bundle"] == read_bundle(teacher).id


def test_the_bundle_and_its_card_name_the_teacher_and_no_path(taught, student):
    _, teacher = taught
    bundle = read_bundle(student / "bundle")
    known = read_bundle(teacher)
    told = bundle.provenance["teacher"]
    assert (told["bundle"], told["name"], told["share"]) == (known.id, "small-cnn", 0.7)
    assert told["data_sha256"] == known.provenance["data_sha256"]
    card = (bundle.path / "card.md").read_text()
    assert f"small-cnn ({known.id}) has a share of 70% in its targets" in card
    assert known.provenance["data_sha256"] in card
    for file in bundle.path.iterdir():
        assert str(teacher.parent).encode() not in file.read_bytes()
    assert "teacher" not in known.provenance
    assert "teacher_share" not in known.provenance["config"]


def test_a_broken_off_run_goes_on_with_the_same_teacher_only(taught, tmp_path, power_failure):
    photos, teacher = taught
    whole = run(photos, tmp_path / "whole", teacher=teacher, epochs=3)
    broken = tmp_path / "broken"
    with power_failure():
        run(photos, broken, teacher=teacher, epochs=3)
    config = broken / "config.toml"
    other = rotated(teacher, tmp_path / "rotated")
    own = config.read_text()
    config.write_text(own.replace(str(teacher), str(other)))
    with pytest.raises(TrainingError, match="other settings, photos, teacher"):
        resume(broken, cache_dir=tmp_path / "cache", stages=silent, note=str)
    config.write_text(own)
    again = resume(broken, cache_dir=tmp_path / "cache", stages=silent, note=str)
    for name in ("model.onnx", "bundle.json", "card.md"):
        assert (again.bundle.path / name).read_bytes() == (whole.bundle.path / name).read_bytes()
    assert (broken / "history.csv").read_bytes() == (tmp_path / "whole" / "history.csv").read_bytes()


def test_a_finished_run_whose_teacher_is_gone_stays_finished(taught, student, tmp_path):
    _, teacher = taught
    shutil.copytree(teacher, tmp_path / "elsewhere")
    folder = shutil.copytree(student, tmp_path / "student")
    config = folder / "config.toml"
    assert str(teacher) in config.read_text()
    config.write_text(config.read_text().replace(str(teacher), str(tmp_path / "teacher")))
    with pytest.raises(BundleError, match=r"config\.toml"):
        resume(folder, cache_dir=tmp_path / "cache", stages=silent, note=str)
    assert (folder / "finished.json").is_file()
    config.write_text(config.read_text().replace(str(tmp_path / "teacher"), str(tmp_path / "elsewhere")))
    again = resume(folder, cache_dir=tmp_path / "cache", stages=silent, note=str)
    assert again.bundle.id == read_bundle(student / "bundle").id


def test_a_teacher_that_has_learned_the_photos_to_measure_on_is_refused(taught, tmp_path):
    photos, teacher = taught
    split = teacher.parent / "split.json"
    with pytest.raises(ConfigError, match=r"photos that the teacher has learned; .* --split .*split\.json"):
        run(photos, tmp_path / "student", teacher=teacher, seed=7)
    assert not (tmp_path / "student").exists()
    run(photos, tmp_path / "student", teacher=teacher, seed=7, split=split, epochs=1)
    notes: list[str] = []
    alone = shutil.copytree(teacher, tmp_path / "alone")
    config = settings(photos, tmp_path / "other", teacher=alone, seed=7, epochs=1)
    train(config, cache_dir=tmp_path / "cache", stages=silent, note=notes.append)
    assert any("not known here" in note for note in notes)


class TestWhatATeacherKnows:
    """A teacher's labels, as the categories that its student learns."""

    NAMES = ("fruit/apple", "fruit/apple/gala", "fruit/apple/fuji", "fruit/pear", "Drinks/Oat-Milk")

    def answers(self, toy, folder: Path, categories, temperature=1.0):
        bundle = toy.write_toy_bundle(folder, temperature=temperature)
        names = self.NAMES[: len(bundle.categories)]
        config = settings(folder, folder / "run")
        size = bundle.preprocessing.size
        pictures = np.random.default_rng(0).integers(0, 256, (5, size, size, 3), dtype=np.uint8)
        logits = session_of(bundle, engine="onnxruntime").run(pictures).logits
        named = replace(bundle, categories=names)
        return taught_by(named, config, categories, str).answer(pictures), softmax(logits, temperature), names

    def test_the_same_categories_in_another_order_are_its_calibrated_answers(self, toy, tmp_path):
        _, whole, names = self.answers(toy, tmp_path / "a", self.NAMES[:3], temperature=4.0)
        turned, _, _ = self.answers(toy, tmp_path / "b", names[::-1], temperature=4.0)
        assert np.allclose(turned, whole[:, ::-1], atol=1e-6)

    def test_a_wider_category_is_all_under_it_less_what_is_a_category_itself(self, toy, tmp_path):
        wide, whole, _ = self.answers(toy, tmp_path / "a", ["fruit/apple", "fruit/apple/fuji"])
        assert np.allclose(wide[:, 0], whole[:, :2].sum(1), atol=1e-6)
        assert np.allclose(wide[:, 1], whole[:, 2], atol=1e-6)

    def test_names_need_not_be_spelled_alike(self, toy, tmp_path):
        found, whole, _ = self.answers(toy, tmp_path / "a", ["GALA", "fuji"])
        assert np.allclose(found, whole[:, 1:3] / whole[:, 1:3].sum(1, keepdims=True), atol=1e-6)

    def test_one_that_it_does_not_know_is_named(self, toy, tmp_path):
        with pytest.raises(ConfigError, match="does not know plum; it knows fruit/apple"):
            self.answers(toy, tmp_path / "a", ["Gala", "plum"])

    def test_an_answer_that_is_none_is_refused(self, toy, tmp_path):
        bundle = toy.write_toy_bundle(tmp_path / "bundle")
        more = replace(bundle, categories=(*bundle.categories, "more"))
        teacher = taught_by(more, settings(tmp_path, tmp_path / "run"), bundle.categories, str)
        with pytest.raises(ModelError, match="logits of shape"):
            teacher.answer(np.zeros((2, bundle.preprocessing.size, bundle.preprocessing.size, 3), np.uint8))


def test_a_teacher_that_does_not_fit_is_refused_before_anything_is_begun(taught, toy, tmp_path):
    photos, teacher = taught
    other = toy.write_toy_bundle(tmp_path / "bundle").path
    with pytest.raises(ConfigError, match="the teacher does not know apples, pears, plums; it knows "):
        run(photos, tmp_path / "student", teacher=other)
    with pytest.raises(ConfigError, match="made square by 'squash': add --resize squash"):
        run(photos, tmp_path / "student", teacher=teacher, resize="pad")
    with pytest.raises(BundleError, match="nowhere: the teacher is not there"):
        run(photos, tmp_path / "student", teacher=tmp_path / "nowhere")
    assert not (tmp_path / "student").exists()


def test_a_share_needs_a_teacher_and_a_teacher_a_share(taught, tmp_path):
    photos, teacher = taught
    with pytest.raises(ConfigError, match="there is no teacher"):
        settings(photos, tmp_path / "run", teacher_share=0.5)
    with pytest.raises(ConfigError, match="asked for nothing"):
        settings(photos, tmp_path / "run", teacher=teacher, teacher_share=0)


def test_folds_refuse_a_teacher_that_may_have_learned_all_of_them(taught, tmp_path):
    photos, teacher = taught
    config = settings(photos, tmp_path / "folds", teacher=teacher)
    with pytest.raises(ConfigError, match="give each fold a teacher of its own"):
        cross_validate(config, None, cache_dir=tmp_path / "cache", stages=silent, note=str)


def test_photos_are_kept_as_large_as_the_teacher_needs_them(taught, tmp_path, monkeypatch):
    def narrow(num_classes: int, dropout: float) -> DINOv2:
        return DINOv2(num_classes, dropout, depth=1, width=16, heads=2)

    monkeypatch.setitem(SPECS, "dinov2-small", replace(SPECS["dinov2-small"], build=narrow))
    photos, teacher = taught
    small = {"recipe": "dinov2-small", "pretrained": False, "size": 42, "epochs": 1, "augment": "copies"}
    run(photos, tmp_path / "student", teacher=teacher, **small)
    sides = {np.load(file, mmap_mode="r").shape[1] for file in (tmp_path / "cache").rglob("*.npy")}
    # Validation photos as the student's input, and training photos as the teacher's.
    assert sides == {42, 104}


def test_the_card_of_joined_runs_names_the_teacher_of_one(taught, student, tmp_path):
    _, teacher = taught
    joined = join_runs(
        [teacher.parent, student],
        tmp_path / "joined",
        name="both",
        shares=[0.5, 0.5],
        cache_dir=tmp_path / "cache",
        stages=silent,
        note=str,
    ).bundle
    card = (joined.path / "card.md").read_text()
    assert card.count(f"small-cnn ({read_bundle(teacher).id}) has a share of 70% in its targets") == 1


def test_weights_that_have_learned_the_photos_to_measure_on_are_refused(taught):
    photos, teacher = taught
    weights = teacher.parent / "checkpoints" / "best.safetensors"
    dataset = read_dataset(photos)
    theirs = load_split(teacher.parent / "split.json", dataset)
    refuse_weights(weights, dataset, theirs)
    with pytest.raises(ConfigError, match=f"{len(theirs.train)} of the validation and test photos"):
        refuse_weights(weights, dataset, replace(theirs, train=theirs.val, val=(), test=theirs.train))
    refuse_weights(
        photos / "other" / "hub.safetensors", dataset, replace(theirs, train=(), val=(), test=theirs.train)
    )
