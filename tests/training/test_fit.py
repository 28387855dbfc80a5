from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network, get_spec
from shelfwise.training.balance import plan_epoch
from shelfwise.training.batches import Part
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.training.fit import FitResult, TrainingData, fit

CATEGORIES = ("red", "green", "blue")
RECIPES = [("small-cnn", 104, 3e-3), ("lite0", 32, 1e-5)]
"""Recipe, size, and what counts as rounding: little beside what another draw of the variations changes."""


def part(count: int, size: int, seed: int) -> Part:
    """Photos of noise, each with a patch of its category's colour."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 3
    images = random.integers(0, 120, (count, size, size, 3), dtype=np.uint8)
    images[np.arange(count), : size // 2, : size // 2, labels] += 80
    return Part(images, labels)


def run(folder: Path, recipe: str, size: int, **changes: object) -> FitResult:
    """Two epochs with all that is drawn at random: order, variations, mixing, dropout."""
    settings = {
        **recipe_defaults(recipe),
        "data": "photos",
        "epochs": 2,
        "batch_size": 8,
        "precision": "fp32",
        "threads": 1,
        "device": "cpu",
        # A fitted head would answer so well that epoch 0, before all training, is the one to keep.
        "head_first": False,
        "erase": 0.5,
        "mixup": 0.2,
        "cutmix": 1.0,
        **changes,
    }
    config = TrainConfig(**settings)
    spec = get_spec(recipe)
    train, validation = part(24, size + 8, 1), part(12, size, 2)
    plan = plan_epoch(train.labels, 3, balance=False, augment="all", seed=config.seed)
    data = TrainingData(train, validation, plan, CATEGORIES)
    folder.mkdir(exist_ok=True)
    return fit(
        config,
        spec,
        Preprocessing(size, mean=spec.mean, std=spec.std),
        data,
        folder,
        "fingerprint",
        lambda name: lambda done, total=None, text="": None,
    )


def change(first: FitResult, second: FitResult) -> float:
    """How far all weights together lie apart, relative to their length."""
    ours, theirs = (
        torch.cat([v.cpu().flatten() for v in each.network.state_dict().values() if v.is_floating_point()])
        for each in (first, second)
    )
    return float((theirs - ours).norm() / ours.norm())


def without_onednn(folder: Path, recipe: str, size: int) -> FitResult:
    """PyTorch's own convolutions instead of oneDNN's: other rounding on the same processor."""
    with torch.backends.mkldnn.flags(enabled=False):
        return run(folder, recipe, size)


def on_a_gpu(folder: Path, recipe: str, size: int) -> FitResult:
    return run(folder, recipe, size, device="cuda")


@pytest.mark.filterwarnings("ignore:TF32 acceleration:UserWarning")  # of oneDNN's switch itself
@pytest.mark.parametrize(("recipe", "size", "rounding"), RECIPES)
@pytest.mark.parametrize(
    "otherwise",
    [
        without_onednn,
        pytest.param(
            on_a_gpu, marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU here")
        ),
    ],
)
def test_other_arithmetic_gives_the_same_result_within_rounding(otherwise, recipe, size, rounding, tmp_path):
    first = run(tmp_path / "here", recipe, size)
    second = otherwise(tmp_path / "there", recipe, size)
    assert [r.epoch for r in second.history] == [r.epoch for r in first.history]
    for ours, theirs in zip(first.history, second.history, strict=True):
        assert theirs.train_loss == pytest.approx(ours.train_loss, rel=2e-3, nan_ok=True)
        assert theirs.val_loss == pytest.approx(ours.val_loss, rel=2e-3)
    assert change(first, second) < rounding


@pytest.mark.parametrize(("recipe", "size", "rounding"), RECIPES)
def test_another_draw_of_the_variations_is_no_rounding(recipe, size, rounding, tmp_path):
    first = run(tmp_path / "one", recipe, size)
    second = run(tmp_path / "two", recipe, size, flip=False)
    assert second.history[-1].train_loss != pytest.approx(first.history[-1].train_loss, rel=2e-3)
    assert change(first, second) > 5 * rounding


def test_without_an_epoch_the_head_is_fitted_and_the_body_stays(tmp_path):
    done = run(tmp_path / "head", "lite0", 32, epochs=0, head_first=True)
    assert [record.epoch for record in done.history] == [0]
    assert done.history[0].val_accuracy > 0.5  # of three categories
    torch.manual_seed(TrainConfig.model_fields["seed"].default)
    fresh = build_network(get_spec("lite0"), 3, dropout=0.0).state_dict()
    kept = done.network.state_dict()
    assert all(torch.equal(kept[name], fresh[name]) for name in fresh if not name.startswith("head."))


def test_a_head_alone_is_not_trained_again_when_the_run_goes_on(tmp_path, monkeypatch):
    first = run(tmp_path / "head", "lite0", 32, epochs=0, head_first=True)
    monkeypatch.setattr("shelfwise.training.fit.fit_head", None)  # calling it would fail
    again = run(tmp_path / "head", "lite0", 32, epochs=0, head_first=True)
    assert [r.to_dict() for r in again.history] == [
        pytest.approx(r.to_dict(), nan_ok=True) for r in first.history
    ]
