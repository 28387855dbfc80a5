"""How a photo looks: sharpness, light and contrast, measured inside its padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Looks", "content", "measure", "sharpness"]

UNIFORM = 4.0
"""Standard deviation below which a row or column is padding (JPEG leaves 1 to 3 beside an edge)."""
MARGIN = 2
"""Rows and columns cut off beside padding, where the edge rings."""
SMALLEST = 16
"""Below this many rows or columns of content, the whole picture counts."""
DIRECTION_SHARE = 0.05
"""A direction with less than this share of the gradient energy says nothing about sharpness."""

Grey = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Looks:
    """Measures of one photo, without its padding.

    Attributes:
        sharpness: see :func:`sharpness`; None where there is no detail to judge by.
        highlights: 95th percentile of the strongest of the three colours, 0 to 255.
        shadows: 5th percentile of the luminance, 0 to 255.
        contrast: standard deviation of the luminance.
    """

    sharpness: float | None
    highlights: float
    shadows: float
    contrast: float


def content(grey: Grey) -> tuple[slice, slice]:
    """Rows and columns inside a uniform border (grey padding, white or black bars).

    Args:
        grey: luminance, shape (height, width).
    """
    rows = _inner(grey.std(axis=1))
    return rows, _inner(grey[rows].std(axis=0))


def _inner(deviation: NDArray[np.floating]) -> slice:
    busy = np.flatnonzero(deviation > UNIFORM)
    if not len(busy):
        return slice(0, len(deviation))
    start = int(busy[0]) + MARGIN if busy[0] else 0
    stop = int(busy[-1]) + 1 - (MARGIN if busy[-1] + 1 < len(deviation) else 0)
    return slice(start, stop) if stop - start >= SMALLEST else slice(0, len(deviation))


def sharpness(grey: Grey) -> float | None:
    """Energy of the second derivative over that of the first, in the blurrier of the two directions.

    By Parseval's theorem this is the mean squared spatial frequency, weighted by gradient energy. It is the
    variance of the Laplacian made independent of contrast, so that a plain box on a white wall is not called
    blurred and a shaken crowd of apples not sharp; each direction counts alone because a shaken photo is
    blurred in one only.

    Args:
        grey: luminance, shape (height, width).

    Returns:
        0 (smooth) to 4 (checkerboard) and above; None where there is no detail to judge by.
    """
    if min(grey.shape) < 3:
        return None
    inner = grey[1:-1, 1:-1]
    across = (grey[1:-1, 2:], grey[1:-1, :-2])
    along = (grey[2:, 1:-1], grey[:-2, 1:-1])
    slopes = [float(np.mean(((after - before) / 2) ** 2)) for after, before in (across, along)]
    bends = [float(np.mean((after + before - 2 * inner) ** 2)) for after, before in (across, along)]
    least = max(DIRECTION_SHARE * sum(slopes), 1e-3)
    ratios = [bend / slope for bend, slope in zip(bends, slopes, strict=True) if slope >= least]
    return min(ratios) if ratios else None


def measure(rgb: NDArray[np.uint8], grey: Grey) -> Looks:
    """Measure a photo whose padding has been cut off.

    Args:
        rgb: shape (height, width, 3).
        grey: its luminance, shape (height, width).
    """
    # Twice np.maximum, because max over an axis of three is several times slower.
    strongest = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    return Looks(
        sharpness=sharpness(grey),
        highlights=float(np.percentile(strongest, 95)),
        shadows=float(np.percentile(grey, 5)),
        contrast=float(grey.std()),
    )
