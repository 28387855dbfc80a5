"""TinyViT-5M (Wu et al. 2022, "TinyViT: Fast Pretraining Distillation", arXiv 2207.10666).

Batch norms are folded into the convolutions before them, as in the weights that are published without them; module
names are those of these weights.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.models.activation import Gelu, gelu
from shelfwise.models.attention import SettledAttention
from shelfwise.models.network import Network, fresh_head

__all__ = ["TinyViT"]

_WIDTHS = (64, 128, 160, 320)
_DEPTHS = (2, 2, 6, 2)
_WINDOWS = (0, 7, 14, 7)
_HEAD_WIDTH = 32


class TinyViT(Network):
    """Convolutions on two coarse scales, then windows of attention with a local convolution between.

    The feature vector (320) is the normed mean over all places.

    Args:
        num_classes: number C of categories.
        dropout: rate before the last layer.
        depths: number of blocks in each of the four stages.
    """

    def __init__(
        self, num_classes: int, dropout: float = 0.0, *, depths: tuple[int, int, int, int] = _DEPTHS
    ) -> None:
        super().__init__(_WIDTHS[-1], num_classes)
        first = _WIDTHS[0]
        self.patch_embed = nn.Sequential(
            OrderedDict(
                conv1=_Conv(3, first // 2, 3, stride=2),
                act=Gelu(),
                conv2=_Conv(first // 2, first, 3, stride=2),
            )
        )
        self.layers = nn.ModuleList(
            _Stage(before, width, depth, window)
            for before, width, depth, window in zip(
                (first, *_WIDTHS), _WIDTHS, depths, _WINDOWS, strict=False
            )
        )
        self.norm = nn.LayerNorm(_WIDTHS[-1], eps=1e-5)
        self.head = fresh_head(_WIDTHS[-1], num_classes, dropout)

    def stages(self) -> list[nn.Module]:
        """The first convolutions, the four stages, and the last norm."""
        return [self.patch_embed, *self.layers, self.norm]

    def settle(self, size: int) -> None:
        """Write the attention out, with its biases looked up."""
        for module in self.modules():
            if isinstance(module, _Attention):
                module.settle()

    def features(self, x: Tensor) -> Tensor:
        """Embed normalised pictures of any size: (N, 3, H, W) to (N, 320)."""
        x = self.patch_embed(x)
        for layer in self.layers:
            x = layer(x)
        embedding: Tensor = self.norm(x.mean((2, 3)))
        return embedding


class _Conv(nn.Module):
    """A convolution that keeps the size but for its stride."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return out


class _InvertedBottleneck(nn.Module):
    """Expand, filter each channel, contract; with a shortcut and the activation behind it (MBConv)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _Conv(width, 4 * width)
        self.conv2 = _Conv(4 * width, 4 * width, 3, groups=4 * width)
        self.conv3 = _Conv(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        inner = gelu(self.conv1(x))
        inner = gelu(self.conv2(inner))
        return gelu(self.conv3(inner) + x)


class _Downsample(nn.Module):
    """Halve both sides."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = _Conv(inputs, outputs)
        self.conv2 = _Conv(outputs, outputs, 3, stride=2, groups=outputs)
        self.conv3 = _Conv(outputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv3(gelu(self.conv2(gelu(self.conv1(x)))))
        return out


class _Attention(nn.Module):
    """Attention among the places of a window, with a learned bias for each distance of two places."""

    places: Tensor

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.heads = width // _HEAD_WIDTH
        self.norm = nn.LayerNorm(width, eps=1e-5)
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.zeros(self.heads, window * window))
        self.register_buffer("places", _distances(window), persistent=False)
        self.settled: SettledAttention | None = None

    def settle(self) -> None:
        """Write the attention out, with the bias of each two places looked up once and for all."""
        width = self.qkv.in_features
        # Each head's query, key and value lie side by side in the weights.
        order = torch.arange(3 * width).reshape(self.heads, 3, -1).transpose(0, 1).flatten()
        joint = nn.Linear(width, 3 * width)
        joint.weight.data, joint.bias.data = self.qkv.weight.data[order], self.qkv.bias.data[order]
        bias = self.attention_biases.detach()[:, self.places]
        self.settled = SettledAttention(joint, self.proj, self.heads, bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        if self.settled is not None:
            out: Tensor = self.settled(x)
            return out
        count, length, width = x.shape
        q, k, v = (
            self.qkv(x).reshape(count, length, self.heads, 3, _HEAD_WIDTH).permute(3, 0, 2, 1, 4).unbind(0)
        )
        bias = self.attention_biases[:, self.places]
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(count, -1, -1, -1))
        out = self.proj(mixed.transpose(1, 2).reshape(count, length, width))
        return out


def _distances(window: int) -> Tensor:
    """For each two places of a window the number of their distance (rows, columns): int64 (window², window²)."""
    rows, columns = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], 1)
    apart = (places[:, None] - places[None, :]).abs()
    return apart[..., 0] * window + apart[..., 1]


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=1e-5)
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(gelu(self.fc1(self.norm(x))))
        return out


class _AttentionBlock(nn.Module):
    """Attention in windows, a convolution of each channel and a perceptron; (N, H, W, C) in and out."""

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = _Attention(width, window)
        self.local_conv = _Conv(width, width, 3, groups=width)
        self.mlp = _Mlp(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self._attend(x)
        x = self.local_conv(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        out: Tensor = x + self.mlp(x)
        return out

    def _attend(self, x: Tensor) -> Tensor:
        _, height, length, width = x.shape
        side = self.window
        below, right = -height % side, -length % side
        x = functional.pad(x, (0, 0, 0, right, 0, below)) if below or right else x
        down, along = (height + below) // side, (length + right) // side
        if down == along == 1:
            mixed: Tensor = self.attn(x.reshape(-1, side * side, width)).reshape(-1, side, side, width)
        else:
            windows = x.reshape(-1, down, side, along, side, width).permute(0, 1, 3, 2, 4, 5)
            mixed = self.attn(windows.reshape(-1, side * side, width))
            mixed = mixed.reshape(-1, down, along, side, side, width).permute(0, 1, 3, 2, 4, 5)
            mixed = mixed.reshape(-1, down * side, along * side, width)
        return mixed[:, :height, :length] if below or right else mixed


class _Stage(nn.Module):
    def __init__(self, inputs: int, width: int, depth: int, window: int) -> None:
        super().__init__()
        self.channels_last = window > 0
        self.downsample = _Downsample(inputs, width) if inputs != width else nn.Identity()
        blocks = (
            _AttentionBlock(width, window) if window else _InvertedBottleneck(width) for _ in range(depth)
        )
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        x = self.downsample(x)
        if self.channels_last:
            out: Tensor = self.blocks(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        else:
            out = self.blocks(x)
        return out
