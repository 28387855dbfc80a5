"""Painted packages with a front face: boxes, cartons, pouches, bags, bars, blister cards, trays, multipacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from shelfwise.datasets.scenes.artwork import print_label
from shelfwise.datasets.scenes.palettes import Look, Palette, draw_palette
from shelfwise.datasets.scenes.pixels import Array, Colour, blend, noise, resized
from shelfwise.datasets.scenes.round_packages import paint_round

__all__ = ["FLAT", "paint_flat"]


def paint_flat(rng: np.random.Generator, look: Look, palette: Palette, kind: str, height: int) -> Array:
    """Paint a package with a front face, ``height`` pixels high, as (H, W, 4) of uint8."""
    return FLAT[kind](rng, look, palette, height)


def _box(rng: np.random.Generator, look: Look, palette: Palette, height: int) -> Array:
    """A folding box: its front, and sometimes one side and the top."""
    width = max(round(height * rng.choice([rng.uniform(0.4, 0.8), rng.uniform(0.6, 1.7)])), 8)
    front = print_label(rng, look, palette, height, width)
    if rng.random() < 0.3:  # a box that lies on its side
        front = np.ascontiguousarray(np.rot90(front, int(rng.choice([1, 3]))))
        height, width = front.shape[:2]
        front = resized(front, max(round(width * height / max(height, 1)), 8), height)
    front = _lit(rng, front, 0.1)
    _edges(front)
    rgba = np.dstack([front, np.full(front.shape[:2], 255, np.uint8)])
    if rng.random() < 0.45:
        rgba = _with_faces(rng, look, palette, rgba)
    return rgba


def _with_faces(rng: np.random.Generator, look: Look, palette: Palette, front: Array) -> Array:
    """Set the front into a frame with a side and a top face seen at an angle."""
    height, width = front.shape[:2]
    side, top = int(width * rng.uniform(0.06, 0.4)), int(height * rng.choice([0, rng.uniform(0.02, 0.16)]))
    right = rng.random() < 0.5
    if not right:  # the whole is mirrored at the end, the print must not be
        front = front[:, ::-1]
    sink = int(top * rng.uniform(0.2, 1)) if top else int(height * rng.uniform(0, 0.05))
    out = np.zeros((height + top, width + side, 4), np.uint8)
    flank = _lit(rng, print_label(rng, look, palette, height, max(side, 4)), 0.05)
    flank = np.dstack(
        [(flank * rng.uniform(0.5, 0.85)).astype(np.uint8), np.full(flank.shape[:2], 255, np.uint8)]
    )
    _warp_into(
        out,
        flank,
        [
            [width, top],
            [width + side, top - sink],
            [width + side, top + height - sink],
            [width, top + height],
        ],
    )
    if top:
        colour = blend(palette.ground, (255, 255, 255), 0.25)
        lid = np.full((8, 8, 4), (*colour, 255), np.uint8)
        _warp_into(out, lid, [[side, 0], [width + side, 0], [width, top], [0, top]])
    out[top:, :width] = front
    return out if right else np.ascontiguousarray(out[:, ::-1])


def _warp_into(out: Array, face: Array, corners: list[list[int]]) -> None:
    height, width = face.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    warped = cv2.warpPerspective(face, matrix, (out.shape[1], out.shape[0]), flags=cv2.INTER_LINEAR)
    opaque = warped[..., 3] > 127
    out[opaque] = warped[opaque]


def _carton(rng: np.random.Generator, look: Look, palette: Palette, height: int) -> Array:
    """A drinks carton with a gable or a flat top, and often a screw cap."""
    width = max(round(height * rng.uniform(0.32, 0.6)), 8)
    front = _lit(rng, print_label(rng, look, palette, height, width), 0.1)
    alpha = np.full((height, width), 255, np.uint8)
    gable = int(height * rng.uniform(0.1, 0.2))
    if rng.random() < 0.6:
        front[:gable] = np.clip(front[:gable] * rng.uniform(0.7, 1.15), 0, 255)
        pinch = int(width * rng.uniform(0.02, 0.12))
        fin = gable // 3
        roof = np.array(
            [[pinch, 0], [width - pinch, 0], [width - pinch, fin], [width, gable], [0, gable], [pinch, fin]]
        )
        alpha[:gable] = 0
        cv2.fillPoly(alpha, [roof], 255)
        cv2.line(front, (0, gable), (width, gable), blend(palette.ground, (0, 0, 0), 0.3), 1, cv2.LINE_AA)
    if rng.random() < 0.6:
        centre, radius = (int(width * rng.uniform(0.4, 0.6)), int(gable * 0.6)), max(int(width * 0.13), 2)
        axes = (radius, max(int(radius * rng.uniform(0.5, 1)), 1))
        cv2.ellipse(front, centre, axes, 0, 0, 360, palette.accent, -1, cv2.LINE_AA)
        cv2.ellipse(front, centre, axes, 0, 0, 360, blend(palette.accent, (0, 0, 0), 0.4), 1, cv2.LINE_AA)
    rgba = np.dstack([front, alpha])
    if rng.random() < 0.4:
        rgba = _with_faces(rng, look, palette, rgba)
    return rgba


def _bag(rng: np.random.Generator, look: Look, palette: Palette, height: int) -> Array:
    """A pillow bag or stand-up pouch: bulging, wrinkled, shiny, with crimped ends."""
    width = max(round(height * rng.uniform(0.5, 1.0)), 8)
    front = print_label(rng, look, palette, height, width)
    crimp = max(int(height * rng.uniform(0.03, 0.08)), 2)
    for rows in (slice(0, crimp), slice(height - crimp, height)):
        stripes = 1 + 0.16 * np.sin(np.arange(width) * rng.uniform(0.4, 1.6))
        front[rows] = np.clip(front[rows] * stripes[None, :, None], 0, 255)
    front = _crumpled(rng, front, rng.uniform(0.08, 0.3))
    ys = np.linspace(-1, 1, height)
    bulge = (
        rng.uniform(0.0, 0.07) * np.abs(ys) ** 3 if rng.random() < 0.7 else rng.uniform(0, 0.1) * (1 - ys**2)
    )
    rim = bulge + 0.012 * noise(rng, (9, 1), (height, 1))[:, 0]
    other = bulge + 0.012 * noise(rng, (9, 1), (height, 1))[:, 0]
    xs = np.linspace(0, 1, width)[None, :]
    inside = (xs > np.maximum(rim, 0)[:, None]) & (xs < 1 - np.maximum(other, 0)[:, None])
    rgba = np.dstack([front, np.where(inside, 255, 0).astype(np.uint8)])
    if rng.random() < 0.3:  # a hole to hang it by
        centre = (width // 2, int(crimp * 0.9))
        cv2.ellipse(rgba, centre, (max(width // 16, 2), max(crimp // 3, 1)), 0, 0, 360, (30, 30, 30, 255), -1)
    return rgba


def _bar(rng: np.random.Generator, look: Look, palette: Palette, height: int) -> Array:
    """A flow-packed bar or a flat pack that lies: wider than high."""
    width = max(round(height * rng.uniform(1.4, 4.0)), 8)
    front = print_label(rng, look, palette, height, width)
    front = _crumpled(rng, front, rng.uniform(0.05, 0.25))
    alpha = np.full((height, width), 255, np.uint8)
    if rng.random() < 0.6:
        end = max(int(width * 0.04), 2)
        stripes = 1 + 0.2 * np.sin(np.arange(height) * 1.2)
        for columns in (slice(0, end), slice(width - end, width)):
            front[:, columns] = np.clip(front[:, columns] * stripes[:, None, None], 0, 255)
    else:
        front = _lit(rng, front, 0.2)
    return np.dstack([front, alpha])


def _blister(rng: np.random.Generator, look: Look, palette: Palette, height: int) -> Array:
    """A card with a hole to hang it by and something under a clear dome."""
    width = max(round(height * rng.uniform(0.35, 0.85)), 8)
    front = print_label(rng, look, palette, height, width)
    x0, x1 = int(width * rng.uniform(0.08, 0.25)), int(width * rng.uniform(0.75, 0.92))
    y0, y1 = int(height * rng.uniform(0.35, 0.55)), int(height * 0.94)
    thing = resized(paint_round(rng, look, draw_palette(rng, look), "spray", 64), x1 - x0, y1 - y0)
    dome = blend(palette.paper, (128, 128, 128), 0.3)
    cv2.rectangle(front, (x0, y0), (x1, y1), dome, -1)
    opaque = thing[..., 3:] > 127
    window = front[y0:y1, x0:x1]
    window[:] = np.where(opaque, thing[..., :3], window)
    cv2.rectangle(front, (x0, y0), (x1, y1), (245, 245, 245), max(width // 60, 1), cv2.LINE_AA)
    cv2.line(front, (x0 + 2, y0 + 2), (x0 + 2, y1 - 2), (255, 255, 255), max(width // 40, 1), cv2.LINE_AA)
    hole = (width // 2, int(height * 0.05))
    cv2.ellipse(
        front, hole, (max(width // 10, 2), max(height // 60, 1)), 0, 0, 360, (60, 60, 60), -1, cv2.LINE_AA
    )
    return np.dstack([front, np.full((height, width), 255, np.uint8)])


def _tray(rng: np.random.Generator, look: Look, palette: Palette, height: int) -> Array:
    """A sealed tray of meat, cheese or salad with a label on it."""
    width = max(round(height * rng.uniform(0.7, 1.7)), 8)
    foods: tuple[Colour, ...] = (
        (190, 70, 70),
        (235, 200, 110),
        (120, 160, 70),
        (230, 170, 140),
        (240, 230, 210),
        (150, 90, 60),
    )
    food = np.array(foods[int(rng.integers(len(foods)))], np.float32)
    marks = noise(rng, (9, 11), (height, width)) * 40 + noise(rng, (31, 37), (height, width)) * 25
    front = np.clip(food + marks[..., None], 0, 255).astype(np.uint8)
    rim = max(int(min(height, width) * 0.06), 2)
    tray: Colour = (245, 245, 245) if rng.random() < 0.5 else (25, 25, 28)
    cv2.rectangle(front, (0, 0), (width - 1, height - 1), tray, rim)
    high, wide = int(height * rng.uniform(0.25, 0.6)), int(width * rng.uniform(0.4, 0.9))
    label = print_label(rng, look, palette, max(high, 4), max(wide, 4))
    y, x = int((height - high) * rng.uniform(0.1, 0.9)), int((width - wide) * rng.uniform(0, 1))
    front[y : y + label.shape[0], x : x + label.shape[1]] = label
    front = _crumpled(rng, front, 0.1)
    alpha = np.zeros((height, width), np.uint8)
    radius = max(int(min(height, width) * 0.1), 1)
    alpha[radius:-radius] = 255
    alpha[:, radius:-radius] = 255
    for x in (radius, width - radius - 1):
        for y in (radius, height - radius - 1):
            cv2.circle(alpha, (x, y), radius, 255, -1)
    return np.dstack([front, alpha])


def _multipack(rng: np.random.Generator, look: Look, palette: Palette, height: int) -> Array:
    """Several of one thing in clear film, with a printed sleeve that makes them one product."""
    kind = str(rng.choice(["can", "bottle", "tub", "tin", "jar"]))
    one = paint_round(rng, look, palette, kind, max(height // int(rng.integers(1, 4)), 16))
    rows, columns = max(round(height / one.shape[0]), 1), int(rng.integers(2, 5))
    sheet = np.tile(one, (rows, columns, 1))
    height, width = sheet.shape[:2]
    under = np.full((height, width, 3), blend(palette.ground, (40, 40, 40), 0.6), np.float32)
    alpha = sheet[..., 3:].astype(np.float32) / 255
    front = (under * (1 - alpha) + sheet[..., :3] * alpha).astype(np.uint8)
    high = int(height * rng.uniform(0.45, 0.8))
    y = int((height - high) * rng.uniform(0, 1))
    front[y : y + high] = print_label(rng, look, palette, high, width)
    front = _crumpled(rng, front, rng.uniform(0.2, 0.4))
    return np.dstack([front, np.full((height, width), 255, np.uint8)])


def _lit(rng: np.random.Generator, front: Array, strength: float) -> Array:
    """Light that changes evenly across the face."""
    height, width = front.shape[:2]
    down, across = rng.uniform(-strength, strength, 2)
    light: Array = (
        1 + np.linspace(-down, down, height)[:, None] + np.linspace(-across, across, width)[None, :]
    )
    lit: Array = np.clip(front * light[..., None], 0, 255)
    return lit.astype(np.uint8)


def _crumpled(rng: np.random.Generator, front: Array, strength: float) -> Array:
    """Wrinkles of film: soft folds, and shine where a fold faces the light."""
    height, width = front.shape[:2]
    folds = noise(rng, (7, 5), (height, width)) + 0.6 * noise(rng, (19, 13), (height, width))
    out = front * (1 + strength * folds)[..., None]
    shine = np.clip(folds - rng.uniform(0.5, 0.9), 0, 1) * rng.uniform(0, 500) * strength
    return np.clip(out + shine[..., None], 0, 255).astype(np.uint8)


def _edges(front: Array) -> None:
    """Folded edges: a line a little lighter and one a little darker."""
    front[:1] = np.minimum(front[:1].astype(np.int16) + 30, 255)
    front[:, :1] = (front[:, :1] * 0.8).astype(np.uint8)
    front[:, -1:] = (front[:, -1:] * 0.75).astype(np.uint8)
    front[-1:] = (front[-1:] * 0.7).astype(np.uint8)


FLAT: Final[dict[str, Callable[[np.random.Generator, Look, Palette, int], Array]]] = {
    "box": _box, "carton": _carton, "bag": _bag, "bar": _bar, "blister": _blister, "tray": _tray,
    "multipack": _multipack,
}  # fmt: skip
"""Painters by the kind of package."""
