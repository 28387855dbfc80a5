"""Joining photos of one shelf, so that what is on two of them counts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.errors import ShelfError
from shelfwise.shelf.facings import NOBODY, Named
from shelfwise.shelf.overlap import Laid, View, find_overlaps
from shelfwise.shelf.pairing import likeness
from shelfwise.shelf.transform import apply, map_boxes

__all__ = ["Joined", "Part", "join"]

Floats = NDArray[np.float64]

_CUT: Final = 0.008
"""A box this near to the photo's edge, in sizes of the photo, may be cut off by it."""
_PAIRS: Final = 4
"""Products that have to be on both photos."""
_RATE: Final = 0.35
"""What speaks for the overlap, for each product in it, at least: 1 where all are found on both and look the same."""
_RIVAL: Final = 0.65
"""Another way is as good where it has this share of what speaks for the best one,"""
_AS_GOOD: Final = 0.12
"""and for each product that much less at most."""
_LARGEST: Final = 6
"""Sizes of the first photo that the joined picture has, at most, for each photo."""
_ORDER: Final = ("unknown", "ask", "accept")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What was found on one photo.

    Attributes:
        boxes: float32 (N, 4), in pixels.
        embeddings: float32 (N, D), of length 1 each.
        size: width and height of the photo.
        scores: float32 (N,), the detector's; None: all alike.
        named: what is said of each box; None: nobody named them.
        name: what to call the photo in errors; None: its number.
    """

    boxes: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    size: tuple[int, int]
    scores: NDArray[np.float32] | None = None
    named: Sequence[Named] | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        count = len(self.boxes)
        if self.boxes.shape != (count, 4) or self.embeddings.ndim != 2 or len(self.embeddings) != count:
            raise ValueError(f"{self.boxes.shape} boxes do not go with embeddings of {self.embeddings.shape}")
        others = [len(values) for values in (self.scores, self.named) if values is not None]
        if any(other != count for other in others):
            raise ValueError(f"{count} boxes, but {others} scores and names")


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """A shelf from several photos, in the coordinates of one picture that holds them all.

    Attributes:
        boxes: float32 (N, 4); each product once.
        embeddings: float32 (N, D).
        scores: float32 (N,).
        named: what is said of each box, by the surer of the photos.
        sources: of each box, the photo that it was taken from and its number there.
        size: width and height of the joined picture.
        matrices: for each photo the homography (3, 3) from it to the joined picture.
        twice: how many boxes were left out, because another photo shows the same product.
    """

    boxes: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    scores: NDArray[np.float32]
    named: tuple[Named, ...]
    sources: tuple[tuple[int, int], ...]
    size: tuple[int, int]
    matrices: tuple[Floats, ...]
    twice: int


@dataclass(slots=True)
class _Whole:
    """What is joined so far, in the first photo's coordinates."""

    view: View
    embeddings: NDArray[np.float32]
    scores: NDArray[np.float32]
    named: list[Named]
    sources: list[tuple[int, int]]
    matrices: list[Floats]
    twice: int = 0


def join(parts: Sequence[Part]) -> Joined:
    """Join photos of one shelf, each of which overlaps one of those before it.

    The first photo's coordinates are kept, moved so that nothing is below 0. Of a product on two photos, the box that
    no edge cuts off is kept, else the one that the detector is surer of.

    Args:
        parts: the photos, from one end of the shelf to the other.

    Raises:
        ShelfError: there is no photo, or the overlap of two cannot be found or is ambiguous; the message tells what
            to do.
    """
    if not parts:
        raise ShelfError("there is no photo to join: give two of one shelf that overlap")
    whole = _start(parts[0], 0)
    names = [part.name or f"photo {number}" for number, part in enumerate(parts, 1)]
    for number, part in enumerate(parts[1:], 1):
        _add(whole, _start(part, number), names[: number + 1], parts[0].size)
    return _finish(whole, len(parts), parts[0].size)


def _start(part: Part, number: int) -> _Whole:
    boxes = part.boxes.astype(np.float64)
    width, height = part.size
    limit = np.array([width, height]) * _CUT
    room = np.minimum(boxes[:, :2] - limit, (width, height) - limit - boxes[:, 2:])
    cut: NDArray[np.bool_] = room.min(axis=1) < 0
    quad = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    count = len(boxes)
    return _Whole(
        View(boxes, cut, (quad,)),
        part.embeddings,
        np.ones(count, np.float32) if part.scores is None else part.scores,
        [NOBODY] * count if part.named is None else list(part.named),
        [(number, i) for i in range(count)],
        [np.eye(3)],
    )


def _add(whole: _Whole, new: _Whole, names: Sequence[str], size: tuple[int, int]) -> None:
    laid = _laid(whole, new, names)
    boxes = map_boxes(laid.matrix, new.view.boxes)
    same = {int(j): int(i) for i, j in laid.pairing.pairs}
    kept, added = whole.view.boxes.copy(), [j for j in range(len(boxes)) if j not in same]
    cut = whole.view.cut.copy()
    for j, i in same.items():
        if (not new.view.cut[j], new.scores[j]) > (not cut[i], whole.scores[i]):
            kept[i], cut[i] = boxes[j], new.view.cut[j]
            whole.embeddings = _with(whole.embeddings, i, new.embeddings[j])
            whole.scores = _with(whole.scores, i, new.scores[j])
            whole.sources[i] = new.sources[j]
        whole.named[i] = max(whole.named[i], new.named[j], key=_sureness)
    quads = tuple(apply(laid.matrix, quad) for quad in new.view.quads)
    whole.view = View(
        np.concatenate([kept, boxes[added]]),
        np.concatenate([cut, new.view.cut[added]]),
        (*whole.view.quads, *quads),
    )
    whole.embeddings = np.concatenate([whole.embeddings, new.embeddings[added]])
    whole.scores = np.concatenate([whole.scores, new.scores[added]])
    whole.named += [new.named[j] for j in added]
    whole.sources += [new.sources[j] for j in added]
    whole.matrices.append(laid.matrix)
    whole.twice += len(same)
    extent = np.ptp(np.concatenate(whole.view.quads), axis=0)
    if (extent > _LARGEST * len(names) * np.array(size)).any():
        raise ShelfError(f"{names[-1]} cannot be laid beside the others: {_ADVICE}")


_ADVICE: Final = (
    "take photos of one shelf from about the same distance, so that at least a third of each is on the next one, "
    "with products of more than one kind in that part; or count them one by one"
)


def _laid(whole: _Whole, new: _Whole, names: Sequence[str]) -> Laid:
    """How the new photo, the last one of these names, lies over the others.

    Raises:
        ShelfError: it is not found, or another way is just as good.
    """
    others = names[0] if len(names) == 2 else "the photos before it"
    start = f"{names[-1]} cannot be joined to {others}: "
    if min(len(whole.named), len(new.named)) < _PAIRS:
        raise ShelfError(f"{start}there are fewer than {_PAIRS} products on one of them; {_ADVICE}")
    found = find_overlaps(whole.view, new.view, likeness(whole.embeddings, new.embeddings))
    best = found[0] if found else None
    if best is None or len(best.pairing.pairs) < _PAIRS or best.pairing.rate < _RATE:
        raise ShelfError(f"{start}no part of the shelf was found on both; {_ADVICE}")
    for other in found[1:]:
        as_good = other.pairing.rate >= best.pairing.rate - _AS_GOOD
        if as_good and other.pairing.score >= _RIVAL * best.pairing.score:
            raise ShelfError(
                f"{start}equal products stand side by side in what both show, so that it fits in more than one "
                f"place; {_ADVICE}"
            )
    return best


def _sureness(named: Named) -> tuple[int, float]:
    return _ORDER.index(named.answer), named.confidence


def _with(
    values: NDArray[np.float32], number: int, value: NDArray[np.float32] | np.float32
) -> NDArray[np.float32]:
    changed = values.copy()
    changed[number] = value
    return changed


def _finish(whole: _Whole, photos: int, size: tuple[int, int]) -> Joined:
    """Move everything so that nothing is below 0, and say how large the picture is."""
    points = np.concatenate(whole.view.quads) if photos > 1 else whole.view.quads[0]
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    move = np.eye(3)
    move[:2, 2] = -low
    extent = (int(high[0] - low[0]), int(high[1] - low[1])) if photos > 1 else size
    boxes = whole.view.boxes - np.tile(low, 2)
    return Joined(
        np.clip(boxes, 0, [*extent, *extent]).astype(np.float32),
        whole.embeddings,
        whole.scores,
        tuple(whole.named),
        tuple(whole.sources),
        extent,
        tuple(move @ matrix for matrix in whole.matrices),
        whole.twice,
    )
