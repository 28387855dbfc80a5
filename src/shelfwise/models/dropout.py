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
        kept = (torch.rand(x.shape) >= self.p).to(x.device)
        return x * kept / (1 - self.p)
