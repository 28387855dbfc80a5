"""Text on a picture in any size, in letters that a font has."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PIL import ImageFont

from shelfwise.text import printable

__all__ = ["Font", "font_for", "height_of", "shortened", "width_of"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_MISSING: Final = "\uffff"
_WIDER: Final = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "arial.ttf")
_ELLIPSIS: Final = "…"


def font_for(text: str, size: int) -> Font:
    """A font for a text: Pillow's own, or one of this system's where Pillow's lacks a letter of it.

    Args:
        text: what is to be written.
        size: height in pixels.
    """
    own = _own(size)
    if all(_has(letter) for letter in set(text)):
        return own
    return _of_system(size) or own


@lru_cache(maxsize=64)
def _own(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache(maxsize=64)
def _of_system(size: int) -> Font | None:
    for name in _WIDER:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return None


@lru_cache(maxsize=1024)
def _has(letter: str) -> bool:
    """Whether Pillow's font has a letter: one that it lacks is drawn as an empty box."""
    font = _own(20)
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask(_MISSING))


def width_of(text: str, size: int) -> int:
    """How wide a text is, in pixels."""
    return round(font_for(text, size).getlength(text))


def height_of(size: int) -> int:
    """How high a line is, in pixels, with the room between two lines."""
    return round(1.35 * size)


def shortened(text: str, size: int, most: int) -> str:
    """A text that is at most so many pixels wide: cut off at its end, and marked as such, where it is longer."""
    text = printable(text)
    if width_of(text, size) <= most:
        return text
    fits, too_many = 0, len(text)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if width_of(text[:middle].rstrip() + _ELLIPSIS, size) <= most:
            fits = middle
        else:
            too_many = middle
    return text[:fits].rstrip() + _ELLIPSIS
