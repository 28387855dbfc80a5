"""Where a product stands: a table or floor before a wall, or a shop's shelf."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shelfwise.datasets.sample.geometry import Camera, Floats, Light
from shelfwise.datasets.sample.textures import GROUNDS, RAIL_HEIGHT, RAIL_SCALE, SIDE, WALLS, texture

__all__ = ["Place", "pick_place", "surroundings"]

_GROUND_SCALE = 6.4
_WALL_SCALE = 7.0
_GROUNDS = {"table": ("wood", "cloth", "stone"), "shelf": ("board",), "floor": ("tiles", "wood", "stone")}
_WALLS = ("paint", "paint", "stripes", "bricks", "tiles")


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens.

    Attributes:
        kind: "table", "shelf" or "floor".
        ground: texture of the ground and the number of its colour.
        wall: texture of the wall and the number of its colour.
        behind: how far behind the product the wall is, in centimetres.
        edge: how far before the product the shelf ends, with a rail of price tags below; infinite elsewhere.
        grain: how fine the patterns are.
        origin: where the patterns begin, in centimetres.
    """

    kind: str
    ground: tuple[str, int]
    wall: tuple[str, int]
    behind: float
    edge: float
    grain: float
    origin: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _View:
    """What each pixel sees: x, z and y of the place, and whether that is on the ground."""

    across: Floats
    deep: Floats
    high: Floats
    on_ground: NDArray[np.bool_]


def pick_place(rng: np.random.Generator) -> Place:
    """A random place."""
    kind = ("table", "shelf", "floor")[int(rng.choice(3, p=[0.45, 0.35, 0.2]))]
    ground = _GROUNDS[kind][int(rng.integers(len(_GROUNDS[kind])))]
    wall = _WALLS[int(rng.integers(len(_WALLS)))] if kind == "table" else "paint"
    shelf = kind == "shelf"
    return Place(
        kind,
        (ground, int(rng.integers(len(GROUNDS[ground][1])))),
        (wall, int(rng.integers(len(WALLS[wall][1])))),
        float(rng.uniform(14, 20)) if shelf else float(rng.uniform(18, 60)),
        float(rng.uniform(5, 9)) if shelf else math.inf,
        1.0 if shelf else float(rng.uniform(0.7, 1.4)),
        (float(rng.uniform(0, 80)), float(rng.uniform(0, 80))),
    )


def surroundings(place: Place, camera: Camera, light: Light) -> Floats:
    """Ground and wall as the camera sees them, S×S×3, 0 to 255."""
    view = _see(place, camera)
    ground = _look_up(
        "ground", place.ground, view.across, view.deep, _GROUND_SCALE * place.grain, place.origin
    )
    wall = _look_up("wall", place.wall, view.across, -view.high, _WALL_SCALE * place.grain, place.origin)
    level = light.ambient + light.key * float(light.direction[1])
    upright = light.ambient + light.key * float(max(light.direction[2], 0))
    if place.kind == "shelf":
        wall = _perforated(wall, view)
        ground_light = 0.86 * min(level, 1.2) * np.clip(1.0 + view.deep / (place.behind * 2.2), 0.4, 1)
        wall_light = 0.7 * upright * np.clip(1.1 - view.high / 60, 0.5, 1)
    else:
        far = np.maximum(-view.deep - place.behind * 0.55, 0) / (place.behind * 2.2)
        ground_light = min(level, 1.12) * np.clip(1 - far, 0.6, 1)
        wall_light = min(upright, 1.0) * (1 - 0.12 * np.clip(2 - view.high / 6, 0, 1))
    bright = np.where(view.on_ground, ground_light, wall_light)[..., None]
    pixels = np.where(view.on_ground[..., None], ground, wall) * bright
    if place.kind == "shelf":
        before = view.on_ground & (view.deep > place.edge)
        pixels = np.where(before[..., None], _front(place, camera) * np.float32(upright), pixels)
    return np.asarray(pixels * light.colour, np.float32)


def _see(place: Place, camera: Camera) -> _View:
    """Follow each line of sight to the ground (y = 0) or the wall, whichever comes first."""
    dx, dy, dz = camera.rays()
    ox, oy, oz = camera.position
    to_ground = np.where(dy < -1e-4, -oy / np.minimum(dy, -1e-4), np.inf)
    to_wall = np.where(dz < -1e-4, (-place.behind - oz) / np.minimum(dz, -1e-4), np.inf)
    t = np.minimum(np.minimum(to_ground, to_wall), 4000).astype(np.float32)
    return _View(ox + t * dx, oz + t * dz, oy + t * dy, to_ground < to_wall)


def _perforated(wall: Floats, view: _View) -> Floats:
    """A shelf's back panel: sheet metal with rows of holes."""
    holes = (view.across % 5 - 2.5) ** 2 + (view.high % 5 - 2.5) ** 2 < 0.12
    return np.where(holes[..., None], wall * np.float32(0.6), wall)


def _front(place: Place, camera: Camera) -> Floats:
    """What is seen before the shelf's edge: the rail of price tags, below it the dark gap to the next shelf."""
    dx, dy, dz = camera.rays()
    ox, oy, oz = camera.position
    t = (np.float32(place.edge) - oz) / np.minimum(dz, -1e-4)
    drop = -(oy + t * dy)
    rail = _look_up("wall", ("rail", place.ground[1]), ox + t * dx, drop, RAIL_SCALE, (place.origin[0], 0.0))
    gap = np.clip(0.5 - (drop - RAIL_HEIGHT) / 30, 0.12, 0.5)[..., None] * np.float32(120)
    return np.asarray(np.where((drop < RAIL_HEIGHT)[..., None], rail, gap), np.float32)


def _look_up(
    kind: str, name: tuple[str, int], u: Floats, v: Floats, pixels_per_cm: float, origin: tuple[float, float]
) -> Floats:
    """The texture's colours at (u, v), in centimetres; it repeats."""
    columns = np.floor((u + origin[0]) * pixels_per_cm).astype(np.int32) % SIDE
    rows = np.floor((v + origin[1]) * pixels_per_cm).astype(np.int32) % SIDE
    return np.asarray(texture(kind, *name)[rows, columns], np.float32)
