"""Which places of a detector are to find which product, decided by what the detector answers so far.

Task-aligned assignment (TOOD, Feng et al. 2021, arXiv 2108.07755): a place is good for a product if it lies on it, is
sure of a product and its box fits; the best few places of each product learn to be sure by as much as their box fits,
and all others learn that they find nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor

__all__ = ["Targets", "assign", "overlap"]

BEST: Final = 13
"""Places a product is assigned to at most."""
SURE_POWER: Final = 0.5
FIT_POWER: Final = 6.0
"""Powers of certainty and overlap in how good a place is."""
_SMALL: Final = 1e-9


class Targets(NamedTuple):
    """What a picture's places are to answer.

    Attributes:
        product: int64 (A,), number of the product that a place is to find, or -1.
        score: float32 (A,), how sure it is to be: 0 where it finds none.
        counted: float32 (A,), 0 where an answer is neither right nor wrong.
    """

    product: Tensor
    score: Tensor
    counted: Tensor


@torch.no_grad()
def assign(middles: Tensor, logits: Tensor, boxes: Tensor, products: Tensor, ignored: Tensor) -> Targets:
    """Assign the places of one picture.

    Args:
        middles: (A, 2), x and y of the places.
        logits: (A,), the detector's answers.
        boxes: (A, 4), its boxes.
        products: (G, 4), the boxes of the products.
        ignored: (I, 4), boxes in which nothing is right or wrong.
    """
    counted = torch.ones_like(logits)
    if len(ignored):
        counted[_inside(middles, ignored).any(1)] = 0.0
    if not len(products):
        return Targets(logits.new_full(logits.shape, -1, dtype=torch.long), torch.zeros_like(logits), counted)
    fit = overlap(boxes[:, None], products[None])
    good = logits.sigmoid()[:, None] ** SURE_POWER * fit**FIT_POWER
    good = torch.where(_inside(middles, products), good, 0.0)
    best = torch.zeros_like(good, dtype=torch.bool)
    top = good.topk(min(BEST, len(good)), dim=0)
    best.scatter_(0, top.indices, top.values > _SMALL)
    # A place that is among the best of several products finds the one that its box fits best.
    fit_of_best = torch.where(best, fit, -1.0)
    fitting, product = fit_of_best.max(1)
    chosen = fitting >= 0
    product = torch.where(chosen, product, -1)
    own = best & (torch.arange(len(products), device=product.device) == product[:, None])
    highest = torch.where(own, good, 0.0).amax(0).clamp(min=_SMALL)
    widest = torch.where(own, fit, 0.0).amax(0)
    score = torch.where(own, good / highest * widest, 0.0).sum(1)
    return Targets(product, score, torch.where(chosen, 1.0, counted))


def _inside(middles: Tensor, boxes: Tensor) -> Tensor:
    """Whether each place lies on each box: bool (A, B)."""
    x, y = middles[:, None, 0], middles[:, None, 1]
    return (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of boxes (…, 4), broadcast: (…)."""
    sides = (torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])).clamp(
        min=0
    )
    common = sides[..., 0] * sides[..., 1]
    areas = [(each[..., 2] - each[..., 0]) * (each[..., 3] - each[..., 1]) for each in (one, other)]
    return common / (areas[0] + areas[1] - common).clamp(min=_SMALL)
