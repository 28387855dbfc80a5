"""Things that stand about and are none of the five packagings: fruit, jars, mugs, bowls, tins of fish, tea boxes."""

from __future__ import annotations

import math

import numpy as np

from shelfwise.datasets.sample.artwork import Art
from shelfwise.datasets.sample.design import PALETTES, blend
from shelfwise.datasets.sample.geometry import Body, Material, Patch
from shelfwise.datasets.sample.solids import ball, box, disc, revolved

__all__ = ["KINDS", "thing"]

KINDS = ("fruit", "jar", "mug", "bowl", "carton", "spice")
_FRUIT = ((236, 130, 30), (196, 40, 36), (150, 186, 60), (244, 208, 60), (112, 40, 70), (214, 74, 50))
_WIDTH = {"fruit": 7.0, "jar": 7.4, "mug": 8.4, "bowl": 13.0, "carton": 11.0, "spice": 5.0}


def thing(rng: np.random.Generator, kind: str, x: float, z: float) -> tuple[Body, float]:
    """A thing of that kind at (x, z), and how wide it is."""
    makers = {"fruit": _fruit, "jar": _jar, "mug": _mug, "bowl": _bowl, "carton": _carton, "spice": _spice}
    patches, height = makers[kind](rng)
    body = Body(patches, height, (x, 0.0, z), yaw=float(rng.uniform(-0.8, 0.8)) if kind == "carton" else 0.0)
    return body, _WIDTH[kind]


def _fruit(rng: np.random.Generator) -> tuple[tuple[Patch, ...], float]:
    colour = _FRUIT[int(rng.integers(len(_FRUIT)))]
    art = Art(96, 64, colour, blend(colour, (0, 0, 0), 0.12))
    art.speckle(rng, 7)
    radius = float(rng.uniform(3.0, 4.2))
    return (ball(radius, float(rng.uniform(0.86, 1.0)), art.image, Material(0.3, 18)),), 2 * radius


def _jar(rng: np.random.Generator) -> tuple[tuple[Patch, ...], float]:
    """A squat glass of jam with a wide lid."""
    jam = _FRUIT[int(rng.integers(len(_FRUIT)))]
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    art = Art(160, 80, blend(jam, (60, 0, 0), 0.35), blend(jam, (40, 0, 0), 0.5))
    art.box(0.3, 0.3, 0.7, 0.85, palette.pale)
    art.text(0.5, 0.5, 0.3, 0.2, "Jam", palette.ink, bold=0.03)
    art.lines(0.5, 0.65, 0.24, 2, 0.08, blend(palette.ink, palette.pale, 0.4))
    lid = Art(32, 16, palette.accent).image
    return (
        revolved([(7.2, 3.3), (6.6, 3.7), (0.4, 3.7), (0.0, 3.3)], art.image, Material(0.6, 50, rim=0.5)),
        revolved([(8.6, 3.4), (7.1, 3.45)], lid, Material(0.4, 16, metal=0.4)),
        disc(8.6, 3.4, lid, Material(0.2, 20)),
    ), 8.6


def _mug(rng: np.random.Generator) -> tuple[tuple[Patch, ...], float]:
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    colour = (palette.pale, palette.base, palette.accent)[int(rng.integers(3))]
    art = Art(64, 48, colour)
    inside = Art(96, 96, blend(colour, (0, 0, 0), 0.35))
    inside.oval(0.5, 0.52, 0.86, 0.86, (78, 48, 30))
    return (
        revolved([(9.0, 4.2), (0.8, 4.0), (0.0, 3.4)], art.image, Material(0.4, 40, rim=0.2)),
        disc(9.0, 4.2, art.image),
        disc(9.01, 3.9, inside.image),
    ), 9.0


def _bowl(rng: np.random.Generator) -> tuple[tuple[Patch, ...], float]:
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    art = Art(64, 48, palette.pale, blend(palette.pale, palette.base, 0.5))
    fill = Art(96, 96, blend(palette.pale, (90, 70, 50), 0.35))
    for _ in range(30):
        angle, r = rng.uniform(0, 2 * math.pi), 0.4 * math.sqrt(rng.uniform(0, 1))
        x, y = 0.5 + r * math.cos(angle), 0.5 + r * math.sin(angle)
        fill.oval(float(x), float(y), 0.13, 0.1, _FRUIT[int(rng.integers(len(_FRUIT)))])
    return (
        revolved([(6.0, 6.6), (3.0, 5.6), (0.6, 3.4), (0.0, 3.2)], art.image, Material(0.35, 30, rim=0.2)),
        disc(6.0, 6.6, art.image),
        disc(6.01, 6.1, fill.image),
    ), 6.0


def _carton(rng: np.random.Generator) -> tuple[tuple[Patch, ...], float]:
    """A low box, as of tea or biscuits: wider than tall."""
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    art = Art(140, 90, palette.base, blend(palette.base, palette.ink, 0.3))
    art.box(0.08, 0.2, 0.92, 0.7, blend(palette.base, palette.pale, 0.75))
    art.text(0.5, 0.45, 0.7, 0.3, ("Tea", "Biscuits", "Sugar", "Salt")[int(rng.integers(4))], palette.ink)
    side = Art(60, 90, blend(palette.base, palette.ink, 0.15)).image
    width, height = float(rng.uniform(10, 13)), float(rng.uniform(5.5, 8))
    return box(width, height, 6, front=art.image, side=side, top=side), height


def _spice(rng: np.random.Generator) -> tuple[tuple[Patch, ...], float]:
    """A spice shaker: small, round, with a coloured lid."""
    spice = _FRUIT[int(rng.integers(len(_FRUIT)))]
    palette = PALETTES[int(rng.integers(len(PALETTES)))]
    art = Art(120, 80, blend(spice, (110, 70, 40), 0.4))
    art.box(0.25, 0.3, 0.75, 0.8, palette.pale)
    art.text(0.5, 0.55, 0.36, 0.22, "Spice", palette.ink)
    lid = Art(32, 16, palette.ink).image
    return (
        revolved([(7.0, 2.3), (0.0, 2.3)], art.image, Material(0.4, 40, rim=0.35)),
        revolved([(9.0, 2.35), (7.0, 2.4)], lid, Material(0.2, 20), ridges=18),
        disc(9.0, 2.35, lid, Material(0.2, 20)),
    ), 9.0
