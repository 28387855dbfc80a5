"""Attention in the form that inference engines run best; equal to the trained one up to rounding."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["SettledAttention"]


class SettledAttention(nn.Module):
    """Scaled dot-product attention in plain matrix products, with all that is constant moved into the weights.

    The scale goes into the query. The key's bias adds the same to all scores of a query, so that the softmax loses
    it. The softmax's weights add up to 1, so that the value's bias goes through to the projection's.

    Args:
        qkv: the joint linear layer, rows in the order (query, key, value), then heads.
        proj: the linear layer behind.
        heads: number of heads.
        bias: added to the scores, (heads, places, places); None for nothing.
    """

    bias: Tensor | None

    def __init__(self, qkv: nn.Linear, proj: nn.Linear, heads: int, bias: Tensor | None = None) -> None:
        super().__init__()
        self.heads = heads
        width = qkv.in_features
        weights, biases = torch.split(qkv.weight.detach(), width), torch.split(qkv.bias.detach(), width)
        scale = 1 / math.sqrt(width // heads)
        self.query = _linear(weights[0] * scale, biases[0] * scale)
        self.key = _linear(weights[1], None)
        self.value = _linear(weights[2], None)
        projection = proj.weight.detach()
        self.proj = _linear(projection, proj.bias.detach() + projection @ biases[2])
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix normed tokens: (N, L, width) to (N, L, width)."""
        length, width = x.shape[1], x.shape[2]
        split = (-1, length, self.heads, width // self.heads)
        query = self.query(x).reshape(split).permute(0, 2, 1, 3)
        key = self.key(x).reshape(split).permute(0, 2, 3, 1)
        value = self.value(x).reshape(split).permute(0, 2, 1, 3)
        scores = query @ key
        if self.bias is not None:
            scores = scores + self.bias
        mixed = (scores.softmax(3) @ value).permute(0, 2, 1, 3).reshape(-1, length, width)
        out: Tensor = self.proj(mixed)
        return out


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer
