"""Lettering: made-up brand names and words, written into pictures with the fonts that come with matplotlib."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from shelfwise.datasets.scenes.palettes import Look
from shelfwise.datasets.scenes.pixels import Array, Colour, turned

__all__ = ["brand", "font_count", "phrase", "price", "write"]

_FONTS: Final[dict[Look, tuple[str, ...]]] = {
    "train": (
        "DejaVuSans-Bold", "DejaVuSans-BoldOblique", "DejaVuSans", "DejaVuSerif-Bold", "STIXGeneralBol",
        "DejaVuSansMono-Bold", "cmb10", "cmss10", "STIXGeneralItalic",
    ),
    "held-out": ("DejaVuSerif-BoldItalic", "STIXGeneralBolIta", "DejaVuSansMono-Oblique", "cmtt10", "cmr10", ""),
}  # fmt: skip
"""By look; the empty name is Pillow's own."""

_STARTS: Final = "b br c ch d dr f fl g gr h k kl l m n p pr r s sch st t tr v w z"
_VOWELS: Final = "a e i o u a e o ei ou ie"
_ENDS: Final = "n r l s t x ck nd lla tto ra no ny"
_WORDS: Final = (
    "original classic natural fresh organic extra fine creamy crunchy light sugar free new whole grain milk coffee "
    "tea juice rice pasta sauce tomato honey choco vanilla lemon orange apple berry mint spicy smoked soft care "
    "clean shampoo soap power mild strong roast instant family pack premium quality tradition home style bio "
    "vegan protein energy water sparkling oil vinegar sea salt pepper corn beans soup chips nuts candy gum"
)


def brand(rng: np.random.Generator) -> str:
    """A made-up name."""
    parts = [
        str(rng.choice(_STARTS.split())) + str(rng.choice(_VOWELS.split()))
        for _ in range(int(rng.integers(1, 3)))
    ]
    name = "".join(parts) + str(rng.choice(_ENDS.split()))
    return name.upper() if rng.random() < 0.4 else name.capitalize()


def phrase(rng: np.random.Generator, words: int) -> str:
    """Some words that stand on packages."""
    text = " ".join(str(word) for word in rng.choice(_WORDS.split(), words))
    return text.upper() if rng.random() < 0.3 else text.capitalize()


def price(rng: np.random.Generator) -> str:
    """A price."""
    return f"{int(rng.integers(0, 20))}{rng.choice(['.', ','])}{rng.choice(['99', '49', '29', '79', '95', '19'])}"


def font_count(look: Look) -> int:
    """How many fonts a look has."""
    return len(_FONTS[look])


def write(
    picture: Array,
    text: str,
    box: tuple[float, float, float, float],
    colour: Colour,
    *,
    look: Look,
    font: int = 0,
    angle: float = 0.0,
    edge: Colour | None = None,
) -> None:
    """Write ``text`` into an RGB or RGBA picture, centred and as large as fits.

    Args:
        picture: (H, W, 3 or more); changed in place.
        text: one line.
        box: left, top, right and bottom in pixels.
        colour: of the letters.
        look: whose fonts.
        font: number of the font, taken modulo their count.
        angle: the line is turned by so many degrees.
        edge: colour of an outline.
    """
    room_x, room_y = box[2] - box[0], box[3] - box[1]
    if room_x < 4 or room_y < 3 or not text:
        return
    name = _FONTS[look][font % len(_FONTS[look])]
    left, top, right, bottom = _font(name, 40).getbbox(text)
    size = int(40 * min(room_x / max(right - left, 1), room_y / max(bottom - top, 1)))
    if size < 3:
        return
    letters = _letters(text, name, min(size, 400), colour, edge)
    if angle:
        letters = turned(letters, angle)
    _lay(picture, letters, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def _letters(text: str, name: str, size: int, colour: Colour, edge: Colour | None) -> Array:
    font = _font(name, size)
    stroke = max(size // 14, 1) if edge is not None else 0
    left, top, right, bottom = (int(side) for side in font.getbbox(text, stroke_width=stroke))
    image = Image.new("RGBA", (right - left + 2, bottom - top + 2), (*colour, 0))
    draw = ImageDraw.Draw(image)
    draw.text((1 - left, 1 - top), text, colour, font, stroke_width=stroke, stroke_fill=edge)
    return np.asarray(image)


def _lay(picture: Array, letters: Array, x: float, y: float) -> None:
    height, width = letters.shape[:2]
    x0, y0 = round(x - width / 2), round(y - height / 2)
    left, top = max(x0, 0), max(y0, 0)
    right, bottom = min(x0 + width, picture.shape[1]), min(y0 + height, picture.shape[0])
    if right <= left or bottom <= top:
        return
    part = letters[top - y0 : bottom - y0, left - x0 : right - x0]
    alpha = part[..., 3:].astype(np.float32) / 255
    window = picture[top:bottom, left:right, :3]
    window[:] = (window * (1 - alpha) + part[..., :3] * alpha).astype(np.uint8)


@functools.lru_cache(maxsize=512)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    if not name:
        return ImageFont.load_default(size)
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{name}.ttf"), size)
