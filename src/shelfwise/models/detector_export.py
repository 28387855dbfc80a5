"""From a trained detector to ONNX: scores and boxes in pixels, for pictures of any size."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.models.efficientnet_lite import SameConv2d, same_padding
from shelfwise.models.export import export_graph
from shelfwise.models.product_detector import MULTIPLE, ProductDetector

__all__ = ["BOXES", "SCORES", "export_detector"]

SCORES, BOXES = "scores", "boxes"
"""Names of the graph's outputs."""

_MOST: Final = 64
"""Multiples of :data:`MULTIPLE` that a side may have."""


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
    """
    graph = _Graph(_for_export(network), mean, std)
    example = torch.zeros(2, 2 * MULTIPLE, 3 * MULTIPLE, 3, dtype=torch.uint8)
    sides = {
        axis: MULTIPLE * torch.export.Dim(name, min=1, max=_MOST)
        for axis, name in ((1, "rows"), (2, "columns"))
    }
    return export_graph(
        graph, example, {0: torch.export.Dim("batch"), **sides}, (SCORES, BOXES), name="detector"
    )


class _Graph(nn.Module):
    """Normalisation and detector, from uint8 N×H×W×3 to scores and boxes."""

    scale: Tensor
    shift: Tensor

    def __init__(self, network: ProductDetector, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        middle, spread = (torch.tensor(v, dtype=torch.float64) for v in (mean, std))
        self.register_buffer("scale", (1 / (255 * spread)).float().view(1, 3, 1, 1))
        self.register_buffer("shift", (-middle / spread).float().view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        found = self.network(images.permute(0, 3, 1, 2).float() * self.scale + self.shift)
        return found.logits.sigmoid(), found.boxes


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
