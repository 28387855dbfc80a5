"""From a trained network to ONNX: what a bundle holds and what every engine runs."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor, nn

from shelfwise.errors import ModelError
from shelfwise.extras import require
from shelfwise.models.network import Network

if TYPE_CHECKING:
    import onnx

__all__ = [
    "EMBEDDING",
    "IMAGES",
    "LOGITS",
    "OPSET",
    "PictureNormalisation",
    "export_graph",
    "export_onnx",
    "refuse_fixed_shapes",
]

IMAGES, LOGITS, EMBEDDING = "images", "logits", "embedding"
"""Names of the graph's input and outputs."""

OPSET = 18
"""Version of the ONNX operators; every engine of the last years runs it."""

MAX_BYTES = 2**31 - 1
"""Limit of a protocol buffer, and so of an ONNX file that holds its weights."""

_TALKATIVE = ("torch.onnx._internal.exporter._registration", "onnxscript.optimizer._constant_folding")


class PictureNormalisation(Protocol):
    """The part of the preprocessing that goes into the graph."""

    @property
    def size(self) -> int:
        """Side of the square picture, in pixels."""

    @property
    def mean(self) -> tuple[float, float, float]:
        """Per channel, of values scaled to 0 … 1."""

    @property
    def std(self) -> tuple[float, float, float]:
        """Likewise."""


def export_onnx(network: Network, preprocessing: PictureNormalisation) -> bytes:
    """Export a network with its normalisation as one self-contained ONNX file.

    The graph takes ``images``, uint8 of shape (N, size, size, 3) with any N, and gives ``logits``, float32
    (N, C), and ``embedding``, float32 (N, D). Batch norm is folded into the convolution before it. The same
    weights give the same bytes, and the file names no path of the machine that wrote it. The network itself
    is left as it was.

    Raises:
        ModelError: the network is too large for one file, or its shapes hold the number of pictures and it does
            not say so.
        MissingExtraError: onnx or onnxscript is not installed.
    """
    graph = _Graph(_for_export(network, preprocessing.size), preprocessing)
    example = torch.zeros(2, preprocessing.size, preprocessing.size, 3, dtype=torch.uint8)
    dynamic = {0: torch.export.Dim("batch")} if network.shapes_hold_count else {}
    content = export_graph(graph, example, dynamic, (LOGITS, EMBEDDING), name="classifier")
    return content if dynamic else _of_any_count(content)


def export_graph(
    graph: nn.Module,
    example: Tensor,
    dynamic: Mapping[int, Any],
    outputs: Sequence[str],
    *,
    name: str,
) -> bytes:
    """Export a module that takes uint8 ``images`` as one self-contained ONNX file.

    Args:
        graph: what is exported, in float32 on the CPU.
        example: pictures, uint8 (N, H, W, 3).
        dynamic: the dimensions of the pictures that vary.
        outputs: names of what the module gives, in its order.
        name: of the graph.

    Raises:
        ModelError: the network is too large for one file.
        MissingExtraError: onnx or onnxscript is not installed.
    """
    require("onnx", what="Exporting a network", extra="train")
    require("onnxscript", what="Exporting a network", extra="train")
    with _quiet_exporter(), torch.no_grad():
        program = torch.onnx.export(
            graph.eval(),
            (example,),
            input_names=[IMAGES],
            output_names=list(outputs),
            dynamic_shapes=(dict(dynamic),),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ModelError("the exporter returned nothing")
    _free_names(program.model.graph, (IMAGES, *outputs))
    return _portable_bytes(program.model_proto, name)


def refuse_fixed_shapes(model: onnx.ModelProto, of: str) -> None:
    """Check that a graph exported for one shape of pictures fits others.

    Args:
        model: what the exporter wrote.
        of: what was one and the same, for the message.

    Raises:
        ModelError: an operator in it knows the shape.
    """
    odd = {node.op_type for node in model.graph.node} & {"Reshape", "Expand", "Flatten"}
    if odd:
        raise ModelError(f"the exporter wrote operators for one {of}: {', '.join(sorted(odd))}")


def _of_any_count(content: bytes) -> bytes:
    """A classifier for any number of pictures. Raises ModelError where an operator in it knows the number."""
    import onnx

    model = onnx.load_from_string(content)
    refuse_fixed_shapes(model, "number of pictures")
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    freed: bytes = model.SerializeToString(deterministic=True)
    return freed


def _free_names(graph: Any, taken: Sequence[str]) -> None:
    """Rename inner values called like an input or output: the exporter names values after operators."""
    for value in tuple(graph.initializers.values()):
        if value.name in taken:
            graph.initializers.pop(value.name)
            value.name = f"{value.name}.inner"
            graph.register_initializer(value)
    for node in graph.all_nodes():
        for value in node.outputs:
            if value.name in taken and not value.is_graph_output():
                value.name = f"{value.name}.inner"


class _Graph(nn.Module):
    """Normalisation, body and head, from uint8 N×H×W×3 to logits and embedding."""

    scale: Tensor
    shift: Tensor

    def __init__(self, network: Network, preprocessing: PictureNormalisation) -> None:
        super().__init__()
        self.network = network
        mean, std = (torch.tensor(v, dtype=torch.float64) for v in (preprocessing.mean, preprocessing.std))
        self.register_buffer("scale", (1 / (255 * std)).float().view(1, 3, 1, 1))
        self.register_buffer("shift", (-mean / std).float().view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        # The bytes are transposed before they become floats: a quarter of the memory to move.
        x = images.permute(0, 3, 1, 2).float() * self.scale + self.shift
        embedding = self.network.features(x)
        logits: Tensor = self.network.head(embedding)
        return logits, embedding


def _for_export(network: Network, size: int) -> Network:
    """A copy for inference on the CPU, in float32 and the usual memory order, settled."""
    duplicate = copy.deepcopy(network).cpu().float().requires_grad_(False)
    duplicate.settle(size)
    for parameter in duplicate.parameters():
        parameter.data = parameter.data.contiguous()
    return duplicate


def _portable_bytes(model: onnx.ModelProto, name: str) -> bytes:
    """Serialise without what the exporter notes about its own run: stack traces, source paths, versions."""
    import onnx

    model.producer_name = "shelfwise"
    for field in ("producer_version", "doc_string", "metadata_props"):
        model.ClearField(field)
    graph = model.graph
    del graph.value_info[:]
    graph.name = name
    for item in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        item.ClearField("doc_string")
        item.ClearField("metadata_props")
    if model.ByteSize() > MAX_BYTES:
        raise ModelError(
            f"the network takes {model.ByteSize() / 1e9:.1f} GB; an ONNX file holds 2 GB at most"
        )
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence what the exporter says of itself: deprecated internals, the absent torchvision, folds left."""
    loggers = [logging.getLogger(name) for name in _TALKATIVE]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated", category=FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
