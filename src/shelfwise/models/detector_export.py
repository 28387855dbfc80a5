"""From a trained detector to ONNX: scores and boxes in pixels, for pictures of any size."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.extras import require
from shelfwise.models.efficientnet_lite import SameConv2d, same_padding
from shelfwise.models.export import IMAGES, OPSET, export_graph, refuse_fixed_shapes
from shelfwise.models.product_detector import MOST_REACH, MULTIPLE, STRIDES, ProductDetector

if TYPE_CHECKING:
    import onnx

__all__ = ["BOXES", "SCORES", "export_detector"]

SCORES, BOXES = "scores", "boxes"
"""Names of the graph's outputs."""

_LEVEL: Final = """
score_{s} = Sigmoid(logits_{s})
scores_{s} = Reshape(score_{s}, all_places)
capped_{s} = Min(reaches_{s}, most)
strides_{s} = Exp(capped_{s})
pixels_{s} = Mul(strides_{s}, stride_{s})
flat_{s} = Reshape(pixels_{s}, all_reaches)
reach_{s} = Transpose <perm = [0, 2, 1]> (flat_{s})
back_{s}, ahead_{s} = Split <axis = 2, num_outputs = 2> (reach_{s})
rows_{s} = Shape <start = 2, end = 3> (logits_{s})
columns_{s} = Shape <start = 3, end = 4> (logits_{s})
sides_{s} = Shape <start = 2, end = 4> (logits_{s})
height_{s} = Squeeze(rows_{s})
width_{s} = Squeeze(columns_{s})
row_{s} = Range(zero, height_{s}, one)
column_{s} = Range(zero, width_{s}, one)
row_number_{s} = Cast <to = 1> (row_{s})
column_number_{s} = Cast <to = 1> (column_{s})
row_middle_{s} = Add(row_number_{s}, half)
column_middle_{s} = Add(column_number_{s}, half)
row_pixel_{s} = Mul(row_middle_{s}, stride_{s})
column_pixel_{s} = Mul(column_middle_{s}, stride_{s})
upright_{s} = Reshape(row_pixel_{s}, as_column)
y_{s} = Expand(upright_{s}, sides_{s})
x_{s} = Expand(column_pixel_{s}, sides_{s})
deep_y_{s} = Reshape(y_{s}, as_column)
deep_x_{s} = Reshape(x_{s}, as_column)
middle_{s} = Concat <axis = 1> (deep_x_{s}, deep_y_{s})
first_{s} = Sub(middle_{s}, back_{s})
last_{s} = Add(middle_{s}, ahead_{s})
boxes_{s} = Concat <axis = 2> (first_{s}, last_{s})
"""
"""From what the network says at a level of stride ``s`` to scores and boxes: ``product_detector._boxes`` in ONNX."""


def export_detector(network: ProductDetector, *, mean: Sequence[float], std: Sequence[float]) -> bytes:
    """Export a detector with its normalisation as one self-contained ONNX file.

    The graph takes ``images``, uint8 of shape (N, H, W, 3) with any N and with H and W that are multiples of 64, and
    gives ``scores``, float32 (N, A), and ``boxes``, float32 (N, A, 4). The same weights give the same bytes. The
    network itself is left as it was.

    Args:
        network: the detector.
        mean, std: of the normalisation, of values scaled to 0 … 1.

    Raises:
        MissingExtraError: onnx or onnxscript is not installed.
        ModelError: what the exporter wrote fits one size of pictures only.
    """
    require("onnx", what="Exporting a detector", extra="train")
    # Exported for one size and number of pictures and made to fit all afterwards: with symbolic sizes the exporter
    # takes several times as long, with a symbolic number twice, and only the boxes' places depend on them.
    example = torch.zeros(2, 2 * MULTIPLE, 3 * MULTIPLE, 3, dtype=torch.uint8)
    names = [f"{what}_{stride}" for stride in STRIDES for what in ("logits", "reaches")]
    graph = _Graph(_for_export(network), mean, std)
    fixed = export_graph(graph, example, {}, names, name="levels")
    return _with_boxes(_of_any_size(fixed))


def _of_any_size(content: bytes) -> onnx.ModelProto:
    """The network for pictures of any size and number. Raises ModelError where an operator in it knows either."""
    import onnx

    model = onnx.load_from_string(content)
    for value in (*model.graph.input, *model.graph.output):
        shape = value.type.tensor_type.shape
        shape.dim[0].dim_param = "batch"
        axes = (1, 2) if value.name == IMAGES else (2, 3)
        for axis, side in zip(axes, ("height", "width"), strict=True):
            shape.dim[axis].dim_param = side if value.name == IMAGES else f"{side}_{value.name}"
    refuse_fixed_shapes(model, "size of pictures")
    return model


def _with_boxes(levels: onnx.ModelProto) -> bytes:
    """The network with scores and boxes as its answers."""
    import onnx
    from onnx import compose, parser

    inputs = ", ".join(
        f"float[batch, {depth}, h{stride}, w{stride}] {what}_{stride}"
        for stride in STRIDES
        for what, depth in (("logits", 1), ("reaches", 4))
    )
    constants = ", ".join(f"float stride_{stride} = {{{float(stride)}}}" for stride in STRIDES)
    text = f"""
        <ir_version: {levels.ir_version}, opset_import: ["" : {OPSET}]>
        boxes ({inputs}) => (float[batch, places] {SCORES}, float[batch, places, 4] {BOXES})
        <{constants}, float half = {{0.5}}, float most = {{{MOST_REACH}}}, int64 zero = {{0}}, int64 one = {{1}},
         int64[2] all_places = {{0, -1}}, int64[3] all_reaches = {{0, 4, -1}}, int64[2] as_column = {{-1, 1}}>
        {{ {"".join(_LEVEL.format(s=stride) for stride in STRIDES)}
           {SCORES} = Concat <axis = 1> ({", ".join(f"scores_{stride}" for stride in STRIDES)})
           {BOXES} = Concat <axis = 1> ({", ".join(f"boxes_{stride}" for stride in STRIDES)}) }}
    """
    own = [value.name for value in levels.graph.output]
    renamed = compose.add_prefix(
        parser.parse_model(text), "decoded_", rename_inputs=True, rename_outputs=False
    )
    model = compose.merge_models(levels, renamed, [(name, f"decoded_{name}") for name in own])
    model.producer_name = levels.producer_name
    model.graph.name = "detector"
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Graph(nn.Module):
    """Normalisation and detector, from uint8 N×H×W×3 to logits and reaches of each level."""

    scale: Tensor
    shift: Tensor

    def __init__(self, network: ProductDetector, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        middle, spread = (torch.tensor(v, dtype=torch.float64) for v in (mean, std))
        self.register_buffer("scale", (1 / (255 * spread)).float().view(1, 3, 1, 1))
        self.register_buffer("shift", (-middle / spread).float().view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> list[Tensor]:
        levels = self.network.levels(images.permute(0, 3, 1, 2).float() * self.scale + self.shift)
        return [each for level in levels for each in level]


class _EvenConv2d(nn.Module):
    """:class:`SameConv2d` for sides that its stride divides: the padding is then the same for all of them."""

    def __init__(self, conv: SameConv2d) -> None:
        super().__init__()
        self.conv = conv
        before, after = same_padding(MULTIPLE, conv.kernel_size[0], conv.stride[0])
        self.pads = [before, after, before, after] if before != after else None
        self.inside = 0 if before != after else before

    def forward(self, x: Tensor) -> Tensor:
        if self.pads is not None:
            x = functional.pad(x, self.pads)
        conv = self.conv
        return functional.conv2d(x, conv.weight, None, conv.stride, self.inside, 1, conv.groups)


def _for_export(network: ProductDetector) -> ProductDetector:
    """A copy for inference on the CPU, in float32 and the usual memory order."""
    duplicate = copy.deepcopy(network).cpu().float().requires_grad_(False)
    for parameter in duplicate.parameters():
        parameter.data = parameter.data.contiguous()
    for module in list(duplicate.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SameConv2d):
                setattr(module, name, _EvenConv2d(child))
    return duplicate.eval()
