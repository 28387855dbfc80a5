from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from shelfwise.errors import ModelError
from shelfwise.models import build_network, get_spec, with_weights
from shelfwise.models.dinov2 import DINOv2, keep_random
from shelfwise.models.export import export_onnx

pytestmark = pytest.mark.usefixtures("quick_exports")


def small() -> DINOv2:
    """Two narrow blocks, with weights that make each layer matter."""
    network = DINOv2(4, depth=2, width=16, heads=2).eval()
    for name, parameter in network.named_parameters():
        if parameter.ndim == 1 or "embed" in name:
            torch.nn.init.normal_(parameter, std=0.5)
    return network


def test_it_has_the_published_number_of_parameters() -> None:
    body = sum(p.numel() for stage in DINOv2(1).stages() for p in stage.parameters())
    assert body == 22_056_576 - 384  # the mask token is of the pretraining only


@pytest.mark.parametrize(("height", "width"), [(225, 224), (28, 27), (13, 13)])
def test_sides_that_are_no_multiple_of_a_patch_are_refused(height: int, width: int) -> None:
    with pytest.raises(ModelError, match=f"multiples of 14 pixels, not {height}×{width}"):
        small().features(torch.zeros(1, 3, height, width))


@pytest.mark.parametrize("size", [56, 518])
def test_settling_changes_no_answer(size: int) -> None:
    network, pictures = small(), torch.randn(1, 3, size, size)
    with torch.no_grad():
        before = network.features(pictures)
        network.settle(size)
        torch.testing.assert_close(network.features(pictures), before, atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [42, 70])
def test_the_exported_graph_answers_alike_for_any_batch_and_resizes_nothing(size: int) -> None:
    network, spec = small(), get_spec("dinov2-small")
    content = export_onnx(network, SimpleNamespace(size=size, mean=spec.mean, std=spec.std))
    session = onnxruntime.InferenceSession(content)
    for count in (1, 3):
        images = np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        values = torch.from_numpy((images / 255 - spec.mean) / spec.std).float().permute(0, 3, 1, 2)
        with torch.no_grad():
            expected = network.features(values)
        (embedding,) = session.run(["embedding"], {"images": images})
        np.testing.assert_allclose(embedding, expected, atol=1e-4)
    kinds = Counter(node.op_type for node in onnx.load_from_string(content).graph.node)
    assert not kinds["Resize"]
    assert (kinds["Softmax"], kinds["LayerNormalization"]) == (2, 5)
    assert kinds["MatMul"] == 2 * (6 + 2)


def test_tokens_are_left_out_in_training_only() -> None:
    network, pictures = small(), torch.randn(2, 3, 56, 56)
    network.keep_tokens(0.5)
    lengths: list[int] = []
    network.blocks[0].register_forward_hook(lambda _, inputs, __: lengths.append(inputs[0].shape[1]))
    with torch.no_grad():
        assert torch.equal(network.features(pictures), network.features(pictures))
        network.train()
        first, second = network.features(pictures), network.features(pictures)
    assert lengths == [17, 17, 9, 9]
    assert not torch.equal(first, second)


def test_each_picture_keeps_tokens_of_its_own_in_their_order() -> None:
    tokens = torch.arange(101.0).view(1, 101, 1).expand(3, 101, 2)
    kept = keep_random(tokens, 0.3)
    assert kept.shape == (3, 31, 2)
    for picture in kept[..., 0]:
        assert picture[0] == 0
        assert bool((picture.diff() > 0).all())
    assert not torch.equal(kept[0], kept[1])
    assert keep_random(tokens, 0.001).shape == (3, 2, 2)


@pytest.mark.parametrize("share", [0.0, -0.5, 1.5, float("nan")])
def test_an_impossible_share_is_refused(share: float) -> None:
    with pytest.raises(ModelError, match="share of patch tokens"):
        small().keep_tokens(share)


def test_a_network_without_patches_keeps_none() -> None:
    network = build_network("small-cnn", 3)
    network.keep_tokens(1.0)
    with pytest.raises(ModelError, match=r"SmallCNN has no patches of which it could keep 0\.5"):
        network.keep_tokens(0.5)


def test_places_are_frozen_with_the_patches() -> None:
    network = small()
    network.freeze_stages(1)
    assert not network.embed.pos_embed.requires_grad
    assert not network.embed.cls_token.requires_grad
    assert all(p.requires_grad for p in network.blocks.parameters())


@pytest.mark.realweights
def test_the_published_weights_give_the_published_features(real_weights: Path) -> None:
    spec = with_weights(get_spec("dinov2-small"), real_weights / "dinov2_vits14.safetensors")
    assert spec.weights is not None
    assert spec.weights().source.startswith("model hub timm/vit_small_patch14_dinov2.lvd142m")
    oracle = np.load(real_weights / "dinov2_vits14.oracle.npz")
    values = torch.from_numpy((oracle["images"] / 255 - spec.mean) / spec.std).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        features = build_network(spec, 3).eval().features(values).numpy()
    expected = np.concatenate([oracle["cls"], oracle["patch_mean"]], axis=1)
    np.testing.assert_allclose(features, expected, atol=1e-3)
