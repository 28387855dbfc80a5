"""Scenes with no product: empty shelves, bare tables, walls of text, posters, aisles."""

from __future__ import annotations

import numpy as np

from shelfwise.datasets.scenes.canvas import Canvas
from shelfwise.datasets.scenes.fittings import draw_tag, sign
from shelfwise.datasets.scenes.lettering import font_count, phrase, write
from shelfwise.datasets.scenes.pixels import resized
from shelfwise.datasets.scenes.shelf import draw_shelf
from shelfwise.datasets.scenes.surfaces import wall
from shelfwise.datasets.scenes.table import draw_table
from shelfwise.datasets.scenes.wares import Wares

__all__ = ["draw_empty"]


def draw_empty(rng: np.random.Generator, wares: Wares, size: tuple[int, int]) -> Canvas:
    """Draw a scene without a product that fills a canvas of ``size`` (width, height)."""
    kind = rng.random()
    if kind < 0.45:
        return draw_shelf(rng, wares, size, int(rng.integers(1, 8)), stock=False)
    if kind < 0.7:
        return draw_table(rng, wares, size, count=0)
    return _notices(rng, wares, size)


def _notices(rng: np.random.Generator, wares: Wares, size: tuple[int, int]) -> Canvas:
    """A wall with signs, tags and lines of text."""
    width, height = size
    canvas = Canvas(np.ascontiguousarray(wall(rng, wares.look, height, width)))
    for _ in range(int(rng.integers(1, 25))):
        high = int(height * rng.uniform(0.03, 0.3))
        if rng.random() < 0.3:
            picture = resized(draw_tag(rng, wares.look), int(high * rng.uniform(1, 2)), high)
        elif rng.random() < 0.4:
            picture = sign(rng, wares.look, max(high, 8))
        else:
            x, y = rng.uniform(0, 0.7) * width, rng.uniform(0, 0.95) * height
            ink = tuple(int(v) for v in rng.integers(0, 256, 3))
            box = (x, y, x + width * rng.uniform(0.1, 0.6), y + high * 0.5)
            font = int(rng.integers(font_count(wares.look)))
            write(canvas.pixels, phrase(rng, int(rng.integers(1, 5))), box, ink, look=wares.look, font=font)  # type: ignore[arg-type]
            continue
        canvas.lay(picture, rng.uniform(-0.05, 0.95) * width, rng.uniform(-0.05, 0.95) * height)
    return canvas
