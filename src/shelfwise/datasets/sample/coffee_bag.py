"""Coffee bags: soft bags with side folds, a crimped seal, a valve and a printed or pasted label."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.datasets.sample.artwork import Art
from shelfwise.datasets.sample.design import BRANDS, PALETTES, Colour, Palette, blend, choose, readable
from shelfwise.datasets.sample.geometry import Floats, Material, Patch, Points
from shelfwise.datasets.sample.model import Model, Packaging, rows, smooth_noise

__all__ = ["COFFEE_BAG"]

_NAMES = ("Espresso", "House Blend", "Arabica", "Dark Roast", "Crema", "Lungo", "Decaf", "Filter Roast")
Reals = NDArray[np.floating[Any]]
Place = tuple[Reals, Reals, Reals]

_KRAFT = (188, 148, 102)
_BROWN = (84, 52, 30)


def _design(rng: np.random.Generator, detail: float) -> Model:
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    brand, name = choose(rng, *BRANDS), choose(rng, *_NAMES)
    width, height, depth = rng.uniform(9.5, 13), rng.uniform(17, 23), rng.uniform(5.5, 7.5)
    kraft = rng.random() < 0.35
    ground = _KRAFT if kraft else (palette.base, palette.ink, palette.pale)[int(rng.integers(3))]
    tall = rows(detail)
    front = _front(rng, palette, ground, brand, name, (round(tall * width / height), tall))
    side = Art(round(tall * depth / height), tall, blend(ground, (0, 0, 0), 0.08))
    side.box(0.485, 0, 0.515, 1, blend(ground, (0, 0, 0), 0.3))
    material = (
        Material(gloss=0.05, shine=8) if kraft else Material(gloss=float(rng.uniform(0.2, 0.5)), shine=14)
    )

    def build(piece: np.random.Generator) -> tuple[Patch, ...]:
        return _bag(piece, (width, height, depth), front, side.image, material)

    return Model(height, width, 0.7, build)


def _bag(
    rng: np.random.Generator,
    size: tuple[float, float, float],
    front: Image.Image,
    side: Image.Image,
    material: Material,
) -> tuple[Patch, ...]:
    creases = smooth_noise(rng, (7, 5), (64, 48)) * 0.17 + smooth_noise(rng, (18, 9), (64, 48)) * 0.04
    shape = _Shape(*size, float(rng.uniform(0.3, 0.9)), creases)
    wide, narrow = (shape.width, shape.height * 1.03), (shape.depth * 1.1, shape.height)
    return (
        Patch(_with_normals(shape.back), side, wide, material),
        Patch(_with_normals(functools.partial(shape.gusset, -1)), side, narrow, material),
        Patch(_with_normals(functools.partial(shape.gusset, 1)), side, narrow, material),
        Patch(_with_normals(shape.front), front, wide, material),
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """A filled bag: flat at the seal, as deep as it gets from two thirds down, its sides folded inwards.

    The methods give x, y and z over a row of u and a column of v.
    """

    width: float
    height: float
    depth: float
    slump: float
    creases: Floats

    def half_depth(self, v: Floats) -> Reals:
        swell = np.clip((v - 0.06) / 0.62, 0, 1)
        return np.asarray(0.1 + self.depth / 2 * np.sin(swell * (np.pi / 2)) ** 0.85)

    def half_width(self, v: Floats) -> Reals:
        return np.asarray(self.width / 2 * (1 - 0.05 * self.slump * np.sin(np.pi * v)))

    def front(self, u: Floats, v: Floats) -> Place:
        bulge = self.half_depth(v) * (1 - 0.16 * self.slump * np.abs(2 * u - 1) ** 3)
        rough = _lookup(self.creases, u, v) * np.clip(v * 8, 0.15, 1)
        return (2 * u - 1) * self.half_width(v), self.height * (1 - v), bulge + rough

    def back(self, u: Floats, v: Floats) -> Place:
        x, y, z = self.front(u, v)
        return -x, y, -z

    def gusset(self, sign: int, u: Floats, v: Floats) -> Place:
        inward = (1 - np.abs(2 * u - 1)) * (0.25 + 1.9 * np.clip(1 - v * 1.1, 0, 1))
        z = sign * (1 - 2 * u) * self.half_depth(v) * 0.98
        return sign * (self.half_width(v) - inward), self.height * (1 - v), z


def _lookup(field: Floats, u: Floats, v: Floats) -> Floats:
    """The field over the unit square, at rows×columns places."""
    image = Image.fromarray(field).resize((u.shape[1], v.shape[0]), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)


def _with_normals(place: Callable[[Floats, Floats], Place]) -> Callable[[Floats, Floats], Points]:
    """Points whose normals follow from their neighbours."""

    def surface(u: Floats, v: Floats) -> Points:
        at = np.stack(np.broadcast_arrays(*place(u, v))).astype(np.float32)
        down, across = np.gradient(at, axis=1), np.gradient(at, axis=2)
        nx = down[1] * across[2] - down[2] * across[1]
        ny = down[2] * across[0] - down[0] * across[2]
        nz = down[0] * across[1] - down[1] * across[0]
        length = np.sqrt(nx * nx + ny * ny + nz * nz) + np.float32(1e-9)
        return Points(at[0], at[1], at[2], nx / length, ny / length, nz / length)

    return surface


def _front(
    rng: np.random.Generator, palette: Palette, ground: Colour, brand: str, name: str, size: tuple[int, int]
) -> Image.Image:
    art = Art(*size, ground)
    dark = sum(ground) < 380
    on_band = readable(palette.accent, palette.ink, palette.pale)
    style = choose(rng, "label", "band", "beans", "print")
    text = readable(ground, palette.pale, palette.ink)
    if style == "label":
        art.box(0.14, 0.3, 0.86, 0.84, palette.pale, 0.04)
        art.box(0.17, 0.32, 0.83, 0.325, palette.accent)
        text = palette.ink
    elif style == "band":
        art.box(0, 0.46, 1, 0.74, palette.accent)
    elif style == "beans":
        for _ in range(26):
            x, y = float(rng.uniform(0.05, 0.95)), float(rng.uniform(0.68, 0.97))
            art.bean(
                x, y, float(rng.uniform(0.09, 0.13)), blend(_BROWN, (0, 0, 0), float(rng.uniform(0, 0.4)))
            )
    large = on_band if style == "band" else text
    art.text(0.5, 0.4, 0.6, 0.06, brand, text)
    art.text(0.5, 0.55, 0.62 if style == "label" else 0.84, 0.12, name, large, bold=0.03)
    art.text(0.5, 0.66, 0.4, 0.035, choose(rng, "whole beans", "freshly roasted", "ground coffee"), large)
    if style != "beans":
        bean = _BROWN if style == "label" or not dark else _KRAFT
        for x in (0.42, 0.5, 0.58):
            art.bean(x, 0.75 if style == "label" else 0.82, 0.08, bean)
    if style != "label":
        art.text(0.5, 0.93, 0.2, 0.03, choose(rng, "250 g", "500 g", "1 kg"), text)
    _seal(rng, art, ground)
    return art.image


def _seal(rng: np.random.Generator, art: Art, ground: Colour) -> None:
    """The crimped top, sometimes closed with a tin tie, and the valve."""
    for row in range(8):
        y = 0.006 + row * 0.0085
        art.box(0, y, 1, y + 0.004, blend(ground, (255, 255, 255) if row % 2 else (0, 0, 0), 0.16))
    if rng.random() < 0.3:
        art.box(0, 0.1, 1, 0.13, blend(ground, (240, 240, 236), 0.75))
    valve = blend(ground, (20, 20, 20) if sum(ground) > 380 else (230, 230, 230), 0.3)
    art.oval(0.5, 0.2, 0.1, 0.1, valve)
    art.oval(0.5, 0.2, 0.06, 0.06, blend(valve, ground, 0.5))


COFFEE_BAG = Packaging("coffee-bag", _design)
