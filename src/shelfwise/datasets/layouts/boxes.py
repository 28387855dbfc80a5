"""What the box layouts share: checking boxes against their picture, and the sizes of pictures."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from pathlib import Path

from shelfwise.datasets.dataset import Box
from shelfwise.errors import ImageError, LayoutError
from shelfwise.images.decode import open_picture

__all__ = ["fitted_box", "lies_outside", "picture_sizes"]

_SLACK = 0.05
"""How far, in shares of the picture's side, a box may overhang and is clipped; beyond, it is an error."""


def fitted_box(
    left: float,
    top: float,
    right: float,
    bottom: float,
    size: tuple[int, int] | None,
    where: str,
    *,
    strict: bool = True,
) -> Box:
    """A box clipped to its picture and rounded to hundredths of a pixel.

    Args:
        left: first pixel column, as a coordinate.
        top: first pixel row.
        right: end of the last pixel column.
        bottom: end of the last pixel row.
        size: width and height of the picture in pixels; None, where they cannot be known: nothing is clipped.
        where: what to call the box in errors.
        strict: False: no box is clipped, and one that lies outside is not refused.

    Raises:
        LayoutError: it has no area, lies outside the picture by more than a little, or is not finite.
    """
    width, height = size or (math.inf, math.inf)
    shown = f"box from ({left:g}, {top:g}) to ({right:g}, {bottom:g})"
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise LayoutError(f"{where}: the {shown} is not made of finite numbers")
    if size is not None and strict:
        if lies_outside(left, top, right, bottom, size):
            raise LayoutError(f"{where}: the {shown} lies outside the picture of {width}×{height} pixels")
        left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)
    left, top, right, bottom = (round(float(edge), 2) for edge in (left, top, right, bottom))
    box = Box(left, top, round(right - left, 2), round(bottom - top, 2))
    if box.width < 1 or box.height < 1:
        raise LayoutError(f"{where}: the {shown} is less than a pixel wide or high; remove or mend it")
    return box


def lies_outside(left: float, top: float, right: float, bottom: float, size: tuple[int, int]) -> bool:
    """Whether a box overhangs its picture by more than may be clipped: a pixel, and 5 % of the side."""
    over_x, over_y = (max(1.0, _SLACK * side) for side in size)
    return left < -over_x or top < -over_y or right > size[0] + over_x or bottom > size[1] + over_y


def picture_sizes(root: Path, paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Width and height of each photo as shown (EXIF orientation applied), from its header.

    A photo that cannot be read is not among them: where it is decoded it is named with the reason.
    """
    sizes: dict[str, tuple[int, int]] = {}
    for path in paths:
        with contextlib.suppress(ImageError):
            sizes[path] = open_picture(root / path).size
    return sizes
