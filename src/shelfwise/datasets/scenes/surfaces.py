"""Walls, floors, tables and cloths: pictures of any size, other ones for each look."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from shelfwise.datasets.scenes.palettes import Look, choose
from shelfwise.datasets.scenes.pixels import Array, Colour, filled, noise, ramp

__all__ = ["ground", "wall"]

Painter = Callable[[np.random.Generator, int, int], Array]


def wall(rng: np.random.Generator, look: Look, height: int, width: int) -> Array:
    """The back of a shelf."""
    return choose(rng, look, _WALLS["train"], _WALLS["held-out"])(rng, height, width)


def ground(rng: np.random.Generator, look: Look, height: int, width: int) -> Array:
    """What products lie on."""
    return choose(rng, look, _GROUNDS["train"], _GROUNDS["held-out"])(rng, height, width)


def _grey(rng: np.random.Generator, low: int, high: int, tint: int = 12) -> Colour:
    level = int(rng.integers(low, high))
    red, green, blue = (int(np.clip(level + rng.integers(-tint, tint + 1), 0, 255)) for _ in range(3))
    return red, green, blue


def _mottle(rng: np.random.Generator, picture: Array, strength: float) -> Array:
    height, width = picture.shape[:2]
    small = height // 4 + 1, width // 4 + 1
    marks = (noise(rng, (5, 7), small) + 0.5 * noise(rng, (37, 41), small)) * strength
    whole = cv2.resize(marks.astype(np.int16), (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.add(_bytes(picture), cv2.merge([whole, whole, whole]), dtype=cv2.CV_8U)


def _bytes(picture: Array) -> Array:
    return picture if picture.dtype == np.uint8 else np.clip(picture, 0, 255).astype(np.uint8)


def _plain(rng: np.random.Generator, height: int, width: int) -> Array:
    return _mottle(rng, filled(height, width, _grey(rng, 40, 235)), 8)


def _dark(rng: np.random.Generator, height: int, width: int) -> Array:
    return _mottle(rng, filled(height, width, _grey(rng, 8, 45, 6)), 5)


def _perforated(rng: np.random.Generator, height: int, width: int) -> Array:
    """Sheet metal with rows of holes."""
    colour = _grey(rng, 130, 230)
    pitch = int(rng.integers(9, 34))
    cell = filled(pitch, pitch, colour)
    cv2.circle(cell, (pitch // 2, pitch // 2), max(pitch // 5, 1), _grey(rng, 20, 60), -1, cv2.LINE_AA)
    return _mottle(rng, _tiled(cell, height, width), 8)


def _slats(rng: np.random.Generator, height: int, width: int) -> Array:
    """Boards across with dark grooves."""
    pitch = int(rng.integers(30, 110))
    column = np.full((pitch, 1), 1.0)
    column[-max(pitch // 12, 2) :] = 0.35
    colour = np.array(_grey(rng, 90, 220, 25), float)
    rows = np.resize(column, (height, 1))
    return _mottle(rng, np.broadcast_to(rows[..., None] * colour, (height, width, 3)), 7)


def _coloured(rng: np.random.Generator, height: int, width: int) -> Array:
    low, high = int(rng.integers(0, 120)), int(rng.integers(130, 255))
    red, green, blue = (int(rng.integers(low, high)) for _ in range(3))
    return _mottle(rng, filled(height, width, (red, green, blue)), 6)


def _mesh(rng: np.random.Generator, height: int, width: int) -> Array:
    """A wire grid before something dark or light."""
    pitch = int(rng.integers(16, 60))
    cell = filled(pitch, pitch, _grey(rng, 15, 90))
    wire = _grey(rng, 140, 240)
    thick = max(pitch // 10, 1)
    cell[:thick] = wire
    cell[:, :thick] = wire
    return _mottle(rng, _tiled(cell, height, width), 6)


def _corrugated(rng: np.random.Generator, height: int, width: int) -> Array:
    wave = 1 + 0.22 * np.sin(np.arange(width) * 2 * math.pi / rng.uniform(10, 60))
    colour = np.array(_grey(rng, 90, 210, 20), float)
    return _mottle(rng, np.broadcast_to(wave[None, :, None] * colour, (height, width, 3)), 6)


def _kraft(rng: np.random.Generator, height: int, width: int) -> Array:
    base = np.array((186, 150, 108), float) * rng.uniform(0.6, 1.15)
    return _mottle(rng, filled(height, width, tuple(int(min(c, 255)) for c in base)), 12)  # type: ignore[arg-type]


def _wood(rng: np.random.Generator, height: int, width: int) -> Array:
    """Planks with grain."""
    base = np.array(
        ((150, 108, 70), (110, 74, 45), (190, 160, 120), (90, 70, 58), (165, 125, 85))[int(rng.integers(5))]
    )
    planks = int(rng.integers(3, 14))
    across, long = max(height // planks, 8), width
    small = height, long // 4 + 1
    grain = noise(rng, (height // 5 + 2, 5), small) * 16 + noise(rng, (height // 2 + 2, 9), small) * 12
    grain = cv2.resize(grain, (long, height), interpolation=cv2.INTER_LINEAR)
    out = (base * rng.uniform(0.75, 1.15)).astype(np.float32) + grain[..., None]
    for y in range(0, height, across):
        out[y : y + across] *= rng.uniform(0.85, 1.12)
        out[y : y + max(across // 60, 1)] *= 0.5
        for x in rng.integers(0, width, max(width // 500, 1)):
            out[y : y + across, x : x + max(across // 60, 1)] *= 0.55
    return _bytes(out)


def _tiles(rng: np.random.Generator, height: int, width: int) -> Array:
    pitch, joint = int(rng.integers(70, 320)), int(rng.integers(2, 7))
    colour = np.array(_grey(rng, 90, 235, 25), float)
    rows, columns = height // pitch + 1, width // pitch + 1
    cells = np.clip(rng.uniform(0.92, 1.06, (rows, columns, 1)) * colour, 0, 255).astype(np.uint8)
    out = _mottle(rng, cells.repeat(pitch, axis=0).repeat(pitch, axis=1)[:height, :width], 9)
    dark = _grey(rng, 60, 160)
    for k in range(joint):
        out[k::pitch] = dark
        out[:, k::pitch] = dark
    return out


def _cloth(rng: np.random.Generator, height: int, width: int) -> Array:
    """Cloth: plain, striped or chequered, with folds."""
    one, other = (np.array([int(v) for v in rng.integers(40, 250, 3)], float) for _ in range(2))
    pitch = rng.uniform(20, 140)
    across = (np.arange(width) % pitch < pitch / 2).astype(float)[None, :]
    down = (np.arange(height) % pitch < pitch / 2).astype(float)[:, None]
    kind = int(rng.integers(3))
    part = np.zeros((height, width), np.float32) + (
        0 if kind == 0 else down if kind == 1 else (across + down) / 2
    )
    folds = 1 + 0.14 * noise(rng, (6, 5), (height, width))
    out = (one + (other - one) * part[..., None]).astype(np.float32)
    return _mottle(rng, _bytes(out * folds[..., None]), 4)


def _stone(rng: np.random.Generator, height: int, width: int) -> Array:
    small = height // 2 + 1, width // 2 + 1
    veins = np.abs(noise(rng, (7, 9), small) + 0.4 * noise(rng, (31, 29), small))
    speckle = rng.normal(0, rng.uniform(2, 14), small).astype(np.float32)
    marks = cv2.resize(speckle - 40 * np.exp(-veins * 14), (width, height))
    colour = np.array(_grey(rng, 70, 240), np.float32)
    return _bytes(colour + marks[..., None])


def _carpet(rng: np.random.Generator, height: int, width: int) -> Array:
    side = 512
    pile = cv2.GaussianBlur(rng.normal(0, 16, (side, side)).astype(np.float32), (3, 3), 0)
    colour = np.array([int(v) for v in rng.integers(40, 190, 3)], np.float32)
    return _mottle(rng, _tiled(_bytes(colour + pile[..., None]), height, width), 5)


def _metal(rng: np.random.Generator, height: int, width: int) -> Array:
    """Brushed metal, as of a till's belt plate or a sink."""
    brush = noise(rng, (height, 3), (height, width)) * 12
    sheen = ramp(width, *rng.uniform(0.75, 1.2, 4))[None, :]
    return (
        np.clip((float(rng.uniform(120, 190)) + brush) * sheen, 0, 255)
        .astype(np.uint8)[..., None]
        .repeat(3, axis=2)
    )


def _herringbone(rng: np.random.Generator, height: int, width: int) -> Array:
    base = _wood(rng, height + width, height + width)
    matrix = cv2.getRotationMatrix2D(((height + width) / 2, (height + width) / 2), 45, 1)
    turned = cv2.warpAffine(base, matrix, (height + width, height + width), borderMode=cv2.BORDER_REFLECT)
    y, x = width // 2, height // 2
    return np.ascontiguousarray(turned[y : y + height, x : x + width])


def _belt(rng: np.random.Generator, height: int, width: int) -> Array:
    """A till's black belt."""
    ribs = np.where(np.arange(height) % int(rng.integers(4, 12)) == 0, 1.25, 1.0)[:, None, None]
    return _mottle(rng, np.clip(filled(height, width, _grey(rng, 20, 60)) * ribs, 0, 255), 6)


def _tiled(cell: Array, height: int, width: int) -> Array:
    rows, columns = height // cell.shape[0] + 1, width // cell.shape[1] + 1
    return np.tile(cell, (rows, columns, 1))[:height, :width]


_WALLS: Final[dict[Look, tuple[Painter, ...]]] = {
    "train": (_plain, _plain, _dark, _dark, _perforated, _slats, _coloured),
    "held-out": (_mesh, _corrugated, _kraft, _tiles),
}
_GROUNDS: Final[dict[Look, tuple[Painter, ...]]] = {
    "train": (_wood, _wood, _wood, _tiles, _cloth, _stone, _carpet, _plain, _coloured),
    "held-out": (_metal, _herringbone, _belt, _kraft),
}
