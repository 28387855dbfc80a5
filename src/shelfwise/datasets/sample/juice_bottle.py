"""Juice bottles: clear plastic or glass, full of colour, with a label around and a screw cap."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from shelfwise.datasets.sample.artwork import Art
from shelfwise.datasets.sample.design import BRANDS, PALETTES, Colour, Palette, blend, choose
from shelfwise.datasets.sample.geometry import Material, Patch
from shelfwise.datasets.sample.model import Model, Packaging, rows
from shelfwise.datasets.sample.solids import disc, revolved

__all__ = ["JUICE_BOTTLE"]

_FRUITS: dict[str, Colour] = {
    "Orange": (246, 146, 30),
    "Apple": (222, 176, 62),
    "Cherry": (168, 22, 44),
    "Grape": (96, 36, 104),
    "Kiwi": (140, 176, 50),
    "Mango": (250, 174, 48),
    "Pink Grapefruit": (238, 112, 100),
    "Tomato": (206, 52, 34),
}
# Outlines from the neck down, as (part of the height, part of the width).
_SHAPES = (
    ((1.0, 0.19), (0.86, 0.19), (0.8, 0.24), (0.68, 0.46), (0.6, 0.5), (0.06, 0.5), (0.0, 0.44)),
    ((1.0, 0.24), (0.9, 0.24), (0.8, 0.36), (0.72, 0.48), (0.45, 0.44), (0.2, 0.5), (0.05, 0.5), (0.0, 0.43)),
    ((1.0, 0.22), (0.84, 0.22), (0.78, 0.44), (0.74, 0.5), (0.05, 0.5), (0.0, 0.46)),
    ((1.0, 0.3), (0.92, 0.3), (0.84, 0.36), (0.66, 0.5), (0.04, 0.5), (0.0, 0.45)),
)


def _design(rng: np.random.Generator, detail: float) -> Model:
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    brand, fruit = choose(rng, *BRANDS), choose(rng, *_FRUITS)
    height, width = rng.uniform(18, 25), rng.uniform(6.4, 8.2)
    profile = [(h * height, r * width) for h, r in _SHAPES[int(rng.integers(len(_SHAPES)))]]
    around = round(rows(detail) * np.pi * width / height)
    glass, clear = _liquid(rng, _FRUITS[fruit], around, rows(detail))
    low, high = float(rng.uniform(0.1, 0.2)) * height, float(rng.uniform(0.5, 0.62)) * height
    label = _label(rng, palette, brand, fruit, (around, rows(detail, (high - low) / height)))
    cap_art = Art(64, 32, choose_cap(rng, palette)).image

    def build(piece: np.random.Generator) -> tuple[Patch, ...]:
        return _bottle(profile, (low, high), glass, clear, label, cap_art, float(piece.uniform(-0.1, 0.1)))

    return Model(height + 1.7, width, 0.0, build)


def choose_cap(rng: np.random.Generator, palette: Palette) -> Colour:
    """The cap's colour: the palette's accent, white or dark."""
    return (palette.accent, (244, 244, 240), (46, 48, 54), palette.base)[int(rng.integers(4))]


def _bottle(
    profile: list[tuple[float, float]],
    span: tuple[float, float],
    glass: Image.Image,
    clear: Image.Image,
    label: Image.Image,
    cap: Image.Image,
    turn: float,
) -> tuple[Patch, ...]:
    low, high = span
    height, neck = profile[0]
    at = sorted(profile)
    heights, radii = [h for h, _ in at], [r for _, r in at]
    levels = np.linspace(high, low, 9)
    band = [(float(h), float(np.interp(h, heights, radii)) + 0.04) for h in levels]
    rim = neck + 0.18
    return (
        revolved(profile, glass, Material(gloss=0.75, shine=70, rim=0.55), clear),
        revolved(band, label, Material(gloss=0.22, shine=20, rim=0.12), turn=turn),
        revolved([(height + 1.7, rim), (height - 0.1, rim + 0.05)], cap, Material(0.35, 20), ridges=26),
        disc(height + 1.7, rim, cap, Material(0.2, 20)),
    )


def _liquid(
    rng: np.random.Generator, colour: Colour, width: int, height: int
) -> tuple[Image.Image, Image.Image]:
    """Colour and transparency of the bottle: air above, juice below, windows reflected in its side."""
    level = float(rng.uniform(0.1, 0.24))
    art = Art(width, height, blend(colour, (255, 255, 255), 0.1), blend(colour, (0, 0, 0), 0.18))
    art.box(0, 0, 1, level, blend(colour, (225, 232, 236), 0.72))
    art.box(0, level, 1, level + 0.012, blend(colour, (255, 255, 255), 0.45))
    shine = Image.new("L", (width, height), 0)
    for x, strength in ((0.36, 150), (0.645, 70)):
        left, right = round((x - 0.016) * width), round((x + 0.016) * width)
        shine.paste(strength, (left, round(0.08 * height), right, round(0.97 * height)))
    shine = shine.filter(ImageFilter.GaussianBlur(width * 0.008))
    art.image.paste(Image.new("RGB", (width, height), (255, 255, 255)), (0, 0), shine)
    clear = Image.new("L", (width, height), int(rng.integers(225, 250)))
    clear.paste(150, (0, 0, width, round(level * height)))
    return art.image, clear


def _label(
    rng: np.random.Generator, palette: Palette, brand: str, fruit: str, size: tuple[int, int]
) -> Image.Image:
    paper = palette.base if rng.random() < 0.4 else blend(palette.pale, (255, 255, 255), 0.3)
    dark = paper == palette.base
    art = Art(*size, paper)
    art.box(0, 0, 1, 0.05, palette.accent)
    art.box(0, 0.95, 1, 1, palette.accent)
    if rng.random() < 0.5:
        art.wave(0.74, 0.06, 3.0, blend(palette.accent, paper, 0.5))
    colour = _FRUITS[fruit]
    if fruit in ("Orange", "Pink Grapefruit", "Kiwi"):
        art.orange(0.5, 0.68, 0.13, colour)
    else:
        for x in (0.46, 0.53):
            art.fruit(x, 0.7, 0.09, blend(colour, (255, 255, 255), 0.08))
    art.text(0.5, 0.17, 0.2, 0.12, brand, palette.pale if dark else palette.base)
    art.text(0.5, 0.36, 0.26, 0.2, fruit, palette.accent if dark else palette.ink, bold=0.03)
    art.text(0.5, 0.9, 0.1, 0.06, choose(rng, "100 % juice", "330 ml", "no sugar"), palette.ink)
    for x in (0.06, 0.86):
        art.lines(x + 0.04, 0.2, 0.14, 9, 0.07, blend(palette.ink, paper, 0.5))
    return art.image


JUICE_BOTTLE = Packaging("juice-bottle", _design)
