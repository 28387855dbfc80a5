"""Dropout that is the same on every device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["Dropout"]


class Dropout(nn.Dropout):
    """Inverted dropout (Srivastava et al. 2014) whose mask is drawn by the CPU's generator.

    Each device has random numbers of its own; drawn by one of them, the masks of a seed are the same wherever
    the network is trained.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Set a share ``p`` of the values to 0 and scale the others by ``1 / (1 - p)``; in evaluation do nothing."""
        if not self.training or self.p == 0:
            return x
        kept = _mask(x.shape, self.p).to(x.device)
        return x * (kept * (1 / (1 - self.p)))


def _mask(shape: torch.Size, p: float) -> Tensor:
    """Which values are kept: each with probability ``1 - p``, to the next 1/65,536.

    One draw of 64 bits decides on four values, for a draw each would take a third of a small network's time.
    Pictures' masks lie in memory as training keeps pictures, channels last.
    """
    count = shape.numel()
    draws = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    kept = draws.view(torch.int16)[:count] >= min(round(p * 2**16), 2**16 - 1) - 2**15
    if len(shape) != 4:
        return kept.view(shape)
    n, c, h, w = shape
    return kept.view(n, h, w, c).permute(0, 3, 1, 2)
