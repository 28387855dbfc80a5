"""The marked-out picture of a shelf: boxes by category, rows, gaps, and a legend."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from shelfwise.errors import ConfigError
from shelfwise.files import atomic_path
from shelfwise.shelf.legend import Entry, add_legend
from shelfwise.shelf.lettering import font_for, width_of
from shelfwise.shelf.strokes import (
    GREY,
    PALETTE,
    Colour,
    Rect,
    dashed_frame,
    hatched,
    ink_on,
    inside,
    plain_frame,
    tinted,
)
from shelfwise.text import many, printable, readable

__all__ = ["PICTURE_ENDINGS", "Mark", "draw_shelf", "picture_kind", "write_picture"]

PICTURE_ENDINGS: Final = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}

_SMALLEST: Final = 900
"""Longer side in pixels below which a photo is shown larger, so that what is written on it can be read."""
_TINT: Final = 0.22
_QUALITY: Final = 90
_BASE_LINE: Final[Colour] = (255, 255, 255)
_HATCH: Final[Colour] = (220, 20, 60)
_DARK: Final[Colour] = (20, 20, 20)

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels of the photo."""
Line = tuple[float, float, float, float]
"""x and y of both ends in pixels of the photo."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A product to mark out.

    Attributes:
        box: where it is.
        category: what decides its colour; None for an unknown product, or where nothing was named.
        answer: ``ask`` is drawn dashed.
    """

    box: Box
    category: str | None
    answer: Literal["accept", "ask", "unknown"] = "accept"


@dataclass(frozen=True, slots=True)
class _Sizes:
    """How thick lines and how high letters are, in pixels."""

    line: int
    letters: int
    legend: int


class _Placed(NamedTuple):
    """A mark on the picture: its rectangle if it is within it, its colour, its number, whether it is asked about.

    The number is None of an unknown product.
    """

    rect: Rect | None
    colour: Colour
    number: int | None
    asks: bool


def draw_shelf(
    photo: Image.Image,
    marks: Sequence[Mark],
    *,
    base_lines: Sequence[Line] = (),
    gaps: Sequence[Box] = (),
    named: bool = True,
) -> Image.Image:
    """Mark out what was found on a photo.

    Colours are those of Okabe and Ito; as there are but seven, each category also has a number, which stands on its
    boxes and in the legend. Small photos are enlarged.

    Args:
        photo: RGB; it is not changed.
        marks: the products.
        base_lines: on what the rows stand.
        gaps: where products are missing.
        named: whether the products were named at all.

    Returns:
        an RGB picture, the photo with a legend under it.
    """
    factor = max(1, math.ceil(_SMALLEST / max(photo.size)))
    width, height = photo.width * factor, photo.height * factor
    image = photo.resize((width, height), Image.Resampling.BICUBIC) if factor > 1 else photo.copy()
    sizes = _sizes(width, height, [_sides(mark.box, factor) for mark in marks])
    counts = Counter(
        mark.category for mark in marks if mark.category is not None and mark.answer != "unknown"
    )
    # The most frequent categories get colours of their own.
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    number = {name: place for place, name in enumerate(ranked, start=1)}
    draw = ImageDraw.Draw(image)
    for line in base_lines:
        _draw_base_line(draw, [factor * value for value in line], sizes)
    for gap in gaps:
        if rect := inside(_scaled(gap, factor), width, height):
            hatched(draw, rect, _HATCH, max(2, sizes.line // 2), 5 * sizes.line)
    _draw_marks(image, draw, [_placed(mark, factor, image.size, number) for mark in marks], sizes)
    title, entries = _entries(marks, ranked, counts, len(base_lines), len(gaps), named)
    return add_legend(image, title, entries, sizes.legend)


def _sizes(width: int, height: int, sides: Sequence[float]) -> _Sizes:
    """Lines and letters by the picture's size, and no larger than the boxes have room for."""
    side = math.sqrt(width * height)
    typical = float(np.median(sides)) if sides else side / 8
    line = max(2, min(round(side / 350), round(typical / 18)))
    letters = max(10, min(round(side / 55), round(typical / 4)))
    return _Sizes(line, letters, max(13, round(min(side / 60, width / 30))))


def _sides(box: Box, factor: int) -> float:
    return factor * math.sqrt(max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1]))


def _scaled(box: Box, factor: int) -> Box:
    return factor * box[0], factor * box[1], factor * box[2], factor * box[3]


def _draw_base_line(draw: ImageDraw.ImageDraw, ends: Sequence[float], sizes: _Sizes) -> None:
    draw.line(tuple(ends), fill=_DARK, width=sizes.line + 2)
    draw.line(tuple(ends), fill=_BASE_LINE, width=max(1, sizes.line - 1))


def _placed(mark: Mark, factor: int, size: tuple[int, int], number: Mapping[str, int]) -> _Placed:
    place = None if mark.answer == "unknown" or mark.category is None else number[mark.category]
    colour = GREY if place is None else PALETTE[(place - 1) % len(PALETTE)]
    return _Placed(inside(_scaled(mark.box, factor), *size), colour, place, mark.answer == "ask")


def _draw_marks(
    image: Image.Image, draw: ImageDraw.ImageDraw, marks: Sequence[_Placed], sizes: _Sizes
) -> None:
    """All tints, then all frames, then all numbers: where boxes overlap, none hides another's number."""
    seen = [(mark, mark.rect) for mark in marks if mark.rect is not None]
    for mark, rect in seen:
        tinted(image, rect, mark.colour, _TINT)
    for mark, rect in seen:
        (dashed_frame if mark.asks else plain_frame)(draw, rect, mark.colour, sizes.line)
    for mark, rect in seen:
        if mark.number is not None:
            _draw_badge(draw, rect, str(mark.number), mark.colour, sizes)


def _draw_badge(draw: ImageDraw.ImageDraw, rect: Rect, text: str, colour: Colour, sizes: _Sizes) -> None:
    """The category's number in the upper left corner; nothing where there is no room for it."""
    wide, high = width_of(text, sizes.letters) + sizes.letters // 2, round(1.2 * sizes.letters)
    if wide > rect[2] - rect[0] or high > rect[3] - rect[1]:
        return
    draw.rectangle((rect[0], rect[1], rect[0] + wide, rect[1] + high), fill=colour)
    middle = (rect[0] + wide / 2, rect[1] + high / 2)
    draw.text(middle, text, fill=ink_on(colour), font=font_for(text, sizes.letters), anchor="mm")


def _entries(
    marks: Sequence[Mark],
    ranked: Sequence[str],
    counts: Counter[str],
    rows: int,
    gaps: int,
    named: bool,
) -> tuple[str, list[Entry]]:
    """The legend's title and lines."""
    title = f"{many(len(marks), 'facing')}, {many(rows, 'row')}, {many(gaps, 'gap')}"
    entries = [
        Entry(readable(printable(name)), counts[name], PALETTE[(place - 1) % len(PALETTE)], number=place)
        for place, name in enumerate(ranked, start=1)
    ]
    nameless = sum(mark.category is None or mark.answer == "unknown" for mark in marks)
    if nameless:
        entries.append(Entry("unknown" if named else "product", nameless, GREY))
    if asked := sum(mark.answer == "ask" for mark in marks):
        entries.append(Entry("of these to ask about (dashed)", asked, GREY, kind="dashed"))
    if gaps:
        entries.append(Entry("gap", gaps, _HATCH, kind="gap"))
    return title, entries


def picture_kind(path: Path) -> str:
    """``JPEG`` or ``PNG``, by a file's ending. Raises ConfigError for another one."""
    kind = PICTURE_ENDINGS.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(
            f"{printable(str(path))}: a picture is saved as .jpg or .png; give it one of these endings"
        )
    return kind


def write_picture(image: Image.Image, path: Path) -> None:
    """Save a picture, whole or not at all, as its ending says.

    Raises:
        ConfigError: the ending is none of :data:`PICTURE_ENDINGS`.
        StorageError: it cannot be written.
    """
    kind = picture_kind(path)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        if kind == "JPEG":
            image.save(file, kind, quality=_QUALITY, subsampling="4:2:0")
        else:
            image.save(file, kind, compress_level=1)
