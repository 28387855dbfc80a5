"""GELU in the form that inference engines recognise."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Gelu", "gelu"]


def gelu(x: Tensor) -> Tensor:
    """``x · Φ(x)``, Φ the standard normal distribution (Hendrycks and Gimpel 2016, arXiv 1606.08415).

    While a graph is exported it is written out with its factors in the order that ONNX Runtime makes one operator of;
    in the exporter's own order they stay five.
    """
    if torch.compiler.is_exporting():
        return x * 0.5 * (torch.erf(x / math.sqrt(2)) + 1)
    return functional.gelu(x)


class Gelu(nn.Module):
    """:func:`gelu` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply it to each value."""
        return gelu(x)
