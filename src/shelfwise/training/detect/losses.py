"""What a detector is to become better at: being sure where a product is, and how well its box fits."""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from shelfwise.models.product_detector import Found
from shelfwise.training.detect.assign import Targets, assign

__all__ = ["Losses", "detection_losses", "generalized_overlap"]

_BOX_WEIGHT: Final = 2.0
_EVENNESS: Final = 0.5
"""0: each product counts the same; 1: each picture does."""


class Losses(NamedTuple):
    """Losses of a batch, each a scalar.

    Attributes:
        total: what is minimised.
        score: quality focal loss.
        box: one minus the generalised overlap.
    """

    total: Tensor
    score: Tensor
    box: Tensor


def detection_losses(found: Found, middles: Tensor, products: list[Tensor], ignored: list[Tensor]) -> Losses:
    """The losses of a batch of N pictures.

    Scores learn by the quality focal loss, ``|target - score|² · cross-entropy`` (Li et al. 2020, arXiv 2006.04388),
    boxes by the generalised overlap (Rezatofighi et al. 2019, arXiv 1902.09630), each weighted by the target score.
    Both are divided by the sum of the target scores. A picture of a hundred small products counts ten times as much
    as one of a single large one, not a hundred times, so that large ones are learned too.

    Args:
        found: the detector's answers.
        middles: (A, 2), x and y of its places.
        products: for each picture, (G, 4).
        ignored: for each picture, (I, 4): places on these that find no product do not count.
    """
    targets = [
        assign(middles, logits, boxes, own, left_out)
        for logits, boxes, own, left_out in zip(found.logits, found.boxes, products, ignored, strict=True)
    ]
    score = torch.stack([each.score for each in targets])
    counted = torch.stack([each.counted for each in targets])
    off = (score - found.logits.sigmoid()).square()
    entropy = functional.binary_cross_entropy_with_logits(found.logits, score, reduction="none")
    score_losses = (off * entropy * counted).sum(1)
    box_losses = torch.stack([_box_loss(*each) for each in zip(found.boxes, targets, products, strict=True)])
    sure = score.sum(1).clamp(min=1.0)
    weights = sure**-_EVENNESS
    whole = (weights * sure).sum()
    score_loss, box_loss = ((weights * each).sum() / whole for each in (score_losses, box_losses))
    return Losses(score_loss + _BOX_WEIGHT * box_loss, score_loss.detach(), box_loss.detach())


def _box_loss(boxes: Tensor, targets: Targets, products: Tensor) -> Tensor:
    """Of one picture: how far the boxes of its places are from those of the products that they are to find."""
    finds = targets.product >= 0
    if not finds.any():
        return boxes.sum() * 0.0
    off = 1 - generalized_overlap(boxes[finds], products[targets.product[finds]])
    return (off * targets.score[finds]).sum()


def generalized_overlap(one: Tensor, other: Tensor) -> Tensor:
    """Overlap less the share of the surrounding box that neither covers: boxes (B, 4) twice to (B,), -1 to 1."""
    common = (
        (torch.minimum(one[:, 2:], other[:, 2:]) - torch.maximum(one[:, :2], other[:, :2]))
        .clamp(min=0)
        .prod(1)
    )
    around = (torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])).prod(1)
    union = (one[:, 2:] - one[:, :2]).prod(1) + (other[:, 2:] - other[:, :2]).prod(1) - common
    union, around = union.clamp(min=1e-6), around.clamp(min=1e-6)
    return common / union - (around - union) / around
