from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from shelfwise.errors import ConfigError, ModelError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.inference.engines import open_session
from shelfwise.models import build_network
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.export import export_onnx
from shelfwise.models.quantise import is_transformer, quantise, settle

SIZES = {"small-cnn": 104, "vit": 56}


def pictures(size, count=6):
    """Smooth colours, as photos have."""
    random = np.random.default_rng(0)
    small = torch.from_numpy(random.integers(0, 256, (count, 3, 4, 4)).astype(np.float32))
    large = torch.nn.functional.interpolate(small, (size, size), mode="bilinear")
    return large.permute(0, 2, 3, 1).numpy().astype(np.uint8)


@pytest.fixture(scope="module")
def graphs(quickly):
    torch.manual_seed(0)
    networks = {
        "small-cnn": build_network("small-cnn", 5),
        "vit": DINOv2(5, depth=2, width=64, heads=2),
    }
    made = {}
    for name, network in networks.items():
        torch.nn.init.normal_(network.head.dense.weight, std=0.3)
        how = Preprocessing(SIZES[name], mean=(0.5,) * 3, std=(0.3,) * 3)
        with quickly(plots=True):
            made[name] = export_onnx(network.eval(), how)
    return made


def kinds(content):
    return Counter(node.op_type for node in onnx.load_from_string(content).graph.node)


@pytest.mark.parametrize(("name", "calibration"), [("small-cnn", "auto"), ("vit", "auto"), ("vit", "minmax")])
def test_int8_answers_nearly_as_float32_does(graphs, name, calibration, capfd):
    images = pictures(SIZES[name])
    small = quantise(graphs[name], images, calibration=calibration)
    assert kinds(small)["QuantizeLinear"] > 0
    expected = open_session(graphs[name], engine="onnxruntime").run(images).logits
    found = open_session(small, engine="onnxruntime").run(images).logits
    assert np.abs(found - expected).max() < 0.2 * (expected.max() - expected.min())
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
    assert capfd.readouterr() == ("", "")


def test_weights_are_int8_per_channel(graphs):
    small = quantise(graphs["vit"], pictures(56), calibration="minmax")
    weights = [
        each
        for each in onnx.load_from_string(small).graph.initializer
        if each.data_type == 3 and len(each.dims) == 2
    ]
    assert len(weights) >= 9  # four products a block, and the head
    scales = {each.name: each for each in onnx.load_from_string(small).graph.initializer}
    for weight in weights:
        scale = scales[weight.name.removesuffix("_quantized") + "_scale"]
        assert next(iter(scale.dims)) in weight.dims


@pytest.mark.parametrize("calibration", ["minmax", "smooth"])
def test_a_transformers_attention_stays_in_float32(graphs, calibration):
    original, small = (
        onnx.load_from_string(graphs["vit"]),
        onnx.load_from_string(quantise(graphs["vit"], pictures(56), calibration=calibration)),
    )
    assert is_transformer(original) and not is_transformer(onnx.load_from_string(graphs["small-cnn"]))
    made_by = {name: node.op_type for node in small.graph.node for name in node.output}
    for node in small.graph.node:
        if node.op_type in ("Softmax", "LayerNormalization", "Erf", "Conv"):
            assert not any(made_by.get(name) == "DequantizeLinear" for name in node.input), node.op_type


def test_what_is_excluded_stays_in_float32(graphs):
    images = pictures(104)
    small = onnx.load_from_string(quantise(graphs["small-cnn"], images, exclude=["Conv"]))
    int8 = [
        each
        for each in small.graph.initializer
        if each.data_type == onnx.TensorProto.INT8 and len(each.dims) == 4
    ]
    assert not int8
    with pytest.raises(ConfigError, match="nothing in the network is called 'Convolution'"):
        quantise(graphs["small-cnn"], images, exclude=["Convolution"])


@pytest.mark.parametrize("calibration", ["minmax", "smooth"])
def test_excluding_all_is_refused(graphs, calibration):
    with pytest.raises(ConfigError, match="nothing is left to quantise"):
        quantise(graphs["vit"], pictures(56), calibration=calibration, exclude=["MatMul", "Gemm"])


@pytest.mark.parametrize("calibration", ["percentile", "entropy"])
def test_other_calibrations(graphs, calibration, capfd):
    images, told = pictures(56), []
    small = quantise(
        graphs["vit"],
        images,
        calibration=calibration,
        progress=lambda done, total: told.append((done, total)),
    )
    assert small != quantise(graphs["vit"], images, calibration="minmax")
    assert onnxruntime.InferenceSession(small).run(["logits"], {"images": images})[0].shape == (6, 5)
    assert told == [(4, 6), (6, 6)]
    assert capfd.readouterr() == ("", "")


def test_a_transformer_is_smoothed_and_another_network_is_not(graphs):
    assert settle(graphs["vit"], "auto") == "smooth"
    assert settle(graphs["small-cnn"], "auto") == "minmax"
    assert settle(graphs["vit"], "minmax") == "minmax"
    assert quantise(graphs["vit"], pictures(56)) == quantise(
        graphs["vit"], pictures(56), calibration="smooth"
    )
    for refusing in (settle, lambda graph, how: quantise(graph, pictures(104), calibration=how)):
        with pytest.raises(ConfigError, match=r"smooth is for transformers.* take auto, minmax"):
            refusing(graphs["small-cnn"], "smooth")


def test_wrong_input_is_refused(graphs):
    with pytest.raises(ConfigError, match="at least one photo"):
        quantise(graphs["vit"], pictures(56)[:0])
    with pytest.raises(ConfigError, match="no calibration is called 'guess'"):
        quantise(graphs["vit"], pictures(56), calibration="guess")
    with pytest.raises(ModelError, match="not an ONNX network"):
        quantise(b"not a network", pictures(56))


@pytest.mark.parametrize("calibration", ["minmax", "smooth"])
def test_the_file_names_nothing_of_the_machine(graphs, calibration):
    small = quantise(graphs["vit"], pictures(56), calibration=calibration)
    assert b"/tmp" not in small and b"onnx.quantize" not in small
    assert onnx.load_from_string(small).producer_name == "shelfwise"
    assert quantise(graphs["vit"], pictures(56), calibration=calibration) == small
