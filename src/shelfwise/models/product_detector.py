"""The detector of products: a pretrained body, a feature pyramid, and one head for all sizes. One class, no anchors.

Each place of the pyramid says how sure it is that a product's middle lies near it, and how far the product reaches
to the left, up, right and down, as in FCOS (Tian et al. 2019, arXiv 1904.01355). The pyramid goes down and up again
(PANet, Liu et al. 2018, arXiv 1803.01534); its layers and the head's are depthwise separable with kernels of 5, and
the head has the same weights on all levels but a batch norm of its own for each (RTMDet, Lyu et al. 2022, arXiv
2212.07784). Which place is to find which product is decided while training: ``training/detect/assign.py``.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Final, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.models.efficientnet_lite import EfficientNetLite, SameConv2d

__all__ = ["MOST_REACH", "MULTIPLE", "STRIDES", "Found", "ProductDetector", "places"]

STRIDES: Final = (8, 16, 32, 64)
"""Pixels between two places of each level of the pyramid."""

MULTIPLE: Final = STRIDES[-1]
"""Sides of pictures are multiples of it."""

MOST_REACH: Final = 6.0
"""The logarithm of a reach, in strides, is kept below this: e⁶ strides are more than any picture."""

_TAPS: Final = (2, 4, 6)
"""The body's stages that end at strides 8, 16 and 32."""
_PRIOR: Final = 0.01
"""How sure an untrained detector is."""
_FIRST_REACH: Final = 0.7
"""What it takes for the logarithm of each reach, in strides."""


class Found(NamedTuple):
    """What a detector says of N pictures, at each of A places.

    Attributes:
        logits: float32 (N, A), how sure it is of a product there, before the sigmoid.
        boxes: float32 (N, A, 4), left, top, right and bottom edge, in pixels.
    """

    logits: Tensor
    boxes: Tensor


class ProductDetector(nn.Module):
    """Finds products on normalised pictures.

    Args:
        variant: which EfficientNet-Lite the body is: ``lite0``, ``lite1`` or ``lite2``.
        width: channels of pyramid and head.
        depth: layers of the head before its last.

    Attributes:
        stages: parts of the body from input to output, for freezing and for rates of their own.
    """

    def __init__(self, variant: str = "lite0", *, width: int = 96, depth: int = 2) -> None:
        super().__init__()
        body = EfficientNetLite(variant, num_classes=1, dropout=0.0)
        self.variant, self.width, self.depth = variant, width, depth
        self.stem, self.blocks = body.stem, body.blocks
        self.pyramid = _Pyramid([_width_of(body.blocks[tap]) for tap in _TAPS], width)
        self.head = _Head(width, depth)
        self._frozen = 0

    def take_body(self, body: EfficientNetLite) -> None:
        """Begin with the weights of a trained classifier's body."""
        self.stem.load_state_dict(body.stem.state_dict())
        self.blocks.load_state_dict(body.blocks.state_dict())

    @property
    def stages(self) -> list[nn.Module]:
        """Stem and the seven stages of the body."""
        return [self.stem, *self.blocks]

    def freeze(self, stages: int) -> None:
        """Leave the body's first ``stages`` as they are, weights and statistics."""
        self._frozen = stages
        for stage in self.stages[:stages]:
            stage.requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        """Set training mode; the body's batch norms keep the statistics that its features were learnt with."""
        super().train(mode)
        for module in (self.stem, *self.blocks):
            for each in module.modules():
                if isinstance(each, nn.BatchNorm2d):
                    each.eval()
        return self

    def forward(self, x: Tensor) -> Found:
        """Find products on float pictures (N, 3, H, W); H and W are multiples of :data:`MULTIPLE`."""
        levels = self.levels(x)
        logits = torch.cat([scores.flatten(2).transpose(1, 2) for scores, _ in levels], 1)
        boxes = [_boxes(reach, stride) for (_, reach), stride in zip(levels, STRIDES, strict=True)]
        return Found(logits.squeeze(2), torch.cat(boxes, 1))

    def levels(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """For each level of stride s: logits (N, 1, H/s, W/s), and logarithms of reaches in strides (N, 4, H/s, W/s).

        Reaches go to the left, up, right and down.
        """
        answers: list[tuple[Tensor, Tensor]] = self.head(self.pyramid(self._body(x)))
        return answers

    def _body(self, x: Tensor) -> list[Tensor]:
        taken = []
        for number, stage in enumerate(self.stages):
            # Only where it changes something: an export takes every such change for a part of the graph.
            still = number < self._frozen and torch.is_grad_enabled()
            with torch.no_grad() if still else nullcontext():
                x = stage(x)
            if number - 1 in _TAPS:
                taken.append(x)
        return taken


def places(height: int, width: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """The places of a picture in the order of the detector's answers: middles (A, 2), x and y, and strides (A,)."""
    middles, strides = [], []
    for stride in STRIDES:
        level = _middles(height // stride, width // stride, stride, device)
        middles.append(level)
        strides.append(level.new_full((len(level),), stride))
    return torch.cat(middles), torch.cat(strides)


def _middles(rows: int, columns: int, stride: int, device: torch.device | None) -> Tensor:
    y = (torch.arange(rows, device=device) + 0.5) * stride
    x = (torch.arange(columns, device=device) + 0.5) * stride
    grid = torch.stack((x[None, :].expand(rows, columns), y[:, None].expand(rows, columns)), 2)
    return grid.reshape(-1, 2)


def _boxes(reach: Tensor, stride: int) -> Tensor:
    """From logarithms of reaches in strides, (N, 4, h, w), to edges in pixels, (N, h·w, 4)."""
    middles = _middles(reach.shape[2], reach.shape[3], stride, reach.device)
    pixels = reach.clamp(max=MOST_REACH).exp().flatten(2).transpose(1, 2) * stride
    return torch.cat((middles - pixels[..., :2], middles + pixels[..., 2:]), 2)


def _width_of(stage: nn.Module) -> int:
    convolutions = [each for each in stage.modules() if isinstance(each, SameConv2d)]
    return convolutions[-1].out_channels


class _Separable(nn.Module):
    """A depthwise convolution of 5×5 and a pointwise one, each with batch norm and ReLU6.

    Args:
        channels: width of input and output.
        stride: 1, or 2 for half the sides.
        norms: number of sets of batch norms, which the caller chooses from.
    """

    def __init__(self, channels: int, *, stride: int = 1, norms: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 5, stride, 2, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.first = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(norms))
        self.second = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(norms))
        for conv in (self.depthwise, self.pointwise):
            nn.init.kaiming_normal_(conv.weight, mode="fan_out")

    def forward(self, x: Tensor, level: int = 0) -> Tensor:
        x = functional.relu6(self.first[level](self.depthwise(x)))
        return functional.relu6(self.second[level](self.pointwise(x)))


class _Pyramid(nn.Module):
    """Brings what the body sees at each stride together, and adds a level of twice the last stride."""

    def __init__(self, channels: list[int], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(_pointwise(each, width) for each in channels)
        self.down = nn.ModuleList(_Separable(width) for _ in channels[1:])
        self.up = nn.ModuleList(_Separable(width, stride=2) for _ in channels[1:])
        self.out = nn.ModuleList(_Separable(width) for _ in channels[1:])
        self.last = _Separable(width, stride=2)

    def forward(self, taken: list[Tensor]) -> list[Tensor]:
        levels = [lateral(x) for lateral, x in zip(self.lateral, taken, strict=True)]
        for i in range(len(levels) - 1, 0, -1):
            wider = functional.interpolate(levels[i], scale_factor=2.0, mode="nearest")
            levels[i - 1] = self.down[i - 1](levels[i - 1] + wider)
        for i in range(1, len(levels)):
            levels[i] = self.out[i - 1](levels[i] + self.up[i - 1](levels[i - 1]))
        return [*levels, self.last(levels[-1])]


class _Head(nn.Module):
    """Scores and reaches at each place of each level."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        count = len(STRIDES)
        self.score = nn.ModuleList(_Separable(width, norms=count) for _ in range(depth))
        self.reach = nn.ModuleList(_Separable(width, norms=count) for _ in range(depth))
        self.to_score = nn.Conv2d(width, 1, 1)
        self.to_reach = nn.Conv2d(width, 4, 1)
        for conv, start in ((self.to_score, -math.log((1 - _PRIOR) / _PRIOR)), (self.to_reach, _FIRST_REACH)):
            nn.init.normal_(conv.weight, std=0.01)
            assert conv.bias is not None
            nn.init.constant_(conv.bias, start)

    def forward(self, levels: list[Tensor]) -> list[tuple[Tensor, Tensor]]:
        answers = []
        for level, x in enumerate(levels):
            scores = reaches = x
            for layer in self.score:
                scores = layer(scores, level)
            for layer in self.reach:
                reaches = layer(reaches, level)
            answers.append((self.to_score(scores), self.to_reach(reaches)))
        return answers


def _pointwise(channels: int, width: int) -> nn.Sequential:
    conv = nn.Conv2d(channels, width, 1, bias=False)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out")
    return nn.Sequential(conv, nn.BatchNorm2d(width))
