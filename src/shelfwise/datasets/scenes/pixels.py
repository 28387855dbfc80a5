"""Small operations on pictures that the scenes' modules share: arrays of RGB or RGBA in 8 bits."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Colour", "blend", "filled", "noise", "outline", "ramp", "resized", "turned"]

Array = NDArray[Any]
Colour = tuple[int, int, int]


def resized(picture: Array, width: int, height: int) -> Array:
    """The picture in another size, each side at least 1: averaged when smaller, interpolated when larger."""
    width, height = max(width, 1), max(height, 1)
    smaller = width * height < picture.shape[0] * picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def turned(rgba: Array, angle: float, shear: float = 0.0) -> Array:
    """An RGBA picture turned anticlockwise by ``angle`` degrees, in the smallest upright frame that holds it.

    Args:
        rgba: (H, W, 4).
        angle: in degrees.
        shear: how far the top goes to the right, as a part of the height, before the turn.
    """
    height, width = rgba.shape[:2]
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = np.array([[cosine, sine], [-sine, cosine]]) @ np.array([[1.0, -shear], [0.0, 1.0]])
    corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height]], float)
    low, high = corners.min(axis=1), corners.max(axis=1)
    size = tuple(int(side) for side in np.ceil(high - low) + 1)
    affine = np.hstack([matrix, -low[:, None]]).astype(np.float32)
    return cv2.warpAffine(rgba, affine, (size[0], size[1]), flags=cv2.INTER_LINEAR)


def noise(rng: np.random.Generator, cells: tuple[int, int], size: tuple[int, int]) -> Array:
    """Smooth noise of about -1 to 1: ``cells`` (down, across) random values spread over ``size`` (H, W)."""
    grid = rng.normal(0, 0.5, (max(cells[0], 1), max(cells[1], 1))).astype(np.float32)
    return cv2.resize(grid, (size[1], size[0]), interpolation=cv2.INTER_CUBIC)


def ramp(length: int, *stops: float) -> Array:
    """Evenly spaced values joined by straight lines, as float32 of ``length``."""
    places = np.linspace(0, len(stops) - 1, max(length, 1))
    return np.interp(places, np.arange(len(stops)), stops).astype(np.float32)


def filled(height: int, width: int, colour: Colour) -> Array:
    """A picture of one colour, (H, W, 3) of uint8."""
    return np.full((max(height, 1), max(width, 1), 3), colour, np.uint8)


def blend(one: Colour, other: Colour, part: float) -> Colour:
    """The colour that lies ``part`` of the way from one to the other."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def outline(alpha: Array) -> Array:
    """Convex hull of the opaque part, (N, 2) of float32 as x, y; the whole frame where nothing is opaque."""
    height, width = alpha.shape
    opaque = (alpha > 127).astype(np.uint8)
    contours, _ = cv2.findContours(opaque, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    hull = cv2.convexHull(np.concatenate(contours)).reshape(-1, 2).astype(np.float32)
    return hull + np.float32(0.5)
