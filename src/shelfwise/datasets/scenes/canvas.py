"""The picture under construction: what is laid later hides what was there, and each pixel knows its product."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from shelfwise.datasets.scenes.pixels import Array, Colour, outline
from shelfwise.datasets.scenes.truth import Rect

__all__ = ["Canvas", "Hole", "Item"]


@dataclass(slots=True)
class Item:
    """A product laid on the canvas.

    Attributes:
        product: which one.
        hull: convex outline of its whole silhouette, (N, 2) of float32, x and y.
        area: of its silhouette in pixels.
        row: of the shelf.
        level: in its stack.
        measured: whether its box is that of its visible pixels; else that of its hull.
        column: its place in the row as laid, from the left; stacked facings share it.
    """

    product: str
    hull: Array
    area: float
    row: int | None = None
    level: int = 0
    measured: bool = True
    column: int = 0


@dataclass(slots=True)
class Hole:
    """An empty place on a shelf: four corners on the canvas, and whose it is."""

    corners: Array
    row: int
    product: str
    column: int
    facings: int


@dataclass
class Canvas:
    """Pixels (H, W, 3) of uint8, and of each pixel the number of the product that is seen there, 0 for none."""

    pixels: Array
    ids: Array = field(init=False)
    items: list[Item] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids = np.zeros(self.pixels.shape[:2], np.int16)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def lay(self, rgba: Array, x: float, y: float, opacity: float = 1.0) -> None:
        """Lay something that is no product with its left top corner at (x, y)."""
        self._lay(rgba, round(x), round(y), 0, opacity)

    def place(
        self,
        rgba: Array,
        x: float,
        y: float,
        product: str,
        *,
        row: int | None = None,
        level: int = 0,
        column: int = 0,
    ) -> None:
        """Lay a product with its left top corner at (x, y)."""
        left, top = round(x), round(y)
        hull = outline(rgba[..., 3]) + np.array([left, top], np.float32)
        area = float(np.count_nonzero(rgba[..., 3] > 127))
        self.items.append(Item(product, hull, area, row, level, column=column))
        self._lay(rgba, left, top, len(self.items), 1.0)

    def mark(self, box: Rect, product: str) -> None:
        """Note a product that is in the pixels already, by its box."""
        left, top, right, bottom = box
        hull = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
        self.items.append(Item(product, hull, (right - left) * (bottom - top), measured=False))

    def rectangle(self, box: Rect, colour: Colour, *, hides: bool = True) -> None:
        """Fill an upright rectangle."""
        x0, y0, x1, y1 = self._window(*(round(side) for side in box))
        self.pixels[y0:y1, x0:x1] = colour
        if hides:
            self.ids[y0:y1, x0:x1] = 0

    def light(self, box: Rect, factor: Array | float) -> None:
        """Multiply the pixels of a rectangle; ``factor`` is one number or fits the rectangle by broadcasting.

        A factor by rows or columns is stretched to the rectangle.
        """
        whole = tuple(round(side) for side in box)
        x0, y0, x1, y1 = self._window(*whole)
        if x1 <= x0 or y1 <= y0:
            return
        if isinstance(factor, np.ndarray):
            full = cv2.resize(factor.astype(np.float32) * 128, (whole[2] - whole[0], whole[3] - whole[1]))
            part = full[y0 - whole[1] : y1 - whole[1], x0 - whole[0] : x1 - whole[0]].astype(np.uint8)
            window = self.pixels[y0:y1, x0:x1]
            window[:] = cv2.multiply(window, cv2.merge([part, part, part]), scale=1 / 128)
        else:
            window = self.pixels[y0:y1, x0:x1]
            window[:] = cv2.convertScaleAbs(window, alpha=factor)

    def shade(self, alpha: Array, x: float, y: float, strength: float) -> None:
        """Darken by a soft mask (H, W) of uint8 whose left top corner is at (x, y)."""
        left, top = round(x), round(y)
        x0, y0, x1, y1 = self._window(left, top, left + alpha.shape[1], top + alpha.shape[0])
        if x1 <= x0 or y1 <= y0:
            return
        part = alpha[y0 - top : y1 - top, x0 - left : x1 - left, None].astype(np.float32)
        window = self.pixels[y0:y1, x0:x1]
        window[:] = (window * (1 - part * np.float32(strength / 255))).astype(np.uint8)

    def _lay(self, rgba: Array, left: int, top: int, ident: int, opacity: float) -> None:
        x0, y0, x1, y1 = self._window(left, top, left + rgba.shape[1], top + rgba.shape[0])
        if x1 <= x0 or y1 <= y0:
            return
        part = rgba[y0 - top : y1 - top, x0 - left : x1 - left]
        alpha = part[..., 3:].astype(np.float32) * np.float32(opacity / 255)
        window = self.pixels[y0:y1, x0:x1]
        window[:] = (window + (part[..., :3] - window.astype(np.float32)) * alpha + 0.5).astype(np.uint8)
        solid = alpha[..., 0] > 0.5
        self.ids[y0:y1, x0:x1][solid] = ident

    def _window(self, x0: int, y0: int, x1: int, y1: int) -> tuple[int, int, int, int]:
        width, height = self.size
        return max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
