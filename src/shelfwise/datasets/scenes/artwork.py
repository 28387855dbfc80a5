"""Printed matter for packages: grounds, bands, pictures of food, emblems, lettering and small print."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from shelfwise.datasets.scenes.lettering import brand, font_count, phrase, write
from shelfwise.datasets.scenes.palettes import Look, Palette
from shelfwise.datasets.scenes.pixels import Array, Colour, blend, filled, noise, ramp

__all__ = ["print_label"]


def print_label(rng: np.random.Generator, look: Look, palette: Palette, height: int, width: int) -> Array:
    """Draw the print of one package's front, (height, width, 3) of uint8."""
    picture = _GROUNDS[int(rng.integers(len(_GROUNDS)))](rng, palette, height, width)
    for _ in range(int(rng.integers(0, 3))):
        _band(rng, palette, picture)
    if rng.random() < 0.65:
        _food(rng, palette, picture)
    _emblem(rng, look, palette, picture)
    _small_print(rng, look, palette, picture)
    if rng.random() < 0.4:
        _badge(rng, look, palette, picture)
    return picture


def _mixed(palette: Palette, part: Array) -> Array:
    """Ground and second colour, by the part of the second, (H, W, 1)."""
    mixed: Array = np.array(palette.ground) * (1 - part) + np.array(palette.second) * part
    return mixed.astype(np.uint8)


def _plain(rng: np.random.Generator, palette: Palette, height: int, width: int) -> Array:
    return filled(height, width, palette.ground)


def _gradient(rng: np.random.Generator, palette: Palette, height: int, width: int) -> Array:
    along = ramp(height, 0, 1)[:, None] if rng.random() < 0.7 else ramp(width, 1, 0, 1)[None, :]
    part = np.broadcast_to(along, (height, width))[..., None]
    return _mixed(palette, part)


def _split(rng: np.random.Generator, palette: Palette, height: int, width: int) -> Array:
    out = filled(height, width, palette.ground)
    y0, y1 = (int(height * rng.uniform(0.3, 0.7)) for _ in range(2))
    corners = np.array([[0, y0], [width, y1], [width, height], [0, height]])
    cv2.fillPoly(out, [corners], palette.second if rng.random() < 0.5 else palette.paper, cv2.LINE_AA)
    return out


def _stripes(rng: np.random.Generator, palette: Palette, height: int, width: int) -> Array:
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, pitch = rng.uniform(0, math.pi), max(width * rng.uniform(0.06, 0.3), 3)
    wave = np.sin((xs * math.cos(angle) + ys * math.sin(angle)) * 2 * math.pi / pitch)
    part = np.clip(wave * 3 + 0.5, 0, 1)[..., None]
    return _mixed(palette, part)


def _rays(rng: np.random.Generator, palette: Palette, height: int, width: int) -> Array:
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = np.arctan2(ys - height * rng.uniform(0.2, 0.8), xs - width / 2)
    part = np.clip(np.sin(angle * int(rng.integers(6, 18))) * 4 + 0.5, 0, 1)[..., None] * 0.6
    return _mixed(palette, part)


def _dots(rng: np.random.Generator, palette: Palette, height: int, width: int) -> Array:
    out = filled(height, width, palette.ground)
    pitch = max(int(width * rng.uniform(0.08, 0.2)), 4)
    for row, y in enumerate(range(0, height + pitch, pitch)):
        for x in range(0, width + pitch, pitch):
            centre = (x + (row % 2) * pitch // 2, y)
            cv2.circle(out, centre, max(int(pitch * 0.28), 1), palette.second, -1, cv2.LINE_AA)
    return out


def _mottled(rng: np.random.Generator, palette: Palette, height: int, width: int) -> Array:
    part = np.clip(noise(rng, (5, 5), (height, width)) + noise(rng, (17, 15), (height, width)) + 0.5, 0, 1)
    part = part[..., None]
    return _mixed(palette, part)


_GROUNDS: Final[tuple[Callable[[np.random.Generator, Palette, int, int], Array], ...]] = (
    _plain, _plain, _gradient, _gradient, _split, _stripes, _rays, _dots, _mottled,
)  # fmt: skip


def _band(rng: np.random.Generator, palette: Palette, picture: Array) -> None:
    """A straight or waved band across, or an arc at one end."""
    height, width = picture.shape[:2]
    colour = _pick(rng, palette)
    y, thick = height * rng.uniform(0, 1), height * rng.uniform(0.03, 0.22)
    xs = np.linspace(0, width, 17)
    wave = height * rng.choice([0, 0, rng.uniform(0.01, 0.08)]) * np.sin(xs / width * rng.uniform(2, 9))
    slope = rng.choice([0, rng.uniform(-0.3, 0.3)]) * (xs - width / 2)
    upper = np.stack([xs, y + wave + slope], axis=1)
    lower = np.stack([xs, y + wave + slope + thick], axis=1)[::-1]
    cv2.fillPoly(picture, [np.concatenate([upper, lower]).astype(np.int32)], colour, cv2.LINE_AA)


def _food(rng: np.random.Generator, palette: Palette, picture: Array) -> None:
    """A heap of shaded balls, slices or sticks, as the photos on packages look from afar."""
    height, width = picture.shape[:2]
    x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.5, 0.85)
    spread, count = width * rng.uniform(0.12, 0.35), int(rng.integers(1, 26))
    base = _pick(rng, palette) if rng.random() < 0.4 else _FOODS[int(rng.integers(len(_FOODS)))]
    size = max(width * rng.uniform(0.04, 0.3) / math.sqrt(count) * 2, 2)
    if rng.random() < 0.4:
        plate = (int(spread * 1.4 + size), max(int((spread + size) * rng.uniform(0.4, 1)), 1))
        cv2.ellipse(picture, (int(x), int(y + size * 0.3)), plate, 0, 0, 360, palette.paper, -1, cv2.LINE_AA)
    thin, turn = rng.choice([1.0, 1.0, 0.6, 0.3]), rng.uniform(0, 180)
    for _ in range(count):
        place = (int(x + rng.normal(0, spread * 0.6)), int(y + rng.normal(0, spread * 0.4)))
        colour = blend(base, (255, 240, 200) if rng.random() < 0.5 else (40, 20, 10), rng.uniform(0, 0.35))
        axes = (max(int(size), 1), max(int(size * thin), 1))
        angle = turn + rng.uniform(-60, 60)
        cv2.ellipse(picture, place, axes, angle, 0, 360, blend(colour, (0, 0, 0), 0.4), -1, cv2.LINE_AA)
        inner = (max(int(axes[0] * 0.86), 1), max(int(axes[1] * 0.86), 1))
        lit = (place[0] - int(size * 0.06), place[1] - int(size * 0.06))
        cv2.ellipse(picture, lit, inner, angle, 0, 360, colour, -1, cv2.LINE_AA)
        glint = (place[0] - int(size * 0.3), place[1] - int(size * 0.3 * thin))
        cv2.circle(picture, glint, max(int(size * 0.18), 1), blend(colour, (255, 255, 255), 0.6), -1)


_FOODS: Final[tuple[Colour, ...]] = (
    (190, 30, 25), (230, 140, 30), (240, 205, 60), (90, 140, 40), (120, 70, 35), (70, 40, 25), (235, 220, 180),
    (200, 90, 60), (110, 30, 80), (215, 170, 110),
)  # fmt: skip


def _emblem(rng: np.random.Generator, look: Look, palette: Palette, picture: Array) -> None:
    """The brand name, often on an oval, a ribbon or a panel."""
    height, width = picture.shape[:2]
    y, high = height * rng.uniform(0.12, 0.45), height * rng.uniform(0.06, 0.2)
    wide = width * rng.uniform(0.55, 0.95)
    x0, x1 = (width - wide) / 2, (width + wide) / 2
    shape = rng.choice(["none", "oval", "panel", "ribbon", "circle"])
    colour, ink = _pick(rng, palette), palette.ink
    centre = (width // 2, int(y))
    if shape == "oval":
        cv2.ellipse(picture, centre, (int(wide / 2), int(high * 0.75)), 0, 0, 360, colour, -1, cv2.LINE_AA)
    elif shape == "panel":
        cv2.rectangle(picture, (int(x0), int(y - high * 0.7)), (int(x1), int(y + high * 0.7)), colour, -1)
    elif shape == "ribbon":
        cv2.rectangle(picture, (0, int(y - high * 0.65)), (width, int(y + high * 0.65)), colour, -1)
    elif shape == "circle":
        cv2.circle(picture, centre, int(min(wide * 0.5, height * 0.28)), colour, -1, cv2.LINE_AA)
    if shape != "none":
        ink = (20, 20, 25) if float(np.mean(colour)) > 140 else (250, 250, 250)
    box = (x0 + wide * 0.08, y - high / 2, x1 - wide * 0.08, y + high / 2)
    upright = rng.random() < 0.12 and height > 1.6 * width
    edge = palette.second if rng.random() < 0.25 else None
    if upright:
        box = (x0, height * 0.1, x1, height * 0.9)
    font, angle = int(rng.integers(font_count(look))), float(rng.choice([0, 0, 0, 6, -6, 12]))
    if upright:
        _upright(picture, brand(rng), box, ink, look, font)
    else:
        write(picture, brand(rng), box, ink, look=look, font=font, angle=angle, edge=edge)


def _upright(
    picture: Array, text: str, box: tuple[float, float, float, float], ink: Colour, look: Look, font: int
) -> None:
    """Write from the foot to the head, by writing along a turned picture."""
    turned_picture = np.ascontiguousarray(np.rot90(picture, -1))
    high = picture.shape[0]
    write(turned_picture, text, (high - box[3], box[0], high - box[1], box[2]), ink, look=look, font=font)
    picture[:] = np.rot90(turned_picture)


def _small_print(rng: np.random.Generator, look: Look, palette: Palette, picture: Array) -> None:
    height, width = picture.shape[:2]
    y = height * rng.uniform(0.3, 0.6)
    for _ in range(int(rng.integers(1, 4))):
        high = height * rng.uniform(0.03, 0.07)
        font = int(rng.integers(font_count(look)))
        ink = palette.ink if rng.random() < 0.6 else palette.accent
        box = (width * 0.1, y, width * 0.9, y + high)
        write(picture, phrase(rng, int(rng.integers(1, 4))), box, ink, look=look, font=font)
        y += high * 1.5
    weight = f"{int(rng.choice([100, 125, 200, 250, 330, 400, 500, 750]))} {rng.choice(['g', 'ml'])}"
    box = (width * 0.55, height * 0.9, width * 0.95, height * 0.96)
    write(picture, weight, box, palette.ink, look=look, font=1)
    if rng.random() < 0.15:
        _barcode(rng, picture)


def _barcode(rng: np.random.Generator, picture: Array) -> None:
    height, width = picture.shape[:2]
    high, wide = int(height * rng.uniform(0.08, 0.2)), int(width * rng.uniform(0.25, 0.5))
    if min(high, wide) < 8:
        return
    bars = np.repeat(rng.integers(0, 2, wide // 2 + 1) * 255, 2)[:wide].astype(np.uint8)
    x, y = int(width * rng.uniform(0, 0.5)), int(height * rng.uniform(0.6, 0.8))
    picture[y : y + high, x : x + wide] = bars[None, : picture[y, x : x + wide].shape[0], None]


def _badge(rng: np.random.Generator, look: Look, palette: Palette, picture: Array) -> None:
    """A round or star-shaped stamp."""
    height, width = picture.shape[:2]
    radius = width * rng.uniform(0.1, 0.2)
    x, y = width * rng.uniform(0.15, 0.85), height * rng.uniform(0.1, 0.9)
    points = int(rng.choice([40, 16, 24]))
    angles = np.arange(points) * 2 * math.pi / points
    reach = radius * np.where(np.arange(points) % 2 == 0, 1.0, 0.85 if points < 40 else 1.0)
    star = np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], axis=1).astype(np.int32)
    cv2.fillPoly(picture, [star], palette.accent, cv2.LINE_AA)
    text = str(rng.choice(["BIO", "-20%", "NEW", "XL", "+10%", "2x", "100%"]))
    box = (x - radius * 0.7, y - radius * 0.5, x + radius * 0.7, y + radius * 0.5)
    write(picture, text, box, (255, 255, 255), look=look, angle=float(rng.uniform(-15, 15)))


def _pick(rng: np.random.Generator, palette: Palette) -> Colour:
    colours = (palette.second, palette.accent, palette.paper, palette.ink)
    return colours[int(rng.integers(len(colours)))]
