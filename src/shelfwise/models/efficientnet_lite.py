"""EfficientNet-Lite 0 to 2; their ImageNet weights are read by ``lite_weights``.

The network is that of Tan and Le 2019 (arXiv 1905.11946) as its authors trimmed it for small devices
(https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite): ReLU6 in place of swish, no
squeeze-and-excitation, stem and top of the same width in all variants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.models.network import Network, fresh_head

__all__ = ["VARIANTS", "EfficientNetLite", "Variant", "same_padding", "stage_repeats"]

STEM_WIDTH = 32
TOP_WIDTH = 1280

STAGES = (
    # repeats, kernel, stride, expansion, width
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """How one variant scales the table of stages."""

    width: float
    depth: float


VARIANTS = {"lite0": Variant(1.0, 1.0), "lite1": Variant(1.0, 1.1), "lite2": Variant(1.1, 1.2)}


class EfficientNetLite(Network):
    """A stem, seven stages of inverted residual blocks, a pointwise top, the mean over the picture.

    Args:
        variant: key of :data:`VARIANTS`.
        num_classes: number of categories.
        dropout: rate before the head.
    """

    shapes_hold_count = False

    def __init__(self, variant: str, num_classes: int, dropout: float) -> None:
        super().__init__(feature_size=TOP_WIDTH, num_classes=num_classes)
        scale = VARIANTS[variant]
        self.stem = ConvNorm(3, STEM_WIDTH, kernel=3, stride=2)
        self.blocks = nn.ModuleList()
        channels = STEM_WIDTH
        for repeats, stage in zip(stage_repeats(variant), STAGES, strict=True):
            _, kernel, stride, expansion, base_width = stage
            width = _round_width(base_width * scale.width)
            blocks = [Block(channels, width, kernel, stride, expansion)]
            blocks += [Block(width, width, kernel, 1, expansion) for _ in range(repeats - 1)]
            self.blocks.append(nn.Sequential(*blocks))
            channels = width
        self.top = ConvNorm(channels, TOP_WIDTH, kernel=1)
        self.head = fresh_head(TOP_WIDTH, num_classes, dropout)

    def features(self, x: Tensor) -> Tensor:
        """Embed normalised pictures: float (N, 3, H, W) to (N, 1280)."""
        x = self.stem(x)
        for stage in self.blocks:
            x = stage(x)
        x = self.top(x)
        return x.mean((2, 3))

    def stages(self) -> list[nn.Module]:
        """Stem, the seven stages, top."""
        return [self.stem, *self.blocks, self.top]


class SameConv2d(nn.Conv2d):
    """A convolution without bias, padded like TensorFlow's ``SAME`` for whatever size comes in.

    The output side is ``ceil(side / stride)``, and where the padding is odd the extra row is at the bottom
    and right; so with stride 2 the padding of a side of 224 (0 and 1) differs from that of 225 (1 and 1).
    """

    def __init__(self, channels: int, width: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__(channels, width, kernel, stride=stride, groups=groups, bias=False)
        nn.init.kaiming_normal_(self.weight, mode="fan_out")

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (N, C, H, W) to (N, width, ceil(H / stride), ceil(W / stride))."""
        return self.convolve(x, self.weight, None)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Convolve as :meth:`forward` does, with other weights of the same shape."""
        top, bottom = same_padding(x.shape[2], self.kernel_size[0], self.stride[0])
        left, right = same_padding(x.shape[3], self.kernel_size[1], self.stride[1])
        if (top, left) != (bottom, right):
            x = functional.pad(x, (left, right, top, bottom))
            top = left = 0
        return functional.conv2d(x, weight, bias, self.stride, (top, left), 1, self.groups)


class ConvNorm(nn.Module):
    """Convolution, batch norm and, if ``activate``, ReLU6."""

    def __init__(
        self,
        channels: int,
        width: int,
        *,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activate: bool = True,
    ) -> None:
        super().__init__()
        self.conv = SameConv2d(channels, width, kernel, stride, groups)
        self.norm = nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)
        self.activation = nn.ReLU6(inplace=True) if activate else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Transform (N, channels, H, W) to (N, width, ceil(H / stride), ceil(W / stride))."""
        if not self.norm.training and torch.is_grad_enabled():
            # Training with fixed statistics: the norm is then a scale and shift of each channel, which costs
            # nothing inside the convolution and a pass over memory, forward and backward, outside it.
            weight, bias = self._folded()
            out: Tensor = self.activation(self.conv.convolve(x, weight, bias))
        else:
            out = self.activation(self.norm(self.conv(x)))
        return out

    def _folded(self) -> tuple[Tensor, Tensor]:
        """Weight and bias of the convolution with the norm inside, differentiable in all four parameters."""
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        return self.conv.weight * scale.view(-1, 1, 1, 1), norm.bias - norm.running_mean * scale


class Block(nn.Module):
    """Inverted residual: widen, convolve each channel, narrow; plus the input where it has that shape."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = channels * expansion
        self.expand = ConvNorm(channels, inner, kernel=1) if expansion > 1 else nn.Identity()
        self.depthwise = ConvNorm(inner, inner, kernel=kernel, stride=stride, groups=inner)
        self.project = ConvNorm(inner, width, kernel=1, activate=False)
        self.residual = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        """Transform (N, channels, H, W) to (N, width, ceil(H / stride), ceil(W / stride))."""
        out: Tensor = self.project(self.depthwise(self.expand(x)))
        return out + x if self.residual else out


def same_padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Rows before and after, as TensorFlow's ``SAME`` pads a side of that length."""
    total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def stage_repeats(variant: str) -> list[int]:
    """Blocks in each stage; the depth scales all stages but the first and the last."""
    first, *middle, last = (stage[0] for stage in STAGES)
    return [first, *(math.ceil(repeats * VARIANTS[variant].depth) for repeats in middle), last]


def _round_width(width: float, divisor: int = 8) -> int:
    """Nearest multiple of ``divisor`` that is not more than a tenth below."""
    rounded = max(divisor, int(width + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * width else rounded
