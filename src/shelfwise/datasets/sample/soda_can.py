"""Soda cans: printed aluminium with a bare rim, a lid with a tab, and a neck."""

from __future__ import annotations

import numpy as np
from PIL import Image

from shelfwise.datasets.sample.artwork import Art
from shelfwise.datasets.sample.design import BRANDS, PALETTES, Palette, blend, choose, readable
from shelfwise.datasets.sample.geometry import Material, Patch
from shelfwise.datasets.sample.model import Model, Packaging, rows
from shelfwise.datasets.sample.solids import disc, revolved

__all__ = ["SODA_CAN"]

_NAMES = ("Cola", "Fizz", "Lemon", "Ginger", "Tonic", "Zero", "Cherry", "Spritz", "Iced Tea")
_BARE = (206, 208, 212)


def _design(rng: np.random.Generator, detail: float) -> Model:
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    brand, name = choose(rng, *BRANDS), choose(rng, *_NAMES)
    slim = rng.random() < 0.4
    height, radius = (rng.uniform(13, 15), 2.85) if slim else (rng.uniform(11, 12.2), 3.3)
    body = (1.0, height - 1.5)
    tall = rows(detail, (body[1] - body[0]) / height)
    wide = round(tall * 2 * np.pi * radius / (body[1] - body[0]))
    label = _label(rng, palette, brand, name, (wide, tall))
    lid = _lid(96)
    metal = Art(64, 16, _BARE, (168, 170, 176)).image
    print_ = Material(gloss=0.55, shine=26, metal=float(rng.uniform(0.3, 0.75)), rim=0.25)
    bare = Material(gloss=0.8, shine=16, metal=0.9, rim=0.2)

    def build(piece: np.random.Generator) -> tuple[Patch, ...]:
        turn = float(piece.uniform(-0.1, 0.1))
        rim = radius * 0.82
        neck = [(height, rim), (height - 0.35, rim), (height - 0.5, rim * 0.985), (body[1], radius)]
        foot = [(body[0], radius), (0.35, radius * 0.86), (0.0, radius * 0.8)]
        return (
            revolved(foot, metal, bare),
            revolved([(body[1], radius), (body[0], radius)], label, print_, turn=turn),
            revolved(neck, metal, bare),
            disc(height - 0.05, rim, lid, Material(gloss=0.3, shine=30, metal=0.6)),
        )

    return Model(height, 2 * radius, 0.0, build)


def _lid(size: int) -> Image.Image:
    art = Art(size, size, (226, 228, 232))
    art.oval(0.5, 0.5, 0.9, 0.9, (140, 142, 148))
    art.oval(0.5, 0.52, 0.86, 0.86, (188, 190, 196))
    art.oval(0.5, 0.7, 0.34, 0.26, (172, 174, 180), (128, 130, 136))
    art.oval(0.5, 0.44, 0.26, 0.42, (214, 216, 220), (120, 122, 128))
    art.oval(0.5, 0.36, 0.12, 0.14, (150, 152, 158))
    return art.image


def _label(
    rng: np.random.Generator, palette: Palette, brand: str, name: str, size: tuple[int, int]
) -> Image.Image:
    silver = rng.random() < 0.3
    ground = (196, 200, 206) if silver else palette.base
    art = Art(*size, ground, blend(ground, palette.ink, 0.45))
    style = choose(rng, "swoosh", "bubbles", "stripe", "citrus")
    mark = palette.base if silver else palette.accent
    light = palette.base if silver else palette.pale
    if style == "swoosh":
        art.swoosh(0.52, 0.5, 0.42, mark)
        art.swoosh(0.56, 0.5, 0.12, light)
    elif style == "bubbles":
        art.bubbles(rng, 70, blend(light, ground, 0.35))
    elif style == "stripe":
        for x in (0.28, 0.7):
            art.box(x - 0.02, 0, x + 0.02, 1, mark)
        art.oval(0.5, 0.45, 0.3, 0.3, mark)
    else:
        art.orange(0.5, 0.74, 0.2, blend(palette.accent, (250, 210, 60), 0.4))
        art.bubbles(rng, 30, blend(light, ground, 0.4))
    text = readable(mark, palette.ink, palette.pale) if style in ("swoosh", "stripe") else light
    for x in (0.5, 0.02, 0.98):
        art.text(x, 0.2, 0.2, 0.09, brand, light, outline=palette.ink if not silver else None)
        art.text(x, 0.45, 0.25, 0.2, name, text, bold=0.05)
        art.text(x, 0.93, 0.1, 0.045, choose(rng, "330 ml", "250 ml"), light)
    art.barcode(0.25, 0.7, 0.1, 0.2, rng)
    return art.image


SODA_CAN = Packaging("soda-can", _design)
