from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch")

from PIL import Image

import shelfwise
from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.hierarchy import Hierarchy
from shelfwise.inference.classifier import softmax
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.decide import _logits, observing
from shelfwise.workflows.evaluate import SampleResult, evaluate
from shelfwise.workflows.train import RunResult, train

PRECISION = 0.9


def paint(folder: Path, per_category: int) -> Path:
    """Photos in a hierarchy: two colours of fruit, one of tea."""
    random = np.random.default_rng(0)
    for channel, name in enumerate(("fruit/apple", "fruit/pear", "drinks/tea")):
        (folder / name).mkdir(parents=True)
        for number in range(per_category):
            pixels = random.integers(0, 60, (40, 40, 3), dtype=np.uint8)
            pixels[..., channel] += random.integers(120, 190, dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def run(
    quickly: Callable[..., AbstractContextManager[None]], tmp_path_factory: pytest.TempPathFactory
) -> RunResult:
    folder = tmp_path_factory.mktemp("decide")
    flags = {
        "data": str(paint(folder / "photos", 40)),
        "out": str(folder / "run"),
        "epochs": 14,
        "batch_size": 8,
        "threads": 1,
        "lr": 0.005,
        "val_fraction": 0.5,
        "train_fraction": 0.4,
        # Sixty validation photos can promise this much; 98 % would want 133.
        "accept_precision": PRECISION,
    }
    config = load_config(TrainConfig, defaults=recipe_defaults("small-cnn"), flags=flags)
    with quickly():
        return train(config, cache_dir=folder / "cache", stages=lambda name: lambda *_: None, note=str)


def test_training_leaves_a_rule_in_the_bundle_and_its_figures_everywhere(run: RunResult) -> None:
    bundle = read_bundle(run.bundle.path)
    assert bundle.decision is not None
    assert bundle.decision.precision == PRECISION
    assert set(bundle.decision.thresholds) == {"fruit", "drinks", "fruit/apple", "fruit/pear", "drinks/tea"}
    assert set(bundle.reference()) == {"whiten", "means", "background", "background_mean", "usual", "spread"}
    for part in ("test", "val"):
        assert bundle.metrics[part]["accepted_coverage"] > 0.5
        assert bundle.metrics[part]["accepted_precision"] > 0.9
    assert "precision of accepted" in bundle.card_path.read_text()
    assert "## Answers" in bundle.card_path.read_text()
    page = run.report.read_text()
    assert 'id="answers"' in page
    assert (run.report.parent / "precision-coverage.png").exists()


def test_the_classifier_accepts_what_it_knows_and_not_what_it_does_not(
    run: RunResult, tmp_path: Path
) -> None:
    photos = run.folder.parent / "photos"
    known = shelfwise.load(run.bundle.path).classify(sorted(photos.rglob("*.png")))
    answers = [each.decision.answer for each in known]
    assert answers.count("accept") > len(answers) / 2
    assert all(
        each.decision.node in each.decision.node and each.decision.probability >= 0.5
        for each in known
        if each.decision.answer == "accept"
    )
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 255
    (strange,) = shelfwise.load(run.bundle.path).classify([stripes])
    assert strange.decision.novelty > max(each.decision.novelty for each in known)
    assert strange.decision.answer == "unknown"


def test_evaluate_tells_answers_and_how_well_unknown_photos_are_told_apart(
    run: RunResult, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    for number in range(6):
        Image.fromarray(random.integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    measured = evaluate(
        run.bundle.path,
        run.folder.parent / "photos",
        split=run.folder / "split.json",
        unknown=tmp_path,
        note=str,
    )
    assert measured.result.decisions is not None
    assert measured.unknown is not None
    assert (measured.unknown.photos, measured.unknown.failed) == (6, 1)
    assert measured.unknown.auroc > 0.9
    assert measured.unknown.accepted == 0
    values = measured.to_dict()
    assert values["unknown_photos"]["auroc"] == measured.unknown.auroc
    assert values["decisions"]["target"] == PRECISION


def test_the_observing_rule_tells_the_logits(toy, tmp_path: Path) -> None:
    logits = np.array([3.0, -1.5, 0.25], np.float32)
    bundle = toy.write_toy_bundle(
        tmp_path / "bundle", decision=observing(Hierarchy.from_categories(toy.COLOURS)).rule
    )
    # Fitting looks through this engine alone.
    classifier = shelfwise.load(bundle.path, engine="onnxruntime")
    (prediction,) = classifier.classify([np.full((8, 8, 3), (255, 51, 0), np.uint8)])
    assert prediction.decision.answer == "ask"
    result = SampleResult(tmp_path, "", 0, prediction.probabilities, decision=prediction.decision)
    assert np.allclose(_logits(result), [10.0, 2.0, 0.0], atol=1e-3)
    assert np.allclose(softmax(_logits(result)), prediction.probabilities, atol=1e-6)
    assert logits.dtype == _logits(result).dtype
