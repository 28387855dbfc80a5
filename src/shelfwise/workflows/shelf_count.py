"""What is on a shelf photo, put together: facings with names, rows, runs, and what a planogram says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.facings import Facing, Named, Run, find_runs, place_facings
from shelfwise.shelf.gaps import Gap, find_gaps
from shelfwise.shelf.planogram import Comparison, Planogram, compare
from shelfwise.shelf.rows import Row, find_rows
from shelfwise.shelf.share import Share, Tally, count_facings, share_by_category
from shelfwise.types import Detections, Prediction

__all__ = ["Arrangement", "Names", "Progress", "ShelfCount", "arrange_shelf"]

Progress = Callable[[int, int], None]
"""Told how many crops are named, and of how many."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What follows from boxes and their names alone.

    Attributes:
        rows: top to bottom; their members are numbers of facings.
        facings: one for each box, in the order of the boxes.
        runs: neighbouring facings of the same product, row by row; their members are numbers of facings.
        gaps: where products are missing.
        tally: how many facings each product and category has for sure.
        shares: of the shelf, by category.
        comparison: with the planogram; None without one.
    """

    rows: tuple[Row, ...]
    facings: tuple[Facing, ...]
    runs: tuple[Run, ...]
    gaps: tuple[Gap, ...]
    tally: Tally
    shares: tuple[Share, ...]
    comparison: Comparison | None = None


def arrange_shelf(
    found: Detections, named: Sequence[Named] | None = None, planogram: Planogram | None = None
) -> Arrangement:
    """Find rows, runs, gaps and shares of boxes, as a detector found them or a person corrected them.

    Args:
        found: the boxes.
        named: what is said of each; None: nobody named them.
        planogram: what should stand there.
    """
    size = found.width, found.height
    rows = find_rows(found.boxes, size)
    facings = place_facings(rows, found, named)
    runs = find_runs(facings)
    comparison = None if planogram is None else compare(planogram, facings, runs)
    gaps = find_gaps(rows, facings, runs, comparison=comparison, size=size)
    tally, shares = count_facings(facings, runs), share_by_category(facings, runs)
    return Arrangement(rows, facings, runs, gaps, tally, shares, comparison)


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """What is said of the boxes of one photo.

    Attributes:
        named: one for each box.
        predictions: what the model said of each crop.
        embeddings: float32 array of shape (N, features), of the crops.
        product_ids: id in the index of products of each box that is told to be one of them, else None.
    """

    named: tuple[Named, ...]
    predictions: tuple[Prediction, ...]
    embeddings: Floats
    product_ids: tuple[str | None, ...]

    def __post_init__(self) -> None:
        counts = {len(self.named), len(self.predictions), len(self.embeddings), len(self.product_ids)}
        if len(counts) != 1:
            raise ValueError(f"names, predictions, embeddings and products of {sorted(counts)} boxes")


@dataclass(frozen=True, slots=True, eq=False)
class ShelfCount:
    """What is on one shelf photo, or on several of one shelf that were joined.

    Attributes:
        sources: the photos' paths, None for one that had none.
        found: the detector's boxes and scores, the surest first, with the photo's size. Joined photos have the
            boxes of all of them, each product once, in pixels of the joined picture.
        arrangement: rows, facings, runs, gaps, counts, shares and the comparison with a planogram. Facing i is box i.
        names: what was said of each box; None where nothing was named.
        model: id and name of the model that named them; None where nothing was named.
        matrices: for each of several photos the homography (3, 3) from its pixels to those of the joined picture.
    """

    sources: tuple[str | None, ...]
    found: Detections
    arrangement: Arrangement
    names: Names | None = field(default=None, repr=False)
    model: tuple[str, str] | None = None
    matrices: tuple[NDArray[np.float64], ...] = ()

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("a shelf is counted on one photo at least")
        if len(self.arrangement.facings) != len(self.found):
            raise ValueError(f"{len(self.arrangement.facings)} facings of {len(self.found)} boxes")
        if self.names is not None and len(self.names.named) != len(self.found):
            raise ValueError(f"{len(self.names.named)} names of {len(self.found)} boxes")

    def __len__(self) -> int:
        """How many facings there are."""
        return len(self.found)

    @property
    def source(self) -> str | None:
        """The photo's path; of several the first one's."""
        return self.sources[0]

    @property
    def facings(self) -> tuple[Facing, ...]:
        """One for each box, in the order of the boxes."""
        return self.arrangement.facings

    @property
    def products(self) -> Mapping[str, int]:
        """Facings of each product that is sure, most first."""
        return self.arrangement.tally.products

    @property
    def categories(self) -> Mapping[str, int]:
        """Facings of each category that is sure, most first; those of its products too."""
        return self.arrangement.tally.categories

    @property
    def asked(self) -> int:
        """Facings that a person should be asked about."""
        return self.arrangement.tally.asked

    @property
    def unknown(self) -> int:
        """Facings of unknown products; all of them where nothing was named."""
        return self.arrangement.tally.unknown

    def to_dict(self) -> dict[str, Any]:
        """All of it but embeddings and probabilities, in values that JSON can hold."""
        from shelfwise.workflows.shelf_dict import count_to_dict

        return count_to_dict(self)
