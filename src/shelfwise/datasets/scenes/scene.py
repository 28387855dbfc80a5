"""One scene from one seed: what it shows, how the camera stands, what light and lens do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shelfwise.datasets.scenes.camera import Camera, aim, shoot
from shelfwise.datasets.scenes.collage import draw_collage
from shelfwise.datasets.scenes.empty import draw_empty
from shelfwise.datasets.scenes.finish import finish
from shelfwise.datasets.scenes.shelf import draw_shelf
from shelfwise.datasets.scenes.table import draw_table
from shelfwise.datasets.scenes.truth import Kind, Scene
from shelfwise.datasets.scenes.wares import Wares

__all__ = ["compose_scene"]

_SHAPES = (4 / 3, 4 / 3, 3 / 4, 3 / 4, 16 / 9, 9 / 16, 1.0)
_ROW_WEIGHTS = (0.03, 0.06, 0.12, 0.18, 0.19, 0.16, 0.12, 0.08, 0.04, 0.02)
"""How often a shelf shows 1, 2, 3 … rows."""


def compose_scene(
    wares: Wares,
    kind: Kind,
    seed: int,
    number: int,
    sizes: tuple[int, int] = (640, 1600),
    rows: tuple[int, int] = (1, 10),
) -> Scene:
    """Compose a scene; the same arguments give the same scene.

    Args:
        wares: what it is stocked with.
        kind: of scene.
        seed: of the whole set.
        number: of the scene in the set.
        sizes: least and greatest longer side of the picture in pixels.
        rows: least and greatest number of rows that a shelf shows, from 1 to 10.
    """
    rng = np.random.default_rng([seed, number])
    size = _size(rng, sizes)
    if kind == "shelf":
        scene = _shelf(rng, wares, size, rows)
    elif kind == "table":
        canvas = draw_table(rng, wares, size)
        scene = shoot(canvas, _table_camera(rng, size), kind, _outside(rng))
    elif kind == "collage":
        canvas = draw_collage(rng, wares, size, int(rng.integers(2, 7)))
        scene = shoot(canvas, _mild_camera(rng, size), kind)
    else:
        canvas = draw_empty(rng, wares, size)
        scene = shoot(canvas, _mild_camera(rng, size), kind)
    return replace(scene, picture=finish(rng, scene.picture))


def _size(rng: np.random.Generator, sizes: tuple[int, int]) -> tuple[int, int]:
    """Width and height; the longer side is mostly in the middle half of the range."""
    low, high = sizes
    quarter = (high - low) // 4
    usual = rng.random() < 0.7
    long = int(rng.integers(low + quarter, high - quarter + 1) if usual else rng.integers(low, high + 1))
    shape = _SHAPES[int(rng.integers(len(_SHAPES)))] * rng.uniform(0.95, 1.05)
    return (long, round(long / shape)) if shape >= 1 else (round(long * shape), long)


def _shelf(rng: np.random.Generator, wares: Wares, size: tuple[int, int], rows: tuple[int, int]) -> Scene:
    width, height = size
    yaw = float(rng.choice([rng.normal(0, 5), rng.uniform(-35, 35)], p=[0.65, 0.35]))
    canvas_size = (round(width * (1.1 + abs(yaw) / 70)), round(height * 1.12))
    shares = np.array(_ROW_WEIGHTS[rows[0] - 1 : rows[1]])
    shown = rows[0] + int(rng.choice(len(shares), p=shares / shares.sum()))
    canvas = draw_shelf(rng, wares, canvas_size, shown)
    camera = aim(
        canvas_size,
        size,
        yaw=yaw,
        pitch=float(rng.normal(0, 6)),
        roll=float(np.clip(rng.normal(0, 2), -7, 7)),
        bend=float(rng.choice([0.0, rng.uniform(-0.05, 0.09)])),
        zoom=float(rng.choice([1.0, rng.uniform(1.0, 1.5)])),
        shift=(float(rng.uniform()), float(rng.uniform())),
    )
    return shoot(canvas, camera, "shelf")


def _table_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    """Near straight, or turned by any angle with the picture's ground showing at the corners."""
    if rng.random() < 0.22:
        roll = float(rng.choice([90, 180, 270, 0]) + rng.uniform(-20, 20))
        return aim(size, size, roll=roll, zoom=float(rng.uniform(1.0, 1.5)), cover=False)
    return aim(
        size,
        size,
        yaw=float(rng.normal(0, 9)),
        pitch=float(rng.normal(0, 14)),
        roll=float(rng.normal(0, 5)),
        bend=float(rng.choice([0.0, rng.uniform(-0.05, 0.08)])),
    )


def _mild_camera(rng: np.random.Generator, size: tuple[int, int]) -> Camera:
    yaw, pitch, roll = rng.normal(0, 4), rng.normal(0, 4), rng.normal(0, 1.5)
    return aim(
        size, size, yaw=float(yaw), pitch=float(pitch), roll=float(roll), zoom=float(rng.uniform(1, 1.3))
    )


def _outside(rng: np.random.Generator) -> tuple[int, int, int]:
    level = int(rng.choice([0, 0, 114, 255]))
    return level, level, level
