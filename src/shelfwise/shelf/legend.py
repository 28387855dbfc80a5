"""What stands under a marked-out picture: which colour and number is which category, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image, ImageDraw

from shelfwise.shelf.lettering import font_for, height_of, shortened, width_of
from shelfwise.shelf.strokes import Colour, Rect, dashed_frame, hatched, ink_on, plain_frame, tinted

__all__ = ["Entry", "add_legend"]

_PAPER: Final[Colour] = (255, 255, 255)
_INK: Final[Colour] = (25, 25, 25)
_WIDEST: Final = 4
"""Columns at most."""
_LETTERS: Final = 16
"""Widths of a text, in heights of its letters, that need no more columns to be given up."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the legend.

    Attributes:
        text: what it is.
        count: how many of it there are.
        colour: of its frame.
        kind: how its frame is drawn; ``gap`` is hatched.
        number: what stands on its boxes; None where nothing does.
    """

    text: str
    count: int
    colour: Colour
    kind: Literal["plain", "dashed", "gap"] = "plain"
    number: int | None = None


def add_legend(image: Image.Image, title: str, entries: Sequence[Entry], size: int) -> Image.Image:
    """A picture with a legend under it, as wide as the picture.

    Args:
        image: the picture, RGB.
        title: what stands above the entries.
        entries: in the order in which they are told, column by column.
        size: height of the letters in pixels.
    """
    line, margin, swatch = height_of(size), size, round(1.6 * size)
    room = image.width - 2 * margin
    widths = [width_of(f"{entry.text}: {entry.count:,}", size) for entry in entries]
    need = min(max(widths, default=1), _LETTERS * size) + swatch + 2 * size
    columns = max(1, min(_WIDEST, room // need, len(entries)))
    rows = -(-len(entries) // columns)
    row_height = max(line, swatch + size // 3)
    top = image.height + margin
    whole = Image.new(
        "RGB", (image.width, image.height + 2 * margin + line + size // 2 + rows * row_height), _PAPER
    )
    whole.paste(image)
    draw = ImageDraw.Draw(whole)
    shown = shortened(title, size, room)
    draw.text((margin, top), shown, fill=_INK, font=font_for(shown, size))
    for place, entry in enumerate(entries):
        column, row = divmod(place, rows)
        left = margin + column * (room // columns)
        above = top + line + size // 2 + row * row_height
        _swatch(whole, draw, (left, above, left + swatch, above + swatch), entry, size)
        _line(draw, (left + swatch + size // 2, above), entry, size, room // columns - swatch - size, swatch)
    return whole


def _swatch(image: Image.Image, draw: ImageDraw.ImageDraw, rect: Rect, entry: Entry, size: int) -> None:
    width = max(1, size // 7)
    if entry.kind == "gap":
        hatched(draw, rect, entry.colour, max(1, width // 2), max(4, size // 3))
        return
    tinted(image, rect, entry.colour, 1.0 if entry.number is not None else 0.3)
    frame = dashed_frame if entry.kind == "dashed" else plain_frame
    frame(draw, rect, entry.colour, width)
    if entry.number is not None:
        text, middle = str(entry.number), ((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2)
        draw.text(
            middle, text, fill=ink_on(entry.colour), font=font_for(text, round(0.8 * size)), anchor="mm"
        )


def _line(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], entry: Entry, size: int, room: int, swatch: int
) -> None:
    """The entry's text and count; the text is shortened, the count never is."""
    count = f": {entry.count:,}"
    text = shortened(entry.text, size, max(size, room - width_of(count, size))) + count
    draw.text((at[0], at[1] + swatch / 2), text, fill=_INK, font=font_for(text, size), anchor="lm")
