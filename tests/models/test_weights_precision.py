import zlib

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from onnx import TensorProto, helper, numpy_helper

from shelfwise.errors import MissingExtraError, ModelError
from shelfwise.images.preprocess import Preprocessing
from shelfwise.models import build_network
from shelfwise.models.dinov2 import DINOv2
from shelfwise.models.export import export_onnx
from shelfwise.models.weights_precision import (
    _scales,
    with_fp16_weights,
    with_fp32_weights,
    with_int8_weights,
)

OUTPUTS = ["logits", "embedding"]


@pytest.fixture(scope="module")
def networks(quickly):
    """Name to graph and pictures: a convolutional network and a transformer of depth 2."""
    torch.manual_seed(0)
    made = {}
    for name, network, size in (
        ("small-cnn", build_network("small-cnn", 5), 104),
        ("vit", DINOv2(5, depth=2, width=64, heads=2), 56),
    ):
        torch.nn.init.normal_(network.head.dense.weight, std=0.3)
        for module in network.modules():
            if hasattr(module, "gamma"):
                torch.nn.init.ones_(module.gamma)
        with quickly(plots=True):
            graph = export_onnx(network.eval(), Preprocessing(size, mean=(0.5,) * 3, std=(0.3,) * 3))
        images = np.random.default_rng(1).integers(0, 256, (5, size, size, 3), dtype=np.uint8)
        made[name] = graph, images
    return made


def run(content, images):
    return onnxruntime.InferenceSession(content).run(OUTPUTS, {"images": images})


@pytest.mark.parametrize("name", ["small-cnn", "vit"])
@pytest.mark.parametrize(
    ("shrink", "part", "off"), [(with_fp16_weights, 0.56, 0.004), (with_int8_weights, 0.36, 0.05)]
)
def test_the_file_shrinks_and_the_answers_stay(networks, name, shrink, part, off):
    original, images = networks[name]
    small = shrink(original)
    assert len(small) < part * len(original) + 30_000
    for before, after in zip(run(original, images), run(small, images), strict=True):
        assert after.dtype == np.float32
        assert np.abs(after - before).max() < off * np.abs(before).max()
    # Any number of pictures still fits.
    assert run(small, images[:1])[0].shape == (1, 5)
    assert shrink(original) == small


def test_fewer_bits_compress_better_and_are_less_exact(networks):
    original, images = networks["vit"]
    sizes, errors = [], []
    for bits in (8, 7, 5):
        small = with_int8_weights(original, bits=bits)
        kept = {c.name: numpy_helper.to_array(c) for c in onnx.load_from_string(small).graph.initializer}
        steps = [values for values in kept.values() if values.dtype == np.int8]
        assert max(int(np.abs(values).max()) for values in steps) == 2 ** (bits - 1) - 1
        sizes.append(len(zlib.compress(small)))
        errors.append(np.abs(run(small, images)[0] - run(original, images)[0]).max())
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)


def test_engines_fold_the_weights_back_on_loading(networks, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimised.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    for shrink in (with_fp16_weights, with_int8_weights):
        onnxruntime.InferenceSession(shrink(networks["vit"][0]), options)
        nodes = onnx.load(tmp_path / "optimised.onnx").graph.node
        # The one cast that is left is that of the pictures.
        assert [node.op_type for node in nodes].count("Cast") == 1


def constant_network(values):
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, values.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, values.shape[1]])],
        [numpy_helper.from_array(values, "w")],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10
    ).SerializeToString()


@pytest.mark.parametrize("value", [1e6, np.nan, np.inf])
def test_weights_outside_float16_are_refused(value):
    values = np.full((20, 20), value, np.float32)
    with pytest.raises(ModelError, match="the weights w lie outside the range of float16"):
        with_fp16_weights(constant_network(values))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_as_int8(value):
    values = np.ones((20, 20), np.float32)
    values[3, 4] = value
    with pytest.raises(ModelError, match="the weights w hold NaN or infinite values"):
        with_int8_weights(constant_network(values))


@pytest.mark.parametrize("name", ["small-cnn", "vit"])
@pytest.mark.parametrize("shrink", [with_fp16_weights, with_int8_weights])
def test_folded_back_the_network_is_the_same_in_float32(networks, name, shrink):
    original, images = networks[name]
    small = shrink(original)
    back = with_fp32_weights(small)
    before, after = (onnx.load_from_string(each).graph for each in (original, back))
    assert {(c.name, c.data_type, *c.dims) for c in after.initializer} == {
        (c.name, c.data_type, *c.dims) for c in before.initializer
    }
    assert list(after.node) == list(before.node)
    for one, other in zip(run(small, images), run(back, images), strict=True):
        np.testing.assert_array_equal(one, other)
    assert with_fp32_weights(back) == back
    assert with_fp32_weights(original) == original


def test_without_onnx_the_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"shelfwise\[export\]"):
        with_fp16_weights(b"")


@given(
    npst.arrays(
        np.float32, st.tuples(st.integers(1, 5), st.integers(1, 9)), elements=st.floats(-100, 100, width=32)
    )
)
def test_a_scale_never_does_worse_than_the_whole_range(channels):
    tops = np.maximum(np.abs(channels).max(axis=1), 0)
    scales = _scales(channels, 127.0)
    assert (scales > 0).all() and np.isfinite(scales).all()

    def error(steps):
        steps = np.maximum(steps, np.float32(1e-38))[:, None]
        return np.square(np.clip(np.rint(channels / steps), -127, 127) * steps - channels).sum(axis=1)

    whole = np.where(tops > 0, tops, 1) / 127
    assert (error(scales) <= error(whole.astype(np.float32)) * 1.001 + 1e-6).all()
