"""Painted packages: products that no shop sells, as many as there are seeds, sharp at any size."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from shelfwise.datasets.scenes.flat_packages import FLAT, paint_flat
from shelfwise.datasets.scenes.palettes import Look, draw_palette
from shelfwise.datasets.scenes.pixels import Array
from shelfwise.datasets.scenes.round_packages import ROUND, paint_round

__all__ = ["KINDS", "package_kind", "paint_package"]

KINDS: Final = ("box", "box", "box", "carton", "bag", "bag", "bar", "blister", "tray", "multipack", "tin", "can",
                "bottle", "bottle", "jar", "tub", "tube", "care", "spray")  # fmt: skip
"""Kinds of packages, as often as they come."""


def package_kind(seed: int) -> str:
    """What kind of package a seed gives."""
    return KINDS[int(np.random.default_rng([seed, 0]).integers(len(KINDS)))]


def paint_package(seed: int, height: int, look: Look = "train", kind: str | None = None) -> Array:
    """Paint a package.

    Args:
        seed: another one, another package; at another size it has the same colours and kind.
        height: in pixels, 16 at least; frames of side and top faces may add some.
        look: whose palettes and fonts.
        kind: one of :data:`KINDS`; None: as the seed has it.

    Returns:
        (H, W, 4) of uint8, RGBA, cropped to the package.
    """
    kind = package_kind(seed) if kind is None else kind
    rng = np.random.default_rng([seed, 1])
    palette = draw_palette(rng, look)
    paint = paint_round if kind in ROUND else paint_flat
    rgba = paint(rng, look, palette, kind, max(height, 16))
    assert kind in ROUND or kind in FLAT
    return _cropped(rgba)


def _cropped(rgba: Array) -> Array:
    x, y, width, height = cv2.boundingRect((rgba[..., 3] > 20).astype(np.uint8))
    return np.ascontiguousarray(rgba[y : y + height, x : x + width])
