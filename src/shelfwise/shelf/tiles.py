"""How a large photo is cut into overlapping tiles, and which of the boxes found on a tile count."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Tile", "cut_off", "tiles"]

_TOUCHES: Final = 2.0
"""Pixels from a seam within which a box ends there."""


class Tile(NamedTuple):
    """A part of a photo, in whole pixels.

    Attributes:
        left: first column.
        top: first row.
        right: end of the last column.
        bottom: end of the last row.
    """

    left: int
    top: int
    right: int
    bottom: int


def tiles(width: int, height: int, side: int, overlap: int) -> list[Tile]:
    """Tiles that cover a photo, from top to bottom and left to right, all of about the same size.

    Args:
        width, height: of the photo, in pixels.
        side: largest side of a tile.
        overlap: pixels that neighbouring tiles share at least; less than ``side``.
    """
    columns, rows = _spans(width, side, overlap), _spans(height, side, overlap)
    return [Tile(left, top, right, bottom) for top, bottom in rows for left, right in columns]


def _spans(length: int, side: int, overlap: int) -> list[tuple[int, int]]:
    if length <= side:
        return [(0, length)]
    count = math.ceil((length - overlap) / (side - overlap))
    each = math.ceil((length + (count - 1) * overlap) / count)
    starts = [round(number * (length - each) / (count - 1)) for number in range(count)]
    return [(start, start + each) for start in starts]


def cut_off(boxes: NDArray[np.float32], tile: Tile, width: int, height: int) -> NDArray[np.bool_]:
    """Which boxes, (N, 4) in pixels of the photo, end at a seam of their tile, where the photo goes on."""
    left, top, right, bottom = (boxes[:, edge] for edge in range(4))
    at_left = (left <= tile.left + _TOUCHES) & (tile.left > 0)
    at_top = (top <= tile.top + _TOUCHES) & (tile.top > 0)
    at_right = (right >= tile.right - _TOUCHES) & (tile.right < width)
    at_bottom = (bottom >= tile.bottom - _TOUCHES) & (tile.bottom < height)
    return np.asarray(at_left | at_top | at_right | at_bottom)
