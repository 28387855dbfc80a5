"""Whole runs on networks that are not our own, saved to disk as a hub would deliver them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch")
transformers = pytest.importorskip("transformers", reason="transformers (the extra hf) is not installed")

import torch

from shelfwise.bundle import read_bundle
from shelfwise.config import load_config
from shelfwise.errors import TrainingError
from shelfwise.training.config import TrainConfig, recipe_defaults
from shelfwise.workflows.train import RunResult, resume, train

TINY = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}


def dinov2() -> torch.nn.Module:
    config = transformers.Dinov2Config(**TINY, image_size=32, patch_size=8)
    return transformers.Dinov2Model(config)


def siglip() -> torch.nn.Module:
    text = TINY | {"intermediate_size": 32, "vocab_size": 8, "bos_token_id": 1, "eos_token_id": 2}
    picture = TINY | {"intermediate_size": 32, "image_size": 32, "patch_size": 8}
    return transformers.SiglipModel(transformers.SiglipConfig(text_config=text, vision_config=picture))


def convnext() -> torch.nn.Module:
    config = transformers.ConvNextConfig(hidden_sizes=[8, 8, 16, 24], depths=[1, 1, 2, 1])
    return transformers.ConvNextModel(config)


def save(model: torch.nn.Module, folder: Path) -> str:
    """Save a model as its authors would; its name as a backbone."""
    model.save_pretrained(folder)
    settings = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return f"hf:{folder}"


def settings(data: Path, out: Path, backbone: str, **changes: object) -> TrainConfig:
    flags = {
        "data": str(data),
        "out": str(out),
        "backbone": backbone,
        "batch_size": 8,
        "threads": 1,
        **changes,
    }
    return load_config(TrainConfig, defaults=recipe_defaults("hf"), flags=flags)


def silent(name: str):
    return lambda done, total=None, text="": None


def run(config: TrainConfig, cache: Path) -> RunResult:
    return train(config, cache_dir=cache, stages=silent, note=lambda line: None)


SERVE = """
import sys, shelfwise
predictions = shelfwise.load(sys.argv[1]).classify(sys.argv[2:])
assert not {"torch", "transformers"} & set(sys.modules)
print(*(p.category for p in predictions))
"""


@pytest.mark.parametrize("make", [dinov2, siglip, convnext])
def test_a_saved_model_is_trained_and_its_bundle_serves_without_torch(make, painted, tmp_path):
    torch.manual_seed(0)
    backbone = save(make(), tmp_path / "model")
    result = run(settings(painted, tmp_path / "run", backbone, epochs=8, lr=5e-3), tmp_path / "cache")
    assert result.metrics["val"]["accuracy"] >= 0.8

    photos = sorted(painted.rglob("*.png"))
    program = [sys.executable, "-c", SERVE, str(result.bundle.path), *map(str, photos)]
    answers = subprocess.run(program, check=True, timeout=120, capture_output=True, text=True).stdout.split()
    right = sum(answer == photo.parent.name for answer, photo in zip(answers, photos, strict=True))
    assert right >= 0.8 * len(photos)


def test_the_bundle_tells_the_model_but_not_where_it_lay(painted, tmp_path):
    backbone = save(dinov2(), tmp_path / "model")
    result = run(settings(painted, tmp_path / "run", backbone, epochs=1), tmp_path / "cache")
    bundle = read_bundle(result.bundle.path)
    assert bundle.name == "hf:model"
    assert bundle.provenance["weights"]["source"] == "hf:model"
    for file in [*result.bundle.path.iterdir(), result.report]:
        assert str(tmp_path / "model").encode() not in file.read_bytes()


def test_a_run_that_was_cut_off_ends_in_the_same_bits(painted, tmp_path, power_failure):
    backbone = save(dinov2(), tmp_path / "model")
    whole = run(settings(painted, tmp_path / "whole", backbone, epochs=3), tmp_path / "cache")

    config = settings(painted, tmp_path / "broken", backbone, epochs=3)
    with power_failure():
        run(config, tmp_path / "cache")
    resumed = resume(tmp_path / "broken", cache_dir=tmp_path / "cache", stages=silent, note=lambda line: None)
    assert (resumed.bundle.path / "model.onnx").read_bytes() == (
        whole.bundle.path / "model.onnx"
    ).read_bytes()
    assert (tmp_path / "broken" / "history.csv").read_bytes() == (
        tmp_path / "whole" / "history.csv"
    ).read_bytes()


def test_a_model_in_a_relative_folder_is_gone_on_with_from_elsewhere(painted, tmp_path, monkeypatch):
    save(dinov2(), tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    first = run(settings(painted, tmp_path / "run", "hf:model", epochs=1), tmp_path / "cache")
    bundle = (first.bundle.path / "model.onnx").read_bytes()
    (tmp_path / "run" / "finished.json").unlink()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = resume(tmp_path / "run", cache_dir=tmp_path / "cache", stages=silent, note=lambda line: None)
    assert (again.bundle.path / "model.onnx").read_bytes() == bundle

    torch.manual_seed(9)
    save(dinov2(), tmp_path / "model")
    with pytest.raises(TrainingError, match="other settings"):
        resume(tmp_path / "run", cache_dir=tmp_path / "cache", stages=silent, note=lambda line: None)
