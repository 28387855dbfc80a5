"""Several networks as one: an ensemble in a single ONNX graph. Needs onnx, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shelfwise.errors import ModelError
from shelfwise.extras import require

if TYPE_CHECKING:
    import onnx

__all__ = ["Member", "merge_onnx"]

_IMAGES, _LOGITS, _EMBEDDING = "images", "logits", "embedding"


@dataclass(frozen=True, slots=True)
class Member:
    """One network of an ensemble.

    Attributes:
        model: its ONNX file's content; takes ``images``, gives ``logits`` and ``embedding``.
        weight: its share in the common answer, above 0.
        temperature: its logits are divided by it first.
    """

    model: bytes
    weight: float = 1.0
    temperature: float = 1.0


def merge_onnx(members: Sequence[Member]) -> bytes:
    """Join networks for the same pictures and categories into one graph.

    Its logits are the weighted mean of the members' calibrated logits, so that its probabilities are the weighted
    geometric mean of theirs (a logarithmic opinion pool; Heskes 1998, "Selecting weighting factors in logarithmic
    opinion pools"). Its embedding is the members' embeddings, each scaled to length √(its share), one behind the
    other: the cosine of two pictures is then the weighted mean of the members' cosines.

    Raises:
        ModelError: there is no member, or they differ in input, number of categories or operator set.
        MissingExtraError: onnx is not installed.
    """
    require("onnx", what="Joining networks", extra="train")
    import onnx
    from onnx import compose, helper

    if not members:
        raise ModelError("an ensemble needs at least one network")
    total = sum(member.weight for member in members)
    models = [onnx.load_model_from_string(member.model) for member in members]
    _refuse_differences(models)
    opset = models[0].opset_import
    graph = helper.make_graph([], "classifier", [models[0].graph.input[0]], [])
    for index, (member, model) in enumerate(zip(members, models, strict=True)):
        prefix = f"member{index}/"
        inner = compose.add_prefix(model, prefix).graph
        for node in inner.node:
            node.input[:] = [_IMAGES if name == prefix + _IMAGES else name for name in node.input]
        graph.node.extend(inner.node)
        graph.initializer.extend(inner.initializer)
        share = member.weight / total
        _add_constant(graph, f"{prefix}share", share / member.temperature)
        _add_constant(graph, f"{prefix}length", share**0.5)
        graph.node.extend(
            [
                helper.make_node("Mul", [prefix + _LOGITS, f"{prefix}share"], [f"{prefix}part"]),
                helper.make_node("LpNormalization", [prefix + _EMBEDDING], [f"{prefix}unit"], axis=-1, p=2),
                helper.make_node("Mul", [f"{prefix}unit", f"{prefix}length"], [f"{prefix}scaled"]),
            ]
        )
    prefixes = [f"member{index}/" for index in range(len(members))]
    graph.node.append(helper.make_node("Sum", [f"{p}part" for p in prefixes], [_LOGITS]))
    graph.node.append(helper.make_node("Concat", [f"{p}scaled" for p in prefixes], [_EMBEDDING], axis=-1))
    graph.output.extend(_outputs(models))
    merged = helper.make_model(graph, opset_imports=opset, producer_name="shelfwise")
    merged.ir_version = max(model.ir_version for model in models)
    onnx.checker.check_model(merged)
    content: bytes = merged.SerializeToString(deterministic=True)
    return content


def _add_constant(graph: onnx.GraphProto, name: str, value: float) -> None:
    from onnx import numpy_helper

    graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))


def _refuse_differences(models: Sequence[onnx.ModelProto]) -> None:
    kinds = set()
    for model in models:
        shapes = {value.name: _shape(value) for value in (*model.graph.input, *model.graph.output)}
        if {_IMAGES, _LOGITS, _EMBEDDING} - shapes.keys():
            raise ModelError("a network to join must take 'images' and give 'logits' and 'embedding'")
        opset = tuple(sorted((entry.domain, entry.version) for entry in model.opset_import))
        kinds.add((shapes[_IMAGES][1:], shapes[_LOGITS][-1], opset))
    if len(kinds) > 1:
        raise ModelError(
            "networks can be joined only where input, number of categories and operator set agree: "
            + " and ".join(f"{image} to {count}" for image, count, _ in sorted(kinds, key=str))
        )


def _outputs(models: Sequence[onnx.ModelProto]) -> list[onnx.ValueInfoProto]:
    from onnx import TensorProto, helper

    first = {value.name: value for value in models[0].graph.output}
    lengths = [
        _shape(value)[-1] for model in models for value in model.graph.output if value.name == _EMBEDDING
    ]
    batch = _shape(first[_LOGITS])[0]
    width = None if None in lengths else sum(length for length in lengths if isinstance(length, int))
    return [
        first[_LOGITS],
        helper.make_tensor_value_info(_EMBEDDING, TensorProto.FLOAT, [batch, width]),
    ]


def _shape(value: onnx.ValueInfoProto) -> tuple[int | str | None, ...]:
    return tuple(
        edge.dim_value if edge.HasField("dim_value") else (edge.dim_param or None)
        for edge in value.type.tensor_type.shape.dim
    )
