"""Mosaics: parts of real photos with their own boxes, or crops of products, edge to edge."""

from __future__ import annotations

import numpy as np

from shelfwise.datasets.scenes.canvas import Canvas
from shelfwise.datasets.scenes.pixels import filled, resized
from shelfwise.datasets.scenes.wares import Wares, varied

__all__ = ["draw_collage"]


def draw_collage(rng: np.random.Generator, wares: Wares, size: tuple[int, int], rows: int) -> Canvas:
    """Draw a mosaic of ``rows`` rows that fills a canvas of ``size`` (width, height)."""
    width, height = size
    level = int(rng.integers(0, 256))
    canvas = Canvas(filled(height, width, (level, level, level)))
    crops = rng.random() < 0.35
    seam = int(rng.choice([0, 0, 2, 8]))
    painted = float(rng.choice([0.1, 0.6]))
    for row in range(rows):
        y0, y1 = round(row * height / rows), round((row + 1) * height / rows) - seam
        x = -float(rng.uniform(0, 0.3)) * (y1 - y0)
        while x < width:
            x = (_add_product if crops else _add_tile)(rng, wares, canvas, x, y0, y1 - y0, painted) + seam
    return canvas


def _add_tile(
    rng: np.random.Generator, wares: Wares, canvas: Canvas, x: float, y: float, height: int, painted: float
) -> float:
    """Add a part of a photo; return where it ends."""
    tile = wares.tile(rng)
    if tile is None:
        return _add_product(rng, wares, canvas, x, y, height, painted)
    picture, boxes = tile
    scale = height / picture.shape[0]
    width = max(round(float(picture.shape[1] * scale)), 8)
    mirrored = rng.random() < 0.5
    part = resized(picture, width, height)
    if mirrored:
        part = part[:, ::-1]
    canvas.lay(np.dstack([part, np.full(part.shape[:2], 255, np.uint8)]), x, y)
    for left, top, right, bottom in np.asarray(boxes) * scale:
        if mirrored:
            left, right = width - right, width - left
        canvas.mark((round(x) + left, y + top, round(x) + right, y + bottom), "unnamed")
    return x + width


def _add_product(
    rng: np.random.Generator, wares: Wares, canvas: Canvas, x: float, y: float, height: int, painted: float
) -> float:
    """Add a product as high as the row; return where it ends."""
    product = wares.pick(rng, height, painted=painted)
    wide = max(round(height * min(product.aspect, 2.5)), 8)
    for _ in range(int(rng.integers(1, 4))):
        canvas.place(varied(rng, product, wide, height), x, y, product.name)
        x += wide
    return x
