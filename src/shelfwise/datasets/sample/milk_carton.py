"""Milk cartons: square, with a gabled roof and a fin on top."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from shelfwise.datasets.sample.artwork import Art
from shelfwise.datasets.sample.design import BRANDS, PALETTES, Colour, Palette, blend, choose, readable
from shelfwise.datasets.sample.geometry import Material, Patch
from shelfwise.datasets.sample.model import Model, Packaging, rows
from shelfwise.datasets.sample.solids import flat

__all__ = ["MILK_CARTON"]

_KINDS = ("Milk", "Whole Milk", "Fresh Milk", "Oat Drink", "Buttermilk", "Kefir", "Soy Drink")
_PAPER = Material(gloss=0.14, shine=14)


def _design(rng: np.random.Generator, detail: float) -> Model:
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    brand, kind = choose(rng, *BRANDS), choose(rng, *_KINDS)
    half, body, roof, fin = rng.uniform(3.4, 4.3), rng.uniform(13.5, 19), rng.uniform(3.2, 4.2), 1.5
    height = body + roof + fin
    tall, wide = rows(detail, body / height), rows(detail, 2 * half / height)
    paper = blend(palette.pale, (255, 255, 255), 0.55)
    style = choose(rng, "meadow", "wave", "cow", "block", "full")
    front = _front(rng, palette, paper, style, brand, kind, (wide, tall))
    side = _side(rng, palette, paper, style, kind, (wide, tall))
    colour = palette.base if style in ("block", "full") else paper
    roof_art = Art(wide, rows(detail, 0.2), colour)
    if rng.random() < 0.6:
        _cap(roof_art, palette)
    else:
        roof_art.text(0.5, 0.55, 0.7, 0.35, brand, palette.pale if colour == palette.base else palette.base)
    parts = {"front": front, "side": side, "roof": roof_art.image}
    patches = _gable(half, body, roof, fin, parts, colour)
    return Model(height, 2.4 * half, 0.75, lambda _: patches)


def _gable(
    half: float, body: float, roof: float, fin: float, parts: dict[str, Image.Image], colour: Colour
) -> tuple[Patch, ...]:
    """The walls, the recessed gables, the roof's two slopes and the fin, back to front."""
    w, top, inset = half, body + roof, half * 0.45
    gable = Art(48, 48, blend(colour, (70, 70, 80), 0.22)).image
    plain = Art(48, 16, blend(colour, (70, 70, 80), 0.05)).image
    triangle = Image.new("L", (96, 96), 0)
    ImageDraw.Draw(triangle).polygon([(48, 0), (95, 95), (0, 95)], fill=255)
    return (
        flat((w, body, -w), (-2 * w, 0, 0), (0, -body, 0), parts["front"], _PAPER),
        flat((w, top, 0), (-2 * w, 0, 0), (0, -roof, -w), parts["roof"], _PAPER),
        flat((-w + inset, top, -w), (0, 0, 2 * w), (-inset, -roof, 0), gable, _PAPER, triangle),
        flat((w - inset, top, w), (0, 0, -2 * w), (inset, -roof, 0), gable, _PAPER, triangle),
        flat((-w, body, -w), (0, 0, 2 * w), (0, -body, 0), parts["side"], _PAPER),
        flat((w, body, w), (0, 0, -2 * w), (0, -body, 0), parts["side"], _PAPER),
        flat((w, top + fin, -0.2), (-2 * w, 0, 0), (0, -fin, 0), plain, _PAPER),
        flat((-w, top, 0), (2 * w, 0, 0), (0, -roof, w), parts["roof"], _PAPER),
        flat((-w, body, w), (2 * w, 0, 0), (0, -body, 0), parts["front"], _PAPER),
        flat((-w, top + fin, -0.2), (0, 0, 0.4), (0, -fin, 0), plain, _PAPER),
        flat((w, top + fin, 0.2), (0, 0, -0.4), (0, -fin, 0), plain, _PAPER),
        flat((-w, top + fin, -0.2), (2 * w, 0, 0), (0, 0, 0.4), plain, _PAPER),
        flat((-w, top + fin, 0.2), (2 * w, 0, 0), (0, -fin, 0), plain, _PAPER),
    )


def _cap(art: Art, palette: Palette) -> None:
    colour = palette.accent
    art.oval(0.5, 0.5, 0.34, 0.34, blend(colour, (0, 0, 0), 0.45))
    art.oval(0.5, 0.46, 0.32, 0.31, colour)
    art.oval(0.5, 0.44, 0.24, 0.23, blend(colour, (255, 255, 255), 0.35))


def _front(
    rng: np.random.Generator,
    palette: Palette,
    paper: Colour,
    style: str,
    brand: str,
    kind: str,
    size: tuple[int, int],
) -> Image.Image:
    art = Art(*size, palette.base if style == "full" else paper)
    text = palette.base
    if style in ("block", "full"):
        text = readable(palette.base, palette.pale, palette.ink)
    if style == "meadow":
        art.oval(0.74, 0.5, 0.34, 0.34, blend(palette.accent, paper, 0.25))
        art.meadow(0.6, palette.base)
    elif style == "wave":
        art.wave(0.66, 0.05, 1.0, palette.base, phase=float(rng.uniform(0, 6)))
        art.wave(0.74, 0.04, 1.0, blend(palette.base, palette.ink, 0.4), phase=float(rng.uniform(0, 6)))
    elif style == "cow":
        art.box(0, 0.5, 1, 1, blend(palette.base, (255, 255, 255), 0.35))
        art.wave(0.82, 0.02, 1.2, (96, 158, 74))
        art.cow(0.44, 0.72, 0.66, palette.ink)
    elif style == "block":
        art.box(0, 0, 1, 0.52, palette.base)
        art.oval(0.5, 0.72, 0.5, 0.5, blend(palette.base, paper, 0.75))
        art.text(0.5, 0.72, 0.32, 0.12, choose(rng, "3.5%", "1.5%", "BIO", "0.1%"), palette.base, bold=0.03)
    else:
        art.oval(0.5, 0.68, 0.7, 0.7, palette.pale)
        art.fruit(0.5, 0.68, 0.36, palette.accent)
    art.text(0.5, 0.11, 0.8, 0.08, brand, text, bold=0.015)
    art.text(0.5, 0.31, 0.86, 0.17, kind, text, bold=0.04)
    if style in ("meadow", "wave"):
        art.text(0.5, 0.46, 0.5, 0.05, choose(rng, "3.5 % fat", "1.5 % fat", "from the hills"), palette.ink)
    light = style in ("block", "full", "cow")
    art.text(0.83, 0.955, 0.22, 0.035, choose(rng, "1 L", "500 ml"), palette.ink if light else palette.pale)
    return art.image


def _side(
    rng: np.random.Generator, palette: Palette, paper: Colour, style: str, kind: str, size: tuple[int, int]
) -> Image.Image:
    art = Art(*size, palette.base if style == "full" else paper)
    if style == "block":
        art.box(0, 0, 1, 0.52, palette.base)
    elif style in ("meadow", "wave", "cow"):
        art.wave(
            0.86 if style == "cow" else 0.7, 0.03, 1.0, (96, 158, 74) if style == "cow" else palette.base
        )
    art.text(0.5, 0.09, 0.7, 0.07, kind, palette.pale if style in ("block", "full") else palette.base)
    art.box(0.12, 0.2, 0.88, 0.6, blend(paper, palette.pale, 0.5), 0.03)
    art.lines(0.5, 0.22, 0.64, 11, 0.033, blend(palette.ink, paper, 0.45))
    art.barcode(0.5, 0.78, 0.6, 0.12, rng)
    return art.image


MILK_CARTON = Packaging("milk-carton", _design)
