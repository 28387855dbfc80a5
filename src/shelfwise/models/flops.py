"""How much a network reckons, counted from its ONNX graph. Needs onnx, not torch."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from shelfwise.errors import ModelError
from shelfwise.models.graph import read_graph

if TYPE_CHECKING:
    import onnx

__all__ = ["count_flops"]

Shape = tuple[int, ...]


def count_flops(model_onnx: bytes) -> int:
    """Floating-point operations for one picture: two for each multiplication and addition of products.

    Convolutions and matrix products are counted (attention's too); what else there is takes no share worth naming.

    Raises:
        ModelError: the file is no network, or the shape of a product cannot be told from the graph.
        MissingExtraError: onnx is not installed.
    """
    model = read_graph(model_onnx, what="Counting a network's operations")
    import onnx

    try:
        for each in model.graph.input:
            if each.type.tensor_type.shape.dim:
                each.type.tensor_type.shape.dim[0].dim_value = 1
        # The shapes behind the batch's name are told anew for one picture.
        del model.graph.value_info[:]
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"the network's shapes cannot be told: {error}") from error
    shapes = _shapes(inferred.graph)
    return sum(2 * _products(node, shapes) for node in inferred.graph.node)


def _shapes(graph: onnx.GraphProto) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {each.name: tuple(each.dims) for each in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        sides = value.type.tensor_type.shape.dim
        if all(side.HasField("dim_value") for side in sides):
            shapes[value.name] = tuple(side.dim_value for side in sides)
    # Of the outputs only the batch's side may be open.
    for value in graph.output:
        sides = value.type.tensor_type.shape.dim
        shapes.setdefault(value.name, tuple(side.dim_value or 1 for side in sides))
    return shapes


def _products(node: onnx.NodeProto, shapes: dict[str, Shape]) -> int:
    """Multiplications of one node."""
    if node.op_type not in ("Conv", "MatMul", "Gemm"):
        return 0
    try:
        result, first, second = (shapes[name] for name in (node.output[0], *node.input[:2]))
    except KeyError as error:
        raise ModelError(f"the shape of {error} cannot be told from the graph") from error
    if node.op_type == "Conv":  # weights are (outputs, inputs of a group, rows, columns)
        return prod(result) * prod(second[1:])
    transposed = any(each.name == "transA" and each.i for each in node.attribute)
    return prod(result) * first[0 if transposed else -1]
