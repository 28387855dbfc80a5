"""What a detector is to become better at: being sure where a product is, and how well its box fits."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from shelfwise.models.product_detector import Found
from shelfwise.training.detect.assign import Targets, assign

__all__ = ["Losses", "detection_losses", "generalized_overlap"]

_BOX_WEIGHT = 2.0


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
    Both are divided by the sum of the target scores.

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
    whole = score.sum().clamp(min=1.0)
    off = (score - found.logits.sigmoid()).square()
    entropy = functional.binary_cross_entropy_with_logits(found.logits, score, reduction="none")
    score_loss = (off * entropy * counted).sum() / whole
    box_loss = _box_loss(found.boxes, targets, products) / whole
    return Losses(score_loss + _BOX_WEIGHT * box_loss, score_loss.detach(), box_loss.detach())


def _box_loss(boxes: Tensor, targets: list[Targets], products: list[Tensor]) -> Tensor:
    losses = boxes.sum() * 0.0
    for own, each, wanted in zip(boxes, targets, products, strict=True):
        finds = each.product >= 0
        if finds.any():
            off = 1 - generalized_overlap(own[finds], wanted[each.product[finds]])
            losses = losses + (off * each.score[finds]).sum()
    return losses


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
