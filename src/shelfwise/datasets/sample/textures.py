"""Seamless pictures of floors, tables and walls, made once and looked up by every scene."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shelfwise.datasets.sample.artwork import Art
from shelfwise.datasets.sample.design import Colour, blend
from shelfwise.datasets.sample.geometry import Floats
from shelfwise.datasets.sample.model import smooth_noise

__all__ = ["GROUNDS", "SIDE", "WALLS", "texture"]

SIDE = 512
"""Textures are squares of as many pixels."""


def _plain(colour: Colour) -> Floats:
    return np.broadcast_to(np.array(colour, np.float32), (SIDE, SIDE, 3)).copy()


def _mottle(rng: np.random.Generator, cells: tuple[int, int], strength: float) -> Floats:
    return smooth_noise(rng, cells, (SIDE, SIDE))[..., None] * np.float32(strength)


def _wood(rng: np.random.Generator, colour: Colour) -> Floats:
    """Planks along x with grain."""
    out = _plain(colour)
    planks = 8
    height = SIDE // planks
    for plank in range(planks):
        rows = slice(plank * height, (plank + 1) * height)
        out[rows] *= np.float32(rng.uniform(0.86, 1.08))
        grain = _mottle(rng, (60, 3), 9) + _mottle(rng, (150, 6), 6)
        out[rows] += grain[rows]
        out[rows][:2] *= np.float32(0.55)
    return out


def _tiles(rng: np.random.Generator, colour: Colour) -> Floats:
    out = _plain(colour) + _mottle(rng, (9, 9), 5) + _mottle(rng, (90, 90), 3)
    count = 4
    side = SIDE // count
    for row in range(count):
        for column in range(count):
            tile = (slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side))
            out[tile] *= np.float32(rng.uniform(0.92, 1.05))
    joint = np.array(blend(colour, (90, 88, 84), 0.6), np.float32)
    for line in range(count):
        out[line * side : line * side + 5] = joint
        out[:, line * side : line * side + 5] = joint
    return out


def _cloth(rng: np.random.Generator, colour: Colour) -> Floats:
    """A chequered tablecloth."""
    out = _plain((242, 238, 230))
    steps = np.arange(SIDE) // 32 % 2 == 0
    weight = (steps[:, None].astype(np.float32) + steps[None, :]) * np.float32(0.42)
    mixed = out + (np.array(colour, np.float32) - out) * weight[..., None]
    return np.asarray(mixed + _mottle(rng, (200, 200), 4), np.float32)


def _stone(rng: np.random.Generator, colour: Colour) -> Floats:
    out = _plain(colour) + _mottle(rng, (7, 7), 7) + _mottle(rng, (256, 256), 9)
    veins = np.abs(smooth_noise(rng, (6, 6), (SIDE, SIDE)) + 0.35 * smooth_noise(rng, (24, 24), (SIDE, SIDE)))
    return np.asarray(out - 34 * np.exp(-veins[..., None] * 22), np.float32)


def _paint(rng: np.random.Generator, colour: Colour) -> Floats:
    return _plain(colour) + _mottle(rng, (5, 5), 4) + _mottle(rng, (200, 200), 2)


def _stripes(rng: np.random.Generator, colour: Colour) -> Floats:
    out = _plain(colour)
    out[:, np.arange(SIDE) // 32 % 2 == 0] *= np.float32(0.9)
    return out + _mottle(rng, (60, 60), 2)


def _bricks(rng: np.random.Generator, colour: Colour) -> Floats:
    out = _plain(blend(colour, (235, 232, 228), 0.5))
    high, wide = 32, 128
    for row in range(SIDE // high):
        for column in range(SIDE // wide):
            left = column * wide + (row % 2) * wide // 2
            columns = np.arange(left + 3, left + wide) % SIDE
            out[row * high + 3 : (row + 1) * high, columns] = np.array(colour) * rng.uniform(0.85, 1.1)
    return out + _mottle(rng, (120, 120), 6)


RAIL_SCALE = 16.0
"""Pixels of the rail's texture to the centimetre."""
RAIL_HEIGHT = 4.2
"""In centimetres."""


def _rail(rng: np.random.Generator, colour: Colour) -> Floats:
    """A rail with price tags; only its upper part is looked up."""
    art = Art(SIDE, SIDE, colour)
    height = RAIL_HEIGHT * RAIL_SCALE / SIDE
    art.box(0, 0, 1, height * 0.07, (236, 236, 238))
    art.box(0, height * 0.93, 1, height, blend(colour, (0, 0, 0), 0.4))
    for tag in range(4):
        x = 0.02 + tag * 0.25 + float(rng.uniform(0, 0.06))
        if rng.random() < 0.25:
            continue
        yellow = rng.random() < 0.35
        art.box(
            x, height * 0.14, x + 0.17, height * 0.86, (250, 214, 60) if yellow else (250, 250, 246), 0.008
        )
        price = f"{rng.integers(0, 6)}.{rng.integers(1, 10)}9"
        art.text(x + 0.11, height * 0.56, 0.1, height * 0.44, price, (28, 28, 32), bold=0.04)
        art.lines(x + 0.035, height * 0.26, 0.045, 4, height * 0.13, (120, 120, 122))
    return np.asarray(art.image, np.float32)


Painter = Callable[[np.random.Generator, Colour], Floats]

GROUNDS: dict[str, tuple[Painter, tuple[Colour, ...]]] = {
    "wood": (_wood, ((176, 126, 80), (132, 90, 58), (196, 160, 116), (104, 76, 58), (160, 140, 118))),
    "cloth": (_cloth, ((198, 60, 60), (70, 110, 170), (90, 140, 90), (150, 150, 150))),
    "stone": (_stone, ((204, 202, 198), (92, 94, 98), (186, 170, 150))),
    "tiles": (_tiles, ((198, 192, 182), (150, 150, 150), (178, 134, 104), (120, 132, 140))),
    "board": (_paint, ((216, 216, 214), (190, 182, 170), (140, 146, 154))),
}
"""What a product may stand on: name → (painter, colours)."""

WALLS: dict[str, tuple[Painter, tuple[Colour, ...]]] = {
    "paint": (
        _paint,
        (
            (226, 220, 208),
            (164, 186, 190),
            (196, 170, 150),
            (120, 128, 138),
            (214, 196, 160),
            (150, 170, 140),
        ),
    ),
    "stripes": (_stripes, ((218, 206, 186), (176, 190, 204), (206, 182, 180))),
    "bricks": (_bricks, ((168, 92, 70), (206, 196, 184), (122, 104, 96))),
    "tiles": (_tiles, ((232, 234, 234), (128, 168, 178), (222, 206, 178))),
    "rail": (_rail, ((196, 198, 202), (176, 40, 40), (60, 64, 72))),
}
"""What may be behind it: name → (painter, colours)."""


@functools.lru_cache(maxsize=64)
def texture(kind: str, name: str, colour: int) -> NDArray[np.uint8]:
    """The texture of a ground or wall ("ground" or "wall"), SIDE×SIDE×3."""
    painter, colours = (GROUNDS if kind == "ground" else WALLS)[name]
    rng = np.random.default_rng([len(kind), len(name), ord(name[0]), colour])
    return np.clip(painter(rng, colours[colour]), 0, 255).astype(np.uint8)
