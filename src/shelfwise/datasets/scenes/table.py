"""A few products that lie or stand about: on a table, the floor, a board, in a basket, in a hand."""

from __future__ import annotations

import math

import cv2
import numpy as np

from shelfwise.datasets.scenes.canvas import Canvas
from shelfwise.datasets.scenes.clutter import CLUTTER, draw_basket, draw_hand
from shelfwise.datasets.scenes.pixels import Array, resized, turned
from shelfwise.datasets.scenes.surfaces import ground, wall
from shelfwise.datasets.scenes.wares import Product, Wares, varied

__all__ = ["draw_table"]

_MAX_OVERLAP = 0.3


def draw_table(
    rng: np.random.Generator, wares: Wares, size: tuple[int, int], *, count: int | None = None
) -> Canvas:
    """Draw a scene of few products that fills a canvas.

    Args:
        rng: random numbers.
        wares: what there is.
        size: width and height of the canvas.
        count: of products; None: 1 to 12.
    """
    if count is None:
        count = int(rng.choice([1, 2, 3, 4, 6, 8, 12], p=[0.28, 0.17, 0.15, 0.13, 0.12, 0.1, 0.05]))
    if count <= 5 and rng.random() < 0.4:
        return _standing(rng, wares, size, count)
    return _lying(rng, wares, size, count)


def _lying(rng: np.random.Generator, wares: Wares, size: tuple[int, int], count: int) -> Canvas:
    """Seen from above, at any turn."""
    width, height = size
    canvas = Canvas(np.ascontiguousarray(ground(rng, wares.look, height, width)))
    area = (0.0, 0.0, float(width), float(height))
    kind = rng.random()
    if kind < 0.35:
        area = _board(rng, canvas)
    elif kind < 0.6:
        area = draw_basket(rng, canvas)
    _scatter_clutter(rng, canvas, int(rng.integers(0, 4)))
    side = min(area[2] - area[0], area[3] - area[1])
    part = rng.uniform(0.2, 0.66) / max(count, 1) ** 0.35
    taken = np.zeros((height, width), bool)
    for number in range(count):
        high = side * part * rng.uniform(0.8, 1.4)
        outside = number > 0 and rng.random() < 0.2
        _lay_down(
            rng, wares, canvas, (0.0, 0.0, float(width), float(height)) if outside else area, high, taken
        )
    if rng.random() < 0.15:
        draw_hand(rng, canvas)
    return canvas


def _lay_down(
    rng: np.random.Generator, wares: Wares, canvas: Canvas, area: tuple[float, float, float, float], high: float,
    taken: Array,
) -> None:  # fmt: skip
    """Put one product somewhere where it hides others only a little; nowhere if there is no room."""
    product = wares.pick(rng, high, painted=0.7, loose=0.12)
    rgba = turned(_sized(rng, product, high), float(rng.uniform(0, 360)), float(rng.normal(0, 0.06)))
    solid = rgba[..., 3] > 127
    for _ in range(8):
        x = int(rng.uniform(area[0], max(area[2] - rgba.shape[1], area[0] + 1)))
        y = int(rng.uniform(area[1], max(area[3] - rgba.shape[0], area[1] + 1)))
        window = taken[max(y, 0) : y + rgba.shape[0], max(x, 0) : x + rgba.shape[1]]
        part = solid[: window.shape[0], : window.shape[1]]
        if not part.any() or (window & part).sum() > _MAX_OVERLAP * part.sum():
            continue
        window |= part
        _shadow(rng, canvas, rgba, x, y)
        canvas.place(rgba, x, y, product.name)
        return


def _sized(rng: np.random.Generator, product: Product, high: float) -> Array:
    """In a size by area, so that flat things are not huge, and foreshortened now and then."""
    side = high / math.sqrt(max(product.aspect, 0.2) / 0.6)
    squeeze = rng.uniform(0.75, 1.0) if rng.random() < 0.3 else 1.0
    return varied(rng, product, max(round(side * product.aspect), 12), max(round(side * squeeze), 12), 0.1)


def _shadow(rng: np.random.Generator, canvas: Canvas, rgba: Array, x: float, y: float) -> None:
    """Soft, to one side, and a dark seam where it lies on."""
    size = max(rgba.shape[:2])
    pad = size // 6 + 2
    alpha = cv2.copyMakeBorder(rgba[..., 3], pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    for spread, reach, strength in ((0.012, 0.01, 0.5), (0.06, 0.09, rng.uniform(0.1, 0.6))):
        soft = cv2.GaussianBlur(
            resized(alpha, alpha.shape[1] // 2, alpha.shape[0] // 2), (0, 0), max(size * spread / 2, 0.6)
        )
        soft = resized(soft, alpha.shape[1], alpha.shape[0])
        dx, dy = rng.uniform(-1, 1, 2) * size * reach
        canvas.shade(soft, x - pad + dx, y - pad + dy, float(strength))


def _standing(rng: np.random.Generator, wares: Wares, size: tuple[int, int], count: int) -> Canvas:
    """Seen from the side: a surface, a wall, products upright."""
    width, height = size
    canvas = Canvas(np.ascontiguousarray(wall(rng, wares.look, height, width)))
    line = int(height * rng.uniform(0.35, 0.8))
    floor = ground(rng, wares.look, height, width)
    if rng.random() < 0.5:
        canvas.pixels[line:] = floor[line:]
    else:
        white = rng.integers(200, 250)
        skew = height * rng.uniform(-0.12, 0.12)
        near = rng.uniform(0.05, 0.3) * height
        canvas.pixels[line:] = floor[line:]
        left, right, foot = width * rng.uniform(-0.1, 0.25), width * rng.uniform(0.75, 1.1), line + near + 60
        near_left, near_right = width * rng.uniform(-0.3, 0.1), width * rng.uniform(0.9, 1.3)
        top = np.array([[left, line + skew], [right, line - skew], [near_right, foot], [near_left, foot]])
        cv2.fillPoly(canvas.pixels, [top.astype(np.int32)], (int(white),) * 3, cv2.LINE_AA)
    canvas.light((0, 0, width, height), rng.uniform(0.6, 1.05, (3, 3)).astype(np.float32))
    _scatter_clutter(rng, canvas, int(rng.integers(0, 3)))
    part = rng.uniform(0.15, 0.62) / max(count, 1) ** 0.2
    x = width * rng.uniform(0.05, 0.9 / max(count, 1))
    for _ in range(count):
        product = wares.pick(rng, height * part, painted=0.7, loose=0.08)
        rgba = _sized(rng, product, height * part * rng.uniform(0.75, 1.25))
        foot = line + height * rng.uniform(0.02, 0.12)
        _cast(rng, canvas, rgba, x, foot)
        canvas.place(rgba, x, foot - rgba.shape[0], product.name)
        x += rgba.shape[1] * rng.uniform(0.8, 2.2)
    if rng.random() < 0.25:
        draw_hand(rng, canvas)
    return canvas


def _cast(rng: np.random.Generator, canvas: Canvas, rgba: Array, x: float, foot: float) -> None:
    """The shadow at the foot of what stands."""
    width = rgba.shape[1]
    mask = np.zeros((max(width // 3, 6), width * 2), np.uint8)
    cv2.ellipse(
        mask, (width, mask.shape[0] // 2), (int(width * 0.62), max(mask.shape[0] // 4, 1)), 0, 0, 360, 255, -1
    )
    soft = cv2.GaussianBlur(mask, (0, 0), max(width * 0.05, 1))
    canvas.shade(
        soft,
        x - width / 2 + width * rng.uniform(-0.2, 0.2),
        foot - mask.shape[0] / 2,
        float(rng.uniform(0.3, 0.8)),
    )


def _board(rng: np.random.Generator, canvas: Canvas) -> tuple[float, float, float, float]:
    """A white or coloured board to lay things on; returns the room on it."""
    width, height = canvas.size
    w, h = width * rng.uniform(0.5, 0.9), height * rng.uniform(0.5, 0.95)
    level = int(rng.integers(195, 252))
    board = np.full((int(h), int(w), 4), (level, level, level, 255), np.uint8)
    if rng.random() < 0.25:
        board[..., :3] = rng.integers(20, 250, 3)
    board = turned(board, float(rng.normal(0, 9)))
    x, y = (width - board.shape[1]) * rng.uniform(0, 1), (height - board.shape[0]) * rng.uniform(0, 1)
    _shadow(rng, canvas, board, x, y)
    canvas.lay(board, x, y)
    return x + w * 0.08, y + h * 0.08, x + w * 0.95, y + h * 0.95


def _scatter_clutter(rng: np.random.Generator, canvas: Canvas, count: int) -> None:
    width, height = canvas.size
    for _ in range(count):
        thing = CLUTTER[int(rng.integers(len(CLUTTER)))](
            rng, int(min(width, height) * rng.uniform(0.08, 0.35))
        )
        thing = turned(thing, float(rng.uniform(0, 360)))
        x, y = rng.uniform(-0.05, 0.95) * width, rng.uniform(-0.05, 0.95) * height
        _shadow(rng, canvas, thing, x, y)
        canvas.lay(thing, x, y)
