"""Knowledge distillation: a trained model's answers as targets beside the labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from shelfwise.images.augment import resize

__all__ = ["Teacher"]


@dataclass(frozen=True, slots=True)
class Teacher:
    """A trained model that another one learns from.

    It sees the very pictures that the student sees, cropped, recoloured and mixed as they are, so that its answer
    belongs to them (Hinton et al. 2015, arXiv 1503.02531; Beyer et al. 2022, arXiv 2106.05237).

    Attributes:
        size: side of the pictures it takes.
        answer: its probabilities of the student's categories, float32 (N, C), for uint8 pictures (N, S, S, 3).
        share: the share of its answer in the target, 0 to 1; the label has the rest.
    """

    size: int
    answer: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    share: float

    def teach(self, images: Tensor, targets: Tensor) -> Tensor:
        """The targets with its answers in them.

        Args:
            images: float32 N×3×S×S in 0…255, of any side.
            targets: N×C, rows summing to 1.

        Returns:
            N×C, rows summing to 1.

        Raises:
            ModelError: the teacher fails on them.
        """
        pictures = resize(images, self.size).round().clamp(0, 255).byte()
        answers = self.answer(pictures.permute(0, 2, 3, 1).contiguous().cpu().numpy())
        return torch.from_numpy(answers).to(targets.device).lerp(targets, 1 - self.share)
