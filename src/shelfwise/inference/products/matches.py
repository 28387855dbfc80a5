"""What an index of products is given and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shelfwise.inference.products.records import Photo, Product

__all__ = ["Added", "Enrolled", "Finding", "Match"]

Floats = NDArray[np.float32]


class Enrolled(NamedTuple):
    """A photo and its embedding, a float32 array of shape (features,) and any length."""

    photo: Photo
    embedding: Floats


class Match(NamedTuple):
    """A product that a photo may show.

    Attributes:
        product: which.
        similarity: -1 to 1, see :mod:`shelfwise.inference.products.gallery`.
        confidence: 0 to 1, how likely it is this one and neither another nor an unknown one.
    """

    product: Product
    similarity: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What an index says of one photo.

    Attributes:
        matches: the most similar products, best first.
        threshold: the similarity from which on it is one of them.
    """

    matches: tuple[Match, ...]
    threshold: float

    @property
    def best(self) -> Match | None:
        """The product on the photo, or None for an unknown product: none is near enough."""
        first = self.matches[0] if self.matches else None
        return first if first is not None and first.similarity >= self.threshold else None


class Added(NamedTuple):
    """What adding photos did: the product as it now is; how many photos were new, moved to it, or there before."""

    product: Product
    new: int
    moved: int
    known: int
