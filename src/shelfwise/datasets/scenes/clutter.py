"""Things that are no product: paper, cables, pens, cups, glasses, phones, hands, baskets."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from shelfwise.datasets.scenes.canvas import Canvas
from shelfwise.datasets.scenes.pixels import Array, Colour, noise

__all__ = ["CLUTTER", "draw_basket", "draw_hand"]

_SKINS: Final[tuple[Colour, ...]] = (
    (236, 188, 160),
    (205, 150, 115),
    (150, 100, 70),
    (95, 62, 45),
    (225, 170, 140),
)


def _colour(rng: np.random.Generator) -> Colour:
    red, green, blue = (int(v) for v in rng.integers(10, 250, 3))
    return red, green, blue


def _blank(height: int, width: int) -> Array:
    return np.zeros((max(height, 8), max(width, 8), 4), np.uint8)


def _paper(rng: np.random.Generator, size: int) -> Array:
    """A sheet or a till slip with lines of print."""
    width = max(int(size * rng.uniform(0.35, 0.8)), 8)
    out = np.full((max(size, 8), width, 4), (*(int(rng.integers(225, 255)),) * 3, 255), np.uint8)
    pitch = max(size // int(rng.integers(12, 40)), 3)
    for y in range(pitch, size - pitch, pitch):
        end = int(width * rng.uniform(0.3, 0.9))
        out[y : y + max(pitch // 3, 1), width // 12 : end, :3] = int(rng.integers(40, 150))
    return out


def _cable(rng: np.random.Generator, size: int) -> Array:
    out = _blank(size * 2, size * 2)
    points = np.cumsum(rng.normal(0, size / 4, (6, 2)), axis=0) + size
    steps = np.linspace(0, 5, 60)
    curve = np.stack([np.interp(steps, range(6), points[:, axis]) for axis in (0, 1)], axis=1)
    curve = cv2.GaussianBlur(curve.astype(np.float32), (1, 15), 0).astype(np.int32)
    cv2.polylines(out, [curve], False, (*_colour(rng), 255), max(size // 24, 2), cv2.LINE_AA)
    return out


def _pen(rng: np.random.Generator, size: int) -> Array:
    thick = max(size // 14, 5)
    out = _blank(thick, size)
    out[:] = (*_colour(rng), 255)
    out[:, : size // 6, :3] = _colour(rng)
    shade = np.sin(np.linspace(0.3, math.pi - 0.3, out.shape[0]))[:, None, None]
    out[..., :3] = (out[..., :3] * shade).astype(np.uint8)
    return out


def _cup(rng: np.random.Generator, size: int) -> Array:
    """A cup or plate from above."""
    out = _blank(size, size)
    centre, colour = (size // 2, size // 2), _colour(rng) if rng.random() < 0.5 else (240, 240, 238)
    cv2.circle(out, centre, size // 2 - 2, (*colour, 255), -1, cv2.LINE_AA)
    inner = tuple(int(v * 0.8) for v in colour)
    cv2.circle(out, centre, int(size * rng.uniform(0.3, 0.42)), (*inner, 255), -1, cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.circle(out, centre, int(size * 0.3), (70, 40, 20, 255), -1, cv2.LINE_AA)
    return out


def _phone(rng: np.random.Generator, size: int) -> Array:
    out = _blank(size, size // 2)
    height, width = out.shape[:2]
    cv2.rectangle(out, (0, 0), (width - 1, height - 1), (*(int(rng.integers(10, 60)),) * 3, 255), -1)
    inset = max(width // 16, 1)
    cv2.rectangle(out, (inset, inset * 2), (width - inset, height - inset * 2), (*_colour(rng), 255), -1)
    return out


def _spectacles(rng: np.random.Generator, size: int) -> Array:
    out = _blank(size // 2, size)
    radius, thick = size // 6, max(size // 40, 2)
    for x in (size // 4, 3 * size // 4):
        cv2.ellipse(
            out, (x, size // 4), (radius, int(radius * 0.8)), 0, 0, 360, (20, 20, 25, 255), thick, cv2.LINE_AA
        )
    cv2.line(
        out, (size // 4 + radius, size // 4), (3 * size // 4 - radius, size // 4), (20, 20, 25, 255), thick
    )
    return out


def _leg(rng: np.random.Generator, size: int) -> Array:
    """A dark bar: a table's or chair's leg, a frame."""
    thick = max(int(size * rng.uniform(0.06, 0.15)), 4)
    out = _blank(size * 2, thick)
    out[:] = (*(int(rng.integers(10, 120)),) * 3, 255)
    return out


def _rag(rng: np.random.Generator, size: int) -> Array:
    """A crumpled cloth."""
    angles = np.linspace(0, 2 * math.pi, 14, endpoint=False)
    reach = size * rng.uniform(0.3, 0.5, 14)
    points = np.stack([size / 2 + reach * np.cos(angles), size / 2 + reach * np.sin(angles)], axis=1)
    out = _blank(size, size)
    cv2.fillPoly(out, [points.astype(np.int32)], (*_colour(rng), 255), cv2.LINE_AA)
    folds = 1 + 0.4 * noise(rng, (6, 6), (size, size)) if size >= 8 else 1.0
    out[..., :3] = np.clip(out[..., :3] * np.asarray(folds)[..., None], 0, 255)
    return out


CLUTTER: Final[tuple[Callable[[np.random.Generator, int], Array], ...]] = (
    _paper, _paper, _cable, _pen, _cup, _phone, _spectacles, _leg, _leg, _rag,
)  # fmt: skip
"""Painters of things by their size in pixels, RGBA."""


def draw_hand(rng: np.random.Generator, canvas: Canvas) -> None:
    """A hand and arm that reach in from an edge, in front of what lies there."""
    width, height = canvas.size
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    size = min(width, height) * rng.uniform(0.07, 0.16)
    palm = np.array([rng.uniform(0.15, 0.85) * width, rng.uniform(0.15, 0.85) * height])
    edge = np.array([rng.choice([0.0, float(width)]), rng.uniform(0, height)])
    if rng.random() < 0.5:
        edge = np.array([rng.uniform(0, width), float(height)])
    away = (palm - edge) / max(float(np.linalg.norm(palm - edge)), 1.0)
    layer: Array = np.zeros((height, width), np.uint8)
    cv2.line(layer, _point(edge), _point(palm - away * size * 0.4), 255, max(int(size * 0.9), 2))
    cv2.circle(layer, _point(palm), int(size * 0.62), 255, -1)
    across = np.array([-away[1], away[0]])
    for place in (-0.45, -0.15, 0.15, 0.42):
        root = palm + across * size * place
        tip = root + (away + across * place * rng.uniform(0.2, 1)) * size * rng.uniform(0.6, 1.4)
        cv2.line(layer, _point(root), _point(tip), 255, max(int(size * 0.24), 2))
    thumb = palm + across * size * rng.choice([-1.1, 1.1]) + away * size * 0.2
    cv2.line(layer, _point(palm), _point(thumb), 255, max(int(size * 0.28), 2))
    layer = cv2.GaussianBlur(layer, (0, 0), max(size * 0.03, 0.8))
    depth = cv2.GaussianBlur(layer, (0, 0), max(size * 0.15, 1.0)).astype(np.float32) / 255
    rgb = np.clip(np.array(skin, np.float32) * (0.45 + 0.6 * depth[..., None]), 0, 255).astype(np.uint8)
    canvas.lay(np.dstack([rgb, layer]), 0, 0)


def _point(place: Array) -> tuple[int, int]:
    return int(place[0]), int(place[1])


def draw_basket(rng: np.random.Generator, canvas: Canvas) -> tuple[float, float, float, float]:
    """A basket, crate or trolley from above: holed or wired walls about a floor; returns the room in it."""
    width, height = canvas.size
    w, h = width * rng.uniform(0.5, 0.95), height * rng.uniform(0.5, 0.95)
    x0, y0 = (width - w) * rng.uniform(0, 1), (height - h) * rng.uniform(0, 1)
    x1, y1 = x0 + w, y0 + h
    wall = min(w, h) * rng.uniform(0.08, 0.2)
    colour = _colour(rng) if rng.random() < 0.5 else (215, 228, 226)
    canvas.light((x0 - wall / 2, y0 - wall / 2, x1 + wall, y1 + wall), 0.6)
    canvas.rectangle((x0, y0, x1, y1), colour)
    pitch, wired = max(wall * rng.uniform(0.15, 0.4), 5), rng.random() < 0.4
    hole = tuple(int(v * rng.uniform(0.3, 0.7)) for v in colour)
    room = (x0 + wall, y0 + wall, x1 - wall, y1 - wall)
    for y in np.arange(y0 + pitch, y1, pitch):
        for x in np.arange(x0 + pitch, x1, pitch * 1.5):
            rim = not (room[0] < x < room[2] and room[1] < y < room[3])
            if (rim or wired) and not wired:
                cv2.rectangle(
                    canvas.pixels, (int(x), int(y)), (int(x + pitch * 0.8), int(y + pitch * 0.5)), hole, -1
                )
        if wired:
            cv2.line(canvas.pixels, (int(x0), int(y)), (int(x1), int(y)), hole, max(int(pitch * 0.2), 1))
    if wired:
        for x in np.arange(x0, x1, pitch):
            cv2.line(canvas.pixels, (int(x), int(y0)), (int(x), int(y1)), hole, max(int(pitch * 0.2), 1))
    else:
        canvas.rectangle(room, tuple(int(v * 0.88) for v in colour))  # type: ignore[arg-type]
    for box in ((x0, y0, x1, room[1]), (x0, room[3], x1, y1), (x0, y0, room[0], y1), (room[2], y0, x1, y1)):
        canvas.light(box, rng.uniform(0.6, 1.1))
    canvas.light(room, rng.uniform(0.5, 1.0, (3, 3)).astype(np.float32))
    return room
