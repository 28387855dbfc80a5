"""Which neighbouring boxes of a kept shelf photo look the same, whatever the model takes them for.

Where little is known of a shop's products, the model's answers say little of which facings are the same product: its
embeddings of them do. They are kept with the photo, so that this takes no look at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.answers.shelf_records import ShelfBox
from shelfwise.shelf.facings import Facing

__all__ = ["alike_groups", "kept_embeddings", "place_in_embeddings"]

_SAME: Final = 0.85
"""Cosine of neighbours that look the same, at least, with the model that comes with Shelfwise; see docs/shelf.md."""
_DIFFERENT: Final = 0.1
"""Quantile of a photo's cosines that two different products have on all but photos of one product alone."""
_MOST_COMPARED: Final = 200
_NEIGHBOURS: Final = ((1, 0), (0, 1), (2, 0))
"""Places aside and levels up. The second one aside is looked at too: one turned box does not part those around it."""

Floats = NDArray[np.float32]


def kept_embeddings(kept: bytes, boxes: Sequence[ShelfBox]) -> Floats:
    """The embeddings that were kept with a shelf photo, each of length 1, or 0 where the network saw nothing.

    Args:
        kept: float16 values, as :meth:`~shelfwise.answers.shelf_book.ShelfBook.read_whole` gives them.
        boxes: all boxes of the photo.

    Returns:
        shape (N, features); row i is of the box at :func:`place_in_embeddings` i.
    """
    found = sum(box.score is not None for box in boxes)
    embeddings = np.frombuffer(kept, np.float16).astype(np.float32).reshape(max(1, found), -1)
    lengths = np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-6)
    scaled: Floats = embeddings / lengths
    return scaled


def place_in_embeddings(box: ShelfBox) -> int | None:
    """Row of a box in the embeddings of its photo; None of one that a person added."""
    # Keys are places in the list that embeddings were kept for.
    return None if box.score is None else int(box.key) - 1


def alike_groups(
    facings: Sequence[Facing], boxes: Sequence[ShelfBox], embeddings: Floats
) -> tuple[tuple[int, ...], ...]:
    """Group neighbouring facings that look the same; one that looks like no neighbour is in no group.

    Neighbours are as in :func:`~shelfwise.shelf.facings.find_runs`, and also the second ones aside. They look the
    same where their embeddings' cosine is high, and lies in the upper half between what different products of this
    photo have and 1: with other models, different products may be as near as equal ones are with this one.

    Args:
        facings: of the boxes; facing i is box i.
        boxes: of one shelf photo.
        embeddings: of :func:`kept_embeddings`.

    Returns:
        numbers of the facings of each group, by position, then level.
    """
    rows = [place_in_embeddings(box) for box in boxes]
    least = max(_SAME, (1 + _different(embeddings)) / 2)
    # A forest: each facing leads to another one of its group, and the last to itself.
    leads_to = list(range(len(facings)))
    for i, j in _neighbours(facings):
        first, second = rows[i], rows[j]
        if first is not None and second is not None and embeddings[first] @ embeddings[second] >= least:
            leads_to[_last(leads_to, i)] = _last(leads_to, j)
    groups: dict[int, list[int]] = {}
    for i in sorted(range(len(facings)), key=lambda i: (facings[i].position, facings[i].level)):
        groups.setdefault(_last(leads_to, i), []).append(i)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _neighbours(facings: Sequence[Facing]) -> Iterator[tuple[int, int]]:
    """Pairs of facings that are neighbours, each pair once."""
    cells = {(f.row, f.position, f.level): i for i, f in enumerate(facings)}
    for (row, position, level), i in cells.items():
        for aside, up in _NEIGHBOURS:
            j = cells.get((row, position + aside, level + up))
            if j is not None:
                yield i, j


def _different(embeddings: Floats) -> float:
    """What cosine two different products of a photo have: some of its boxes say so."""
    some = embeddings[:: 1 + len(embeddings) // _MOST_COMPARED]
    cosines = (some @ some.T)[~np.eye(len(some), dtype=bool)]
    return float(np.quantile(cosines, _DIFFERENT)) if cosines.size else 0.0


def _last(leads_to: Sequence[int], i: int) -> int:
    while leads_to[i] != i:
        i = leads_to[i]
    return i
