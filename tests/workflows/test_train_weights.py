"""Runs that begin with a file of weights: named, or fetched from a model hub."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch")

import torch
from safetensors.torch import save

from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.errors import ConfigError, ModelError, TrainingError
from shelfwise.models import SPECS
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.hub_weights import Hub
from shelfwise.models.spec import HubFile
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.train import RunResult, resume, train


def body(seed: int) -> bytes:
    """The published file of a small DINOv2."""
    torch.manual_seed(seed)
    network = small(1, 0.0)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return save({k: v for k, v in network.state_dict().items() if not k.startswith("head.")})


def small(num_classes: int, dropout: float) -> DINOv2:
    return DINOv2(num_classes, dropout, depth=1, width=16, heads=2)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of weights; the network called ``dinov2-small`` is as small as they are."""
    content = body(1)
    hub = HubFile("shop/small", "main", hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(SPECS, "dinov2-small", replace(SPECS["dinov2-small"], build=small, hub=hub))
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    return path


def settings(data: Path, out: Path, recipe: str = "dinov2-small", **changes: object) -> TrainConfig:
    own = {"data": str(data), "out": str(out), "epochs": 1, "batch_size": 8, "threads": 1, "size": 42}
    given = {key: str(value) if isinstance(value, Path) else value for key, value in changes.items()}
    return load_config(TrainConfig, defaults=recipe_defaults(recipe), flags=own | given)


def silent(name: str):
    return lambda done, total=None, text="": None


def run(config: TrainConfig, hub: Hub | None = None) -> RunResult:
    cache = config.out.parent / "cache"
    return train(config, cache_dir=cache, stages=silent, note=lambda line: None, hub=hub)


def test_a_run_begins_with_the_file_and_its_bundle_tells_origin_and_digest(painted, weights, tmp_path):
    result = run(settings(painted, tmp_path / "run", weights=weights, token_keep=0.5, epochs=3))
    bundle = read_bundle(result.bundle.path)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert bundle.provenance["weights"] == {"source": "model hub shop/small", "sha256": digest}
    assert digest in bundle.card_path.read_text()
    for file in bundle.path.iterdir():
        assert str(weights).encode() not in file.read_bytes()
    assert result.metrics["val"]["accuracy"] >= 0.5


def test_a_run_on_fetched_weights_is_the_same(painted, weights, site, tmp_path):
    site.put("/shop/small/resolve/main/model.safetensors", weights.read_bytes())
    named = run(settings(painted, tmp_path / "named", weights=weights))
    fetched = run(settings(painted, tmp_path / "fetched"), Hub(tmp_path / "kept", site.url))
    first, second = ((each.bundle.path / "model.onnx").read_bytes() for each in (named, fetched))
    assert first == second


def test_weights_in_a_relative_place_are_found_from_elsewhere_and_others_refused(
    painted, weights, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    first = run(settings(painted, tmp_path / "run", weights=Path(weights.name)))
    model = (first.bundle.path / "model.onnx").read_bytes()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = resume(tmp_path / "run", cache_dir=tmp_path / "cache", stages=silent, note=lambda line: None)
    assert (again.bundle.path / "model.onnx").read_bytes() == model

    weights.write_bytes(body(2))
    with pytest.raises(TrainingError, match="other settings"):
        resume(tmp_path / "run", cache_dir=tmp_path / "cache", stages=silent, note=lambda line: None)


@pytest.mark.parametrize(
    ("recipe", "changes", "error", "message"),
    [
        ("dinov2-small", {}, ModelError, "name it with --weights"),
        ("dinov2-small", {"weights": "absent"}, ModelError, "absent: there is no such file"),
        ("dinov2-small", {"size": 225}, ConfigError, "--size 225 is none, 224 or 238 would be"),
        ("dinov2-small", {"size": 9}, ConfigError, "--size 9 is none, 14 would be"),
        ("dinov2-small", {"train_size": 41}, ConfigError, "--train-size 41"),
        ("lite0", {"token_keep": 0.5}, ConfigError, "lite0 does not look at patches"),
        ("tiny-vit-5m", {"token_keep": 0.5}, ConfigError, "leave --token-keep out"),
        ("lite0", {"weights": "w.safetensors"}, ModelError, "leave --weights out"),
        ("small-cnn", {"size": None, "weights": "w"}, ModelError, "has no pretrained weights"),
    ],
)
def test_settings_that_the_network_cannot_have_are_refused_before_anything_is_made(
    recipe, changes, error, message, painted, weights, tmp_path
):
    if "size" in changes and changes["size"] is None:
        config = settings(painted, tmp_path / "run", recipe, **changes).model_copy(update={"size": None})
    else:
        config = settings(painted, tmp_path / "run", recipe, **changes)
    with pytest.raises(error, match=message):
        run(config)
    assert not (tmp_path / "run").exists()


def test_weights_without_pretraining_make_no_sense(painted, tmp_path):
    with pytest.raises(ConfigError, match="weights names w, but pretrained is off"):
        settings(painted, tmp_path / "run", weights="w", pretrained=False)


@pytest.mark.parametrize("share", [0, 1.01])
def test_an_impossible_share_of_patches_is_refused(share, painted, tmp_path):
    with pytest.raises(ConfigError, match="--token-keep"):
        settings(painted, tmp_path / "run", token_keep=share)


def test_without_pretraining_no_file_is_needed(painted, weights, tmp_path):
    result = run(settings(painted, tmp_path / "run", pretrained=False))
    assert result.bundle.provenance["weights"] is None
