"""What the box layouts share: checking boxes against their picture, and the sizes of pictures."""

from __future__ import annotations

import math
from pathlib import Path

from shelfwise.datasets.dataset import Box
from shelfwise.datasets.layouts.pictures import some
from shelfwise.errors import ImageError, LayoutError
from shelfwise.images.decode import open_picture

__all__ = ["fitted_box", "picture_sizes"]

_SLACK = 0.05
"""How far, in shares of the picture's side, a box may overhang and is clipped; beyond, it is an error."""


def fitted_box(
    left: float, top: float, right: float, bottom: float, size: tuple[int, int], where: str
) -> Box:
    """A box clipped to its picture and rounded to hundredths of a pixel.

    Args:
        left: first pixel column, as a coordinate.
        top: first pixel row.
        right: end of the last pixel column.
        bottom: end of the last pixel row.
        size: width and height of the picture in pixels.
        where: what to call the box in errors.

    Raises:
        LayoutError: it has no area, lies outside the picture by more than a little, or is not finite.
    """
    width, height = size
    shown = f"box from ({left:g}, {top:g}) to ({right:g}, {bottom:g})"
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise LayoutError(f"{where}: the {shown} is not made of finite numbers")
    over_x, over_y = max(1.0, _SLACK * width), max(1.0, _SLACK * height)
    if left < -over_x or top < -over_y or right > width + over_x or bottom > height + over_y:
        raise LayoutError(f"{where}: the {shown} lies outside the picture of {width}×{height} pixels")
    left, top = round(max(left, 0.0), 2), round(max(top, 0.0), 2)
    right, bottom = round(min(right, float(width)), 2), round(min(bottom, float(height)), 2)
    box = Box(left, top, round(right - left, 2), round(bottom - top, 2))
    if box.width < 1 or box.height < 1:
        raise LayoutError(f"{where}: the {shown} is less than a pixel wide or high; remove or mend it")
    return box


def picture_sizes(root: Path, paths: list[str]) -> dict[str, tuple[int, int]]:
    """Width and height of each photo as shown (EXIF orientation applied), from its header.

    Raises:
        LayoutError: some photos cannot be read; the first few are named with the reason.
    """
    sizes: dict[str, tuple[int, int]] = {}
    broken: list[str] = []
    for path in paths:
        try:
            sizes[path] = open_picture(root / path).size
        except ImageError as error:
            broken.append(f"{path} ({error.reason})")
    if broken:
        raise LayoutError(
            f"{root}: photos that cannot be read, so that their boxes have no place ({len(broken)}): {some(broken)}; "
            "remove or mend them"
        )
    return sizes
