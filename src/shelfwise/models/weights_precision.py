"""Smaller files of the same network: weights kept in fewer bits, and turned into float32 when it is loaded.

What runs is float32 as before, so that an engine is as fast as with the original. Needs onnx, not torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ModelError
from shelfwise.models.graph import read_graph

if TYPE_CHECKING:
    import onnx

__all__ = ["with_fp16_weights", "with_fp32_weights", "with_int8_weights"]

_LEAST: Final = 256
"""Constants of fewer values stay as they are: nothing is saved there."""
_SMALLEST: Final = 1e-30
_CLIPS: Final = np.linspace(0.7, 1.0, 13)
"""Shares of a channel's largest weight that its range may end at; the rest is clipped."""
_WEIGHT_INPUT: Final = {"Conv": 1, "Gemm": 1, "MatMul": 1}


def with_fp16_weights(model_onnx: bytes) -> bytes:
    """Keep weights as float16, at half the size; each is off by up to 1 part in 2,048.

    Raises:
        ModelError: a weight lies outside the range of float16.
        MissingExtraError: onnx is not installed.
    """
    return _rewritten(model_onnx, _as_fp16)


def with_int8_weights(model_onnx: bytes, *, bits: int = 8) -> bytes:
    """Keep the weights of convolutions and matrix products as int8 with a scale for each output channel.

    A weight is ``q * scale`` with q from -127 to 127, rounded to the nearest. The scale of a channel is the one, of
    a few that clip its largest weights, that gives the least squared error. Other large constants are kept as
    float16. A quarter of the size.

    Args:
        model_onnx: the network.
        bits: how many of the 8 bits are used: with 7, q is from -63 to 63. The file is as large, but compresses
            better.

    Raises:
        ModelError: a weight is NaN or infinite, or another constant lies outside the range of float16.
        MissingExtraError: onnx is not installed.
    """
    return _rewritten(model_onnx, partial(_as_int8, top=2.0 ** (bits - 1) - 1))


def with_fp32_weights(model_onnx: bytes) -> bytes:
    """Turn weights that are kept as float16 or int8 into float32 ones, as an engine does on loading.

    The inverse of :func:`with_fp16_weights` and :func:`with_int8_weights` but for their rounding: the network's
    numbers, and so its answers, stay the same to the bit. One that has no such weights is given back as it is.

    Raises:
        ModelError: it is no ONNX file.
        MissingExtraError: onnx is not installed.
    """
    model = read_graph(model_onnx, what="Exporting")
    import onnx
    from onnx import numpy_helper

    graph = model.graph
    folded, nodes = _folded(graph)
    if not folded:
        return model_onnx
    used = {name for node in nodes for name in node.input} | {value.name for value in graph.output}
    kept = [constant for constant in graph.initializer if constant.name in used]
    kept += [numpy_helper.from_array(folded[name], name) for name in folded if name in used]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _folded(graph: onnx.GraphProto) -> tuple[dict[str, NDArray[np.float32]], list[onnx.NodeProto]]:
    """Values that casts of small constants, and their products with scales, come to; and the nodes that are left."""
    from onnx import TensorProto, helper, numpy_helper

    constants = {constant.name: constant for constant in graph.initializer}
    folded: dict[str, NDArray[np.float32]] = {}
    steps: set[str] = set()
    left = []
    for node in graph.node:
        small = constants.get(node.input[0]) if node.op_type == "Cast" else None
        if small is not None and small.data_type in (TensorProto.FLOAT16, TensorProto.INT8):
            if helper.get_node_attr_value(node, "to") == TensorProto.FLOAT:
                folded[node.output[0]] = numpy_helper.to_array(small).astype(np.float32)
                if small.data_type == TensorProto.INT8:
                    steps.add(node.output[0])
                continue
        elif node.op_type == "Mul" and node.input[0] in steps and node.input[1] in constants:
            scale = numpy_helper.to_array(constants[node.input[1]])
            folded[node.output[0]] = folded[node.input[0]] * scale
            continue
        left.append(node)
    return folded, left


Rewriter = Callable[["onnx.TensorProto", "int | None"], "tuple[list[onnx.TensorProto], list[onnx.NodeProto]]"]
"""From a constant and the axis of its output channels to constants and nodes that give it."""


def _rewritten(model_onnx: bytes, rewrite: Rewriter) -> bytes:
    model = read_graph(model_onnx, what="Exporting")
    import onnx

    axes = dict(_channel_axes(model.graph))
    kept, nodes = [], []
    for constant in model.graph.initializer:
        count = int(np.prod(constant.dims, dtype=np.int64))
        if constant.data_type != onnx.TensorProto.FLOAT or count < _LEAST:
            kept.append(constant)
            continue
        constants, before = rewrite(constant, axes.get(constant.name))
        kept += constants
        nodes += before
    nodes += model.graph.node
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _channel_axes(graph: onnx.GraphProto) -> Iterator[tuple[str, int]]:
    """Which constants are weights, and along which axis their output channels lie."""
    dimensions = {constant.name: len(constant.dims) for constant in graph.initializer}
    for node in graph.node:
        place = _WEIGHT_INPUT.get(node.op_type)
        if place is None or node.input[place] not in dimensions or dimensions[node.input[place]] < 2:
            continue
        transposed = any(each.name == "transB" and each.i for each in node.attribute)
        first = node.op_type == "Conv" or transposed
        yield node.input[place], 0 if first else dimensions[node.input[place]] - 1


def _as_fp16(
    constant: onnx.TensorProto, axis: int | None = None
) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    from onnx import TensorProto, helper, numpy_helper

    values = numpy_helper.to_array(constant)
    if not np.abs(values).max() <= np.finfo(np.float16).max:  # in this form NaN is refused too
        raise ModelError(f"the weights {constant.name} lie outside the range of float16: export fp32")
    name = f"{constant.name}.fp16"
    half = numpy_helper.from_array(values.astype(np.float16), name)
    return [half], [helper.make_node("Cast", [name], [constant.name], to=TensorProto.FLOAT)]


def _as_int8(
    constant: onnx.TensorProto, axis: int | None, *, top: float
) -> tuple[list[onnx.TensorProto], list[onnx.NodeProto]]:
    from onnx import TensorProto, helper, numpy_helper

    if axis is None:
        return _as_fp16(constant)
    values = numpy_helper.to_array(constant)
    if not np.isfinite(values).all():
        raise ModelError(f"the weights {constant.name} hold NaN or infinite values: train again")
    scales = _scales(np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1), top)
    shape = [1] * values.ndim
    shape[axis] = -1
    scales = scales.reshape(shape)
    steps = np.clip(np.rint(values / scales), -top, top).astype(np.int8)
    # Not DequantizeLinear: ONNX Runtime makes that, with the product behind it, into another kernel.
    names = [f"{constant.name}.{part}" for part in ("int8", "scale", "steps")]
    constants = [numpy_helper.from_array(steps, names[0]), numpy_helper.from_array(scales, names[1])]
    cast = helper.make_node("Cast", [names[0]], [names[2]], to=TensorProto.FLOAT)
    return constants, [cast, helper.make_node("Mul", [names[2], names[1]], [constant.name])]


def _scales(channels: NDArray[np.float32], top: float) -> NDArray[np.float32]:
    """Step of each channel: float32 (C,) for weights (C, K), the best of :data:`_CLIPS` by squared error."""
    tops = np.abs(channels).max(axis=1, keepdims=True)
    # A step of what is smaller would be no number of full precision any more; such weights become 0.
    tops = np.where(tops > _SMALLEST, tops, 1.0)
    best, least = tops / top, np.full(len(channels), np.inf)
    for clip in _CLIPS:
        step = tops * clip / top
        off = np.clip(np.rint(channels / step), -top, top) * step - channels
        error = np.square(off).sum(axis=1)
        best = np.where((error < least)[:, None], step, best)
        least = np.minimum(error, least)
    return best[:, 0].astype(np.float32)
