"""What is told of a detector that finds nothing."""

from __future__ import annotations

from typing import Final

from shelfwise.text import many
from shelfwise.training.detect.measures import DetectionFigures

__all__ = ["MORE_NEEDED", "nothing_found"]

MORE_NEEDED: Final = (
    "It needs more training or more photos: train longer (--epochs), add photos with boxes (--also), or start from a"
    " detector that finds products (--weights)."
)
"""What to do about it."""


def nothing_found(figures: DetectionFigures) -> str:
    """The sentence for figures of which no box counts."""
    where = f"{many(figures.photos, 'photo')} with {many(figures.counts.products, 'product')}"
    return f"The detector finds nothing: on {where}, no box has a score from {figures.threshold:g}."
