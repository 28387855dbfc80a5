"""What follows from the boxes of a kept shelf photo as people left them: places, runs, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shelfwise.answers.shelf_records import ShelfBox, ShelfPhoto
from shelfwise.shelf.facings import Guess, Named
from shelfwise.shelf.planogram import Planogram
from shelfwise.types import Detections
from shelfwise.workflows.shelf_count import Arrangement, arrange_shelf
from shelfwise.workflows.shop_shelf_alike import alike_groups, kept_embeddings

__all__ = ["ProductCount", "ShelfView", "counts_of", "named_box", "view_of"]


@dataclass(frozen=True, slots=True)
class ProductCount:
    """How many facings of one product are on a shelf photo.

    Attributes:
        product_id, product: the stock product.
        category: its category, as far as it has one.
        facings: those that are sure or that a person named.
    """

    product_id: int
    product: str
    category: str | None
    facings: int


@dataclass(frozen=True, slots=True)
class ShelfView:
    """A shelf photo as it is seen now.

    Attributes:
        shelf: the photo.
        boxes: what is there, as people left it. Facing i of ``arrangement`` is box i.
        removed: boxes that people took away.
        arrangement: rows, facings, runs and gaps, and the comparison with a planogram.
        products: facings by product, most first.
        asked, unknown: facings that a person should choose for, and those that are like nothing known.
        alike: groups of neighbouring facings that look the same, whatever they are taken for.
    """

    shelf: ShelfPhoto
    boxes: tuple[ShelfBox, ...]
    removed: tuple[ShelfBox, ...]
    arrangement: Arrangement
    products: tuple[ProductCount, ...]
    asked: int
    unknown: int
    alike: tuple[tuple[int, ...], ...] = ()


def view_of(
    shelf: ShelfPhoto,
    boxes: Sequence[ShelfBox],
    planogram: Planogram | None = None,
    embeddings: bytes | None = None,
) -> ShelfView:
    """Arrange the boxes of a shelf photo.

    Args:
        shelf: the photo.
        boxes: all its boxes.
        planogram: what should stand there.
        embeddings: those that were kept of the photo; None: what looks the same is not told.
    """
    there = [box for box in boxes if not box.removed]
    # Results of a detector are in the order of their scores; what a person added is sure.
    there.sort(key=lambda box: -_score(box))
    edges = np.array([box.box for box in there], np.float32).reshape(-1, 4)
    scores = np.array([_score(box) for box in there], np.float32)
    found = Detections(edges, scores, shelf.width, shelf.height, shelf.name)
    arrangement = arrange_shelf(found, [named_box(box) for box in there], planogram)
    answers = Counter(box.answer for box in there)
    return ShelfView(
        shelf=shelf,
        boxes=tuple(there),
        removed=tuple(box for box in boxes if box.removed),
        arrangement=arrangement,
        products=counts_of(there),
        asked=answers["ask"],
        unknown=answers["unknown"],
        alike=alike_groups(arrangement.facings, there, kept_embeddings(embeddings, boxes))
        if embeddings
        else (),
    )


def counts_of(boxes: Sequence[ShelfBox]) -> tuple[ProductCount, ...]:
    """Facings by product, most first: of the boxes that are there, and whose product is sure or was said."""
    facings: Counter[int] = Counter()
    names: dict[int, tuple[str, str | None]] = {}
    for box in boxes:
        product_id = box.now_product_id
        if product_id is not None and box.answer == "accept" and not box.removed:
            facings[product_id] += 1
            names[product_id] = box.now_product or "", box.now_category
    counts = [ProductCount(each, *names[each], number) for each, number in facings.items()]
    return tuple(sorted(counts, key=lambda count: (-count.facings, count.product, count.product_id)))


def named_box(box: ShelfBox) -> Named:
    """What is said of a box by now, as the shelf's arithmetic takes it."""
    answer, product, category = box.answer, box.now_product, box.now_category
    confidence = 1.0 if box.verdict is not None else box.confidence or 0.0
    guesses = tuple(Guess(each.product, each.category, each.confidence) for each in box.candidates)
    if answer == "unknown" or not (product or category):
        settled = box.verdict == "unknown"
        return Named("unknown", candidates=() if settled else guesses, settled=settled)
    return Named(answer, product, category, confidence, guesses if answer == "ask" else (), box.now_gtin)


def _score(box: ShelfBox) -> float:
    return 1.0 if box.score is None else box.score
