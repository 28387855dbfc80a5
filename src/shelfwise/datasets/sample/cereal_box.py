"""Cereal boxes: tall, flat cardboard boxes with a loud front."""

from __future__ import annotations

import numpy as np
from PIL import Image

from shelfwise.datasets.sample.artwork import Art
from shelfwise.datasets.sample.design import BRANDS, PALETTES, Palette, blend, choose
from shelfwise.datasets.sample.geometry import Material
from shelfwise.datasets.sample.model import Model, Packaging, rows
from shelfwise.datasets.sample.solids import box

__all__ = ["CEREAL_BOX"]

_NAMES = (
    "Crunchy Rings",
    "Oat Flakes",
    "Honey Pops",
    "Corn Stars",
    "Muesli",
    "Choco Hoops",
    "Granola",
    "Bran",
)


def _design(rng: np.random.Generator, detail: float) -> Model:
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    brand, name = choose(rng, *BRANDS), choose(rng, *_NAMES)
    width, height, depth = rng.uniform(17, 21), rng.uniform(25, 31), rng.uniform(5, 7.5)
    tall = rows(detail)
    front = _front(rng, palette, brand, name, (round(tall * width / height), tall))
    side = _side(rng, palette, name, (round(tall * depth / height), tall))
    top = Art(front.width, round(tall * depth / height), blend(palette.base, palette.ink, 0.1))
    top.text(0.5, 0.5, 0.7, 0.5, brand, palette.pale)
    patches = box(
        width, height, depth, front=front, side=side, top=top.image, material=Material(gloss=0.16, shine=18)
    )
    return Model(height, width, 0.95, lambda _: patches)


def _front(
    rng: np.random.Generator, palette: Palette, brand: str, name: str, size: tuple[int, int]
) -> Image.Image:
    style = choose(rng, "rays", "wave", "panel", "sky")
    art = Art(*size, palette.base, blend(palette.base, palette.ink, 0.35))
    if style == "rays":
        art.rays(0.5, 0.66, int(rng.integers(9, 15)), blend(palette.base, palette.pale, 0.35))
    elif style == "wave":
        art.wave(0.56, 0.04, 0.9, palette.pale, phase=float(rng.uniform(0, 6)))
        art.wave(0.6, 0.04, 0.9, palette.accent, phase=float(rng.uniform(0, 6)))
    elif style == "panel":
        art.box(0.08, 0.3, 0.92, 0.95, palette.pale, 0.06)
    else:
        art.box(0, 0, 1, 0.62, blend(palette.pale, palette.base, 0.25))
        art.meadow(0.5, palette.base)
    dark = style in ("panel", "sky")
    art.text(0.5, 0.09, 0.6, 0.06, brand.upper(), palette.pale if style != "sky" else palette.ink)
    art.text(
        0.5,
        0.22 if not dark else 0.215 if style == "sky" else 0.2,
        0.88,
        0.15,
        name,
        palette.accent if style != "sky" else palette.base,
        outline=palette.ink if style != "sky" else palette.pale,
        bold=0.04,
    )
    if style == "panel":
        art.lines(0.5, 0.345, 0.6, 2, 0.022, blend(palette.ink, palette.pale, 0.4))
    art.bowl(0.5, 0.66, float(rng.uniform(0.66, 0.8)), blend(palette.accent, (255, 255, 255), 0.1), rng)
    art.star(0.82, 0.42, 0.12, 12, palette.accent if style == "rays" else (226, 60, 50))
    art.text(
        0.82, 0.42, 0.16, 0.035, choose(rng, "NEW", "CRISP", "+ IRON", "FIBRE"), (255, 255, 255), bold=0.02
    )
    if rng.random() < 0.5:
        art.wheat(0.14, 0.47, 0.2, blend(palette.accent, palette.ink, 0.2))
    art.box(0.06, 0.93, 0.3, 0.97, blend(palette.pale, palette.base, 0.1), 0.02)
    art.text(0.18, 0.95, 0.2, 0.028, f"{rng.integers(5, 16) * 25} g", palette.ink)
    return art.image


def _side(rng: np.random.Generator, palette: Palette, name: str, size: tuple[int, int]) -> Image.Image:
    art = Art(*size, blend(palette.base, palette.ink, 0.12))
    art.text(0.5, 0.08, 0.8, 0.05, name, palette.pale)
    art.box(0.12, 0.16, 0.88, 0.6, palette.pale, 0.03)
    art.lines(0.5, 0.18, 0.64, 14, 0.029, blend(palette.ink, palette.pale, 0.35))
    art.lines(0.5, 0.65, 0.7, 6, 0.024, blend(palette.pale, palette.base, 0.3))
    art.barcode(0.5, 0.9, 0.7, 0.09, rng)
    return art.image


CEREAL_BOX = Packaging("cereal-box", _design)
