"""Surfaces to put pictures on: flat pieces, bodies of revolution, discs, balls."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops

from shelfwise.datasets.sample.geometry import Floats, Material, Patch, Points

__all__ = ["ball", "box", "disc", "flat", "revolved"]

Vector = tuple[float, float, float]
_FRONT = 0.6


def flat(
    corner: Vector,
    across: Vector,
    down: Vector,
    texture: Image.Image,
    material: Material = Material(),  # noqa: B008 - immutable
    alpha: Image.Image | None = None,
) -> Patch:
    """A parallelogram: ``corner`` is the picture's top left, seen from the side that ``across``×``down`` faces."""
    o, a, d = (np.array(vector, np.float32) for vector in (corner, across, down))
    normal = np.cross(d, a)
    normal = normal / np.linalg.norm(normal)
    fixed = [np.full((1, 1), value, np.float32) for value in normal]

    def surface(u: Floats, v: Floats) -> Points:
        x, y, z = (o[i] + a[i] * u + d[i] * v for i in range(3))
        return Points(x, y, z, *fixed)

    extent = (float(np.linalg.norm(a)), float(np.linalg.norm(d)))
    return Patch(surface, texture, extent, material, alpha)


def box(
    width: float,
    height: float,
    depth: float,
    *,
    front: Image.Image,
    side: Image.Image,
    top: Image.Image,
    material: Material = Material(),  # noqa: B008 - immutable
) -> tuple[Patch, ...]:
    """The faces of an upright box that can be seen from above and all around."""
    w, d = width / 2, depth / 2
    return (
        flat((w, height, -d), (-width, 0, 0), (0, -height, 0), front, material),
        flat((-w, height, -d), (0, 0, depth), (0, -height, 0), side, material),
        flat((w, height, d), (0, 0, -depth), (0, -height, 0), side, material),
        flat((-w, height, -d), (width, 0, 0), (0, 0, depth), top, material),
        flat((-w, height, d), (width, 0, 0), (0, -height, 0), front, material),
    )


def revolved(
    profile: Sequence[tuple[float, float]],
    texture: Image.Image,
    material: Material = Material(),  # noqa: B008 - immutable
    alpha: Image.Image | None = None,
    turn: float = 0.0,
    ridges: int = 0,
) -> Patch:
    """A body of revolution about the vertical; only its front is sampled, since its back is never seen.

    Args:
        profile: (height, radius) from top to bottom; between them the radius runs smoothly.
        texture: goes once around, its middle to the front.
        material: how it takes light.
        alpha: transparency of each place.
        turn: how far the picture is turned about the body, 0 to 1.
        ridges: grooves around it, as on a bottle's cap.
    """
    heights, radii = (np.array(column, np.float32) for column in zip(*profile, strict=True))
    top, bottom = float(heights[0]), float(heights[-1])

    def surface(u: Floats, v: Floats) -> Points:
        y = top + (bottom - top) * v
        r = np.interp(-y, -heights, radii).astype(np.float32)
        step = np.float32((top - bottom) / 200 + 1e-3)
        slope = (np.interp(-(y + step), -heights, radii) - np.interp(-(y - step), -heights, radii)) / (
            2 * step
        )
        angle = (u - np.float32(0.5)) * np.float32(2 * math.pi * _FRONT)
        sine, cosine = np.sin(angle), np.cos(angle)
        length = np.sqrt(1 + slope.astype(np.float32) ** 2)
        tilt = angle + np.float32(0.5) * np.sin(angle * ridges) if ridges else angle
        return Points(
            r * sine,
            y,
            r * cosine,
            (np.sin(tilt) / length).astype(np.float32),
            (-slope / length).astype(np.float32),
            (np.cos(tilt) / length).astype(np.float32),
        )

    around = 2 * math.pi * _FRONT * float(radii.max())
    along = float(np.hypot(np.diff(heights), np.diff(radii)).sum())
    shown = [None if picture is None else _front(picture, turn) for picture in (texture, alpha)]
    assert shown[0] is not None
    return Patch(surface, shown[0], (around, max(along, top - bottom)), material, shown[1])


def _front(picture: Image.Image, turn: float) -> Image.Image:
    """The part of a picture around a body that faces the front, after turning it."""
    width, height = picture.size
    turned = ImageChops.offset(picture, round(turn * width), 0)
    margin = round(width * (1 - _FRONT) / 2)
    return turned.crop((margin, 0, width - margin, height))


def disc(height: float, radius: float, texture: Image.Image, material: Material = Material()) -> Patch:  # noqa: B008
    """A level disc that faces up; the texture is its bounding square, seen from above with the front below."""
    up = np.ones((1, 1), np.float32)
    zero = np.zeros((1, 1), np.float32)
    level = np.full((1, 1), height, np.float32)
    w, h = 128, 128
    y, x = np.ogrid[:h, :w]
    mask = ((x + 0.5 - w / 2) ** 2 + (y + 0.5 - h / 2) ** 2 <= (w / 2) ** 2).astype(np.uint8) * 255

    def surface(u: Floats, v: Floats) -> Points:
        return Points((u * 2 - 1) * radius, level, (v * 2 - 1) * radius, zero, up, zero)

    return Patch(surface, texture, (2 * radius, 2 * radius), material, Image.fromarray(mask))


def ball(radius: float, squash: float, texture: Image.Image, material: Material) -> Patch:
    """A ball that lies on the ground, lower than wide by ``squash``."""

    def surface(u: Floats, v: Floats) -> Points:
        across = (u - np.float32(0.5)) * np.float32(2 * math.pi)
        down = v * np.float32(math.pi)
        ring = np.sin(down)
        nx, ny, nz = ring * np.sin(across), np.cos(down), ring * np.cos(across)
        return Points(nx * radius, (ny + 1) * (radius * squash), nz * radius, nx, ny, nz)

    return Patch(surface, texture, (2 * math.pi * radius, math.pi * radius), material)
