"""Networks small enough to compute by hand, for tests of whatever serves a model."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from shelfwise.bundle import write_bundle
from shelfwise.images.preprocess import Preprocessing

COLOURS = ("Red", "Green", "Blue")
_EACH = np.eye(3)


def toy_onnx(
    size=8, gain=10.0, kind=TensorProto.UINT8, names=("images", "logits", "embedding"), colours=_EACH
):
    """Mean colour as embedding; logits are ``gain`` times its products with these colours."""
    images, logits, embedding = names
    nodes = [
        helper.make_node("Cast", [images], ["values"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["values", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "full"], [embedding]),
        helper.make_node("MatMul", [embedding, "weights"], [logits]),
    ]
    constants = {
        "axes": np.array([1, 2], np.int64),
        "full": np.float32(255),
        "weights": np.float32(gain) * np.asarray(colours, np.float32).T,
    }
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(images, kind, ["n", size, size, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", length])
            for name, length in ((logits, len(colours)), (embedding, 3))
        ],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def write_toy_bundle(folder: Path, **changes):
    values = {
        "model_onnx": toy_onnx(),
        "name": "toy",
        "categories": COLOURS,
        "preprocessing": Preprocessing(8),
        "metrics": {},
        "provenance": {},
        "rendered": False,
        "card": "# Toy\n",
    }
    return write_bundle(folder, **{**values, **changes})
