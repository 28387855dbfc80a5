"""One box a product: of boxes that overlap much, the surest is kept."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Kind", "overlaps", "suppress"]

Kind = Literal["hard", "soft"]
"""``hard`` leaves out what overlaps a surer box by more than the limit, ``soft`` makes it less sure the more so."""

Floats = NDArray[np.float32]

_SIGMA: Final = 0.5
_SMALL: Final = 1e-9


def suppress(
    boxes: Floats,
    scores: Floats,
    *,
    overlap: float = 0.6,
    kind: Kind = "hard",
    least: float = 0.0,
    limit: int = 1000,
) -> tuple[NDArray[np.intp], Floats]:
    """Choose the boxes to keep.

    Greedy non-maximum suppression, or Soft-NMS with the Gaussian penalty ``exp(-overlap² / 0.5)`` (Bodla et al. 2017,
    arXiv 1704.04503). Boxes of the same score are taken from top to bottom and left to right, so that the result does
    not depend on the order given.

    Args:
        boxes: (N, 4), left, top, right and bottom edges.
        scores: (N,), 0 to 1.
        overlap: intersection over union above which ``hard`` leaves the less sure box out.
        kind: how.
        least: boxes less sure than this are left out, ``soft`` ones after their penalty too.
        limit: boxes to keep at most.

    Returns:
        Which boxes are kept, surest first, and their scores.
    """
    order = np.lexsort((boxes[:, 3], boxes[:, 2], boxes[:, 0], boxes[:, 1], -scores))
    order = order[scores[order] >= least]
    if kind == "soft":
        return _softly(boxes, scores, order, least, limit)
    kept: list[int] = []
    while len(order) and len(kept) < limit:
        first, rest = order[0], order[1:]
        kept.append(int(first))
        order = rest[overlaps(boxes[first][None], boxes[rest])[0] <= overlap]
    chosen = np.array(kept, np.intp)
    return chosen, scores[chosen]


def _softly(
    boxes: Floats, scores: Floats, order: NDArray[np.intp], least: float, limit: int
) -> tuple[NDArray[np.intp], Floats]:
    left, sure = order, scores[order].astype(np.float32)
    kept: list[int] = []
    final: list[float] = []
    while len(left) and len(kept) < limit:
        best = int(sure.argmax())
        if sure[best] < least:
            break
        kept.append(int(left[best]))
        final.append(float(sure[best]))
        common = overlaps(boxes[left[best]][None], boxes[left])[0]
        sure = sure * np.exp(-np.square(common) / np.float32(_SIGMA))
        left, sure = np.delete(left, best), np.delete(sure, best)
    return np.array(kept, np.intp), np.array(final, np.float32)


def overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union of each of boxes (N, 4) with each of boxes (M, 4): (N, M)."""
    starts = np.maximum(one[:, None, :2], other[None, :, :2])
    ends = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = np.clip(ends - starts, 0, None).prod(2)
    first, second = ((each[:, 2:] - each[:, :2]).prod(1) for each in (one, other))
    union = first[:, None] + second[None] - common
    return np.asarray(common / np.maximum(union, _SMALL), np.float32)
