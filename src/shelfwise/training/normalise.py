"""Normalisation of pixels where a network is trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["scale_and_shift"]


def scale_and_shift(
    mean: Sequence[float], std: Sequence[float], device: torch.device
) -> tuple[Tensor, Tensor]:
    """What normalises pixels x of 0…255 as ``x · scale - shift``: two tensors of shape (1, 3, 1, 1).

    Args:
        mean, std: of the three colours, of values in 0…1.
        device: where the tensors are to be.
    """
    scale = torch.tensor(std, device=device).view(1, 3, 1, 1) * 255
    return 1 / scale, torch.tensor(mean, device=device).view(1, 3, 1, 1) * 255 / scale
