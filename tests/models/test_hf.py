import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from shelfwise.errors import ModelError
from shelfwise.models import build_network, get_spec, weights_info
from shelfwise.models.export import export_onnx

pytestmark = pytest.mark.usefixtures("quick_exports")

transformers = pytest.importorskip("transformers", reason="transformers (the extra hf) is not installed")

TINY = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}


def vit(**options: Any) -> torch.nn.Module:
    config = transformers.ViTConfig(**TINY, image_size=32, patch_size=8)
    model: torch.nn.Module = transformers.ViTModel(config, **options)
    return model


def convnext() -> torch.nn.Module:
    config = transformers.ConvNextConfig(hidden_sizes=[8, 8, 16, 24], depths=[1, 1, 2, 1])
    model: torch.nn.Module = transformers.ConvNextModel(config)
    return model


def dinov2() -> torch.nn.Module:
    config = transformers.Dinov2Config(**TINY, image_size=32, patch_size=8)
    model: torch.nn.Module = transformers.Dinov2Model(config)
    return model


def siglip() -> torch.nn.Module:
    text = TINY | {"vocab_size": 8, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    picture = TINY | {"image_size": 32, "patch_size": 8}
    config = transformers.SiglipConfig(text_config=text, vision_config=picture)
    model: torch.nn.Module = transformers.SiglipModel(config)
    return model


@pytest.fixture
def save(tmp_path: Path) -> Callable[[torch.nn.Module], str]:
    """Saves a model as its authors would; gives its name as a backbone."""

    def write(model: Any) -> str:
        model.save_pretrained(tmp_path)
        settings = {
            "size": {"height": 32, "width": 32},
            "image_mean": [0.5, 0.4, 0.3],
            "image_std": [0.2] * 3,
        }
        (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
        return f"hf:{tmp_path}"

    return write


Save = Callable[[torch.nn.Module], str]


@pytest.mark.parametrize(
    ("make", "features", "stages"), [(vit, 16, 5), (convnext, 24, 6), (dinov2, 16, 5), (siglip, 16, 5)]
)
def test_a_saved_model_becomes_a_network(
    make: Callable[[], torch.nn.Module], features: int, stages: int, save: Save
) -> None:
    model: Any = make().eval()
    name = save(model)
    network = build_network(name, 4).eval()
    assert (network.feature_size, network.num_classes) == (features, 4)
    pictures = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        pooled = getattr(model, "vision_model", model)(pixel_values=pictures).pooler_output
        torch.testing.assert_close(network.features(pictures), pooled)
        assert network(pictures).shape == (2, 4)

    assert len(network.stages()) == stages
    in_stages = [id(parameter) for stage in network.stages() for parameter in stage.parameters()]
    in_head = [id(parameter) for parameter in network.head.parameters()]
    assert sorted(in_stages + in_head) == sorted(id(parameter) for parameter in network.parameters())


def test_the_spec_tells_size_normalisation_and_digest(save: Save) -> None:
    name = save(vit())
    spec = get_spec(name)
    assert (spec.name, spec.input_size, spec.mean, spec.std) == (name, 32, (0.5, 0.4, 0.3), (0.2, 0.2, 0.2))
    weights = weights_info(name)
    assert weights is not None and len(weights.sha256) == 64


def test_a_pooler_that_no_checkpoint_holds_is_left_out(save: Save) -> None:
    model: Any = vit(add_pooling_layer=False).eval()
    network = build_network(save(model), 4).eval()
    assert not any("pooler" in name for name, _ in network.named_parameters())
    pictures = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        tokens = model(pixel_values=pictures).last_hidden_state
        torch.testing.assert_close(network.features(pictures), tokens.mean(1))


def test_without_pretraining_the_weights_are_random(save: Save) -> None:
    name = save(dinov2())
    plain, pretrained = (build_network(name, 4, pretrained=choice).state_dict() for choice in (False, True))
    assert plain.keys() == pretrained.keys()
    key = "body.embeddings.position_embeddings"
    assert not torch.equal(plain[key], pretrained[key])


@pytest.mark.parametrize(("make", "size"), [(vit, 32), (siglip, 48), (convnext, 40)])
def test_the_exported_graph_answers_alike_at_any_size(
    make: Callable[[], torch.nn.Module], size: int, save: Save
) -> None:
    network = build_network(save(make()), 4).eval()
    how = type("How", (), {"size": size, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.2)})
    session = onnxruntime.InferenceSession(export_onnx(network, how()))
    images = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), dtype=np.uint8)
    logits, embedding = session.run(["logits", "embedding"], {"images": images})
    values = (images.astype(np.float64) / 255 - (0.5, 0.4, 0.3)) / 0.2
    pictures = torch.from_numpy(values).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        np.testing.assert_allclose(logits, network(pictures), atol=1e-4)
        np.testing.assert_allclose(embedding, network.features(pictures), atol=1e-4)


def test_loading_says_nothing_and_changes_no_setting(save: Save, capfd: pytest.CaptureFixture[str]) -> None:
    name = save(dinov2())
    logging = transformers.utils.logging
    before = (logging.get_verbosity(), logging.is_progress_bar_enabled())
    capfd.readouterr()
    build_network(name, 4)
    assert capfd.readouterr() == ("", "")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_incomplete_weights_are_refused(save: Save, tmp_path: Path) -> None:
    name = save(dinov2())
    larger = transformers.Dinov2Config(**TINY | {"num_hidden_layers": 4}, image_size=32, patch_size=8)
    larger.save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="weights' file lacks"):
        build_network(name, 4)


@pytest.mark.parametrize("config", ["{}", "{", '{"model_type": "no-such-type"}'])
def test_a_model_that_transformers_does_not_know_is_refused(config: str, save: Save, tmp_path: Path) -> None:
    name = save(vit())
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(ModelError, match="cannot be loaded"):
        build_network(name, 4)


def test_pickled_weights_are_not_loaded(save: Save, tmp_path: Path) -> None:
    name = save(dinov2())
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        build_network(name, 4)
