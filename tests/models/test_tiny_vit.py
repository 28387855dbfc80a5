from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch.nn import functional

from shelfwise.models import build_network, get_spec, with_weights
from shelfwise.models.export import export_onnx
from shelfwise.models.tiny_vit import TinyViT


def shallow() -> TinyViT:
    """All kinds of layers once, with weights that make each of them matter."""
    network = TinyViT(4, depths=(1, 1, 1, 1)).eval()
    for name, parameter in network.named_parameters():
        if "attention_biases" in name or name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.5)
    return network


def test_it_has_the_published_number_of_parameters() -> None:
    body = sum(p.numel() for stage in TinyViT(1).stages() for p in stage.parameters())
    assert body == 5_066_836


def test_attention_in_windows_is_that_of_each_window_alone() -> None:
    block = shallow().layers[1].blocks[0]
    x = torch.randn(1, 14, 21, 128)
    with torch.no_grad():
        whole = block._attend(x)
        for top in (0, 7):
            for left in (0, 7, 14):
                window = x[:, top : top + 7, left : left + 7].reshape(1, 49, 128)
                alone = block.attn(window).reshape(1, 7, 7, 128)
                torch.testing.assert_close(whole[:, top : top + 7, left : left + 7], alone)


def test_the_bias_is_that_of_the_distance_between_two_places() -> None:
    attention = shallow().layers[1].blocks[0].attn
    bias = attention.attention_biases[:, attention.places]
    table = attention.attention_biases.reshape(-1, 7, 7)
    for first, second in ((0, 48), (8, 22), (13, 13), (20, 6)):
        rows, columns = abs(first // 7 - second // 7), abs(first % 7 - second % 7)
        assert torch.equal(bias[:, first, second], table[:, rows, columns])


@pytest.mark.parametrize("size", [64, 112])
def test_settling_changes_no_answer(size: int) -> None:
    network, pictures = shallow(), torch.randn(2, 3, size, size)
    with torch.no_grad():
        before = network.features(pictures)
        network.settle(size)
        torch.testing.assert_close(network.features(pictures), before, atol=1e-4, rtol=0)


SIZE = 72  # the sides within are no multiples of a window
SPEC = get_spec("tiny-vit-5m")


@pytest.fixture(scope="module")
def exported(quickly: Callable[..., AbstractContextManager[None]]) -> tuple[TinyViT, bytes]:
    """A network and its graph."""
    network = shallow()
    with quickly(plots=True):
        return network, export_onnx(network, SimpleNamespace(size=SIZE, mean=SPEC.mean, std=SPEC.std))


@pytest.mark.parametrize("count", [1, 3])
def test_the_exported_graph_answers_alike_for_any_batch(count: int, exported: tuple[TinyViT, bytes]) -> None:
    network, content = exported
    session = onnxruntime.InferenceSession(content)
    images = np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)
    values = torch.from_numpy((images / 255 - SPEC.mean) / SPEC.std).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = network.features(values)
    (embedding,) = session.run(["embedding"], {"images": images})
    np.testing.assert_allclose(embedding, expected, atol=1e-4)


def test_the_exported_graph_is_lean(exported: tuple[TinyViT, bytes], tmp_path: Path) -> None:
    kinds = Counter(node.op_type for node in onnx.load_from_string(exported[1]).graph.node)
    assert not {"Gather", "GatherND", "Shape", "BatchNormalization"} & kinds.keys()
    assert (kinds["LayerNormalization"], kinds["Softmax"]) == (3 * 2 + 1, 3)

    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(exported[1], options)
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "optimised.onnx").graph.node)
    # The first convolutions, an inverted bottleneck, three times a halving and a perceptron.
    assert not kinds["Erf"]
    assert kinds["Gelu"] + kinds["BiasGelu"] == 1 + 3 + 3 * 2 + 3


def test_it_learns_in_bf16_and_in_channels_last() -> None:
    network = shallow().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(torch.randn(2, 3, 64, 64).contiguous(memory_format=torch.channels_last))
    functional.cross_entropy(logits.float(), torch.tensor([0, 1])).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in network.parameters())


@pytest.mark.realweights
def test_the_published_weights_give_the_published_features(real_weights: Path) -> None:
    spec = with_weights(get_spec("tiny-vit-5m"), real_weights / "tiny_vit_5m_224_in22k.safetensors")
    assert spec.weights is not None
    assert spec.weights().source.startswith("model hub timm/tiny_vit_5m_224.dist_in22k, batch norms folded")
    oracle = np.load(real_weights / "tiny_vit_5m_224_in22k.oracle.npz")
    values = torch.from_numpy((oracle["images"] / 255 - spec.mean) / spec.std).float().permute(0, 3, 1, 2)
    with torch.no_grad():
        features = build_network(spec, 3).eval().features(values).numpy()
    # The file's weights are rounded to half precision after folding, the oracle's are not: rounding them once
    # more changes the features as much.
    assert np.abs(features - oracle["features"]).max() < 0.02
    assert np.abs(features - oracle["features"]).mean() < 0.005
    assert np.sqrt(np.square(oracle["features"]).mean()) > 0.15
