"""Lines on a picture that Pillow does not draw (dashed frames, hatched areas), and colours that people can tell."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageDraw

__all__ = [
    "GREY",
    "PALETTE",
    "Colour",
    "Rect",
    "dashed_frame",
    "hatched",
    "ink_on",
    "inside",
    "plain_frame",
    "tinted",
]

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom are the first ones outside."""

PALETTE: Final[tuple[Colour, ...]] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
)
"""Colours that people with any colour vision tell apart: Okabe and Ito 2008, "Color Universal Design"; not black."""

GREY: Final[Colour] = (140, 140, 140)
_DARK: Final[Colour] = (20, 20, 20)
_WHITE: Final[Colour] = (255, 255, 255)


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever has more contrast on a colour (relative luminance of WCAG 2.2)."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _DARK if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else _WHITE


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def tinted(image: Image.Image, rect: Rect, colour: Colour, opacity: float) -> None:
    """Lay a colour over a part of a picture, 0 (nothing of it) to 1 (nothing else)."""
    size = rect[2] - rect[0], rect[3] - rect[1]
    image.paste(colour, rect, Image.new("L", size, round(255 * opacity)))


def plain_frame(draw: ImageDraw.ImageDraw, rect: Rect, colour: Colour, width: int) -> None:
    """A frame within a rectangle, with a dark edge outside and inside so that it stands out on anything.

    Of a rectangle that is too narrow for an edge on both sides, all is edge.
    """
    left, top, right, bottom = rect
    edge = max(1, width // 4)
    draw.rectangle((left, top, right - 1, bottom - 1), outline=_DARK, width=width + 2 * edge)
    if min(right - left, bottom - top) > 2 * edge:
        draw.rectangle(
            (left + edge, top + edge, right - 1 - edge, bottom - 1 - edge), outline=colour, width=width
        )


def dashed_frame(draw: ImageDraw.ImageDraw, rect: Rect, colour: Colour, width: int) -> None:
    """The same frame in dashes, each of them as long as four times its width."""
    left, top, right, bottom = rect
    edge = max(1, width // 4)
    thick, step = width + 2 * edge, 4 * width
    draw.rectangle((left, top, right - 1, bottom - 1), outline=_DARK, width=thick)
    for start, end in _dashes(right - left, step):
        for above in (top + edge, bottom - edge - width):
            draw.rectangle((left + start, above, left + end - 1, above + width - 1), fill=colour)
    for start, end in _dashes(bottom - top, step):
        for beside in (left + edge, right - edge - width):
            draw.rectangle((beside, top + start, beside + width - 1, top + end - 1), fill=colour)


def _dashes(length: int, step: int) -> Iterator[tuple[int, int]]:
    """Where dashes begin and end along a side: an odd number of equal parts, the first and the last one drawn."""
    parts = max(1, round(length / step)) | 1
    for part in range(0, parts, 2):
        start, end = round(length * part / parts), round(length * (part + 1) / parts)
        if end > start:
            yield start, end


def hatched(draw: ImageDraw.ImageDraw, rect: Rect, colour: Colour, width: int, spacing: int) -> None:
    """Lines at 45° over a rectangle, cut off at its edges, in a frame."""
    left, top, right, bottom = rect
    wide, high = right - left - 1, bottom - top - 1
    for offset in range(spacing // 2, wide + high, max(spacing, 2)):
        # The line x + y = offset within (0, 0) to (wide, high).
        x0, x1 = max(0, offset - high), min(wide, offset)
        draw.line((left + x0, top + offset - x0, left + x1, top + offset - x1), fill=colour, width=width)
    draw.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=width)


def inside(box: tuple[float, float, float, float], width: int, height: int) -> Rect | None:
    """A box in whole pixels, within a picture; None where less than two by two pixels of it are there."""
    left, top = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    right, bottom = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    return (left, top, right, bottom) if right - left >= 2 and bottom - top >= 2 else None
