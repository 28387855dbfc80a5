"""One picture: a product on a ground before a wall, among other things, under a lamp, seen by a camera."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from shelfwise.datasets.sample.clutter import KINDS, thing
from shelfwise.datasets.sample.geometry import Body, Camera, Floats, Light, splat, splat_shadow
from shelfwise.datasets.sample.lens import develop, soft
from shelfwise.datasets.sample.model import Model
from shelfwise.datasets.sample.textures import GROUNDS, RAIL_HEIGHT, RAIL_SCALE, SIDE, WALLS, texture

__all__ = ["photograph"]

_SUPERSAMPLE = 2
TABLE_WALLS = ("paint", "paint", "stripes", "bricks", "tiles")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where it happens: textures as (name, colour), the wall's distance behind, how large the patterns are.

    A shelf ends at ``edge`` in front of the product, with a rail of price tags below.
    """

    kind: str
    ground: tuple[str, int]
    wall: tuple[str, int]
    behind: float
    grain: float
    edge: float = math.inf


def photograph(model: Model, rng: np.random.Generator, size: int) -> bytes:
    """A JPEG file of a product, size×size pixels.

    Args:
        model: the product's design.
        rng: everything that varies is drawn from it.
        size: width and height in pixels.
    """
    place = _place(rng)
    product = Body(
        model.build(rng),
        model.height,
        yaw=float(rng.uniform(-model.turn, model.turn)),
        lean=float(rng.normal(0, 0.025)),
    )
    camera = _camera(rng, model, place, size)
    light = _light(rng)
    behind, before = _clutter(rng, model, place, camera)
    pixels = _surroundings(place, camera, light)
    pixels = soft(pixels, float(rng.uniform(0.3, 1.6)) * size / 256)
    pixels = _shadowed(pixels, [*behind, product, *before], camera, light, float(rng.uniform(0.35, 0.6)))
    fuzz = float(rng.uniform(0.4, 2.4)) * size / 256
    pixels = _drawn(pixels, behind, camera, light, fuzz)
    pixels = _drawn(pixels, [product], camera, light, 0.0)
    pixels = _drawn(pixels, before, camera, light, float(rng.uniform(0.8, 2.6)) * size / 256)
    return develop(rng, pixels)


def _place(rng: np.random.Generator) -> _Place:
    kind = ("table", "shelf", "floor")[int(rng.choice(3, p=[0.45, 0.35, 0.2]))]
    options = {"table": ("wood", "cloth", "stone"), "shelf": ("board",), "floor": ("tiles", "wood", "stone")}
    name = options[kind][int(rng.integers(len(options[kind])))]
    wall = TABLE_WALLS[int(rng.integers(len(TABLE_WALLS)))] if kind == "table" else "paint"
    return _Place(
        kind,
        (name, int(rng.integers(len(GROUNDS[name][1])))),
        (wall, int(rng.integers(len(WALLS[wall][1])))),
        float(rng.uniform(14, 20)) if kind == "shelf" else float(rng.uniform(18, 60)),
        float(rng.uniform(0.7, 1.4)),
        float(rng.uniform(5, 9)) if kind == "shelf" else math.inf,
    )


def _camera(rng: np.random.Generator, model: Model, place: _Place, size: int) -> Camera:
    """A camera that shows the product at 45 to 85 % of the picture's height, rarely cut off at an edge."""
    focal = size * float(rng.uniform(1.3, 2.0))
    part = float(rng.uniform(0.52, 0.88))
    part = min(part, 0.84 * model.height / model.width)
    low, high = {"table": (0.1, 0.5), "shelf": (-0.02, 0.28), "floor": (0.42, 0.85)}[place.kind]
    return Camera(
        size,
        focal,
        (0.0, model.height / 2, 0.0),
        focal * model.height / (part * size),
        float(rng.uniform(low, high)),
        float(rng.normal(0, 0.07)),
        (float(rng.normal(0, 0.07)) * size, float(rng.normal(0, 0.04)) * size),
    )


def _light(rng: np.random.Generator) -> Light:
    azimuth = float(rng.uniform(-1.2, 1.2))
    height = float(rng.uniform(0.45, 1.0))
    direction = np.array(
        [math.sin(azimuth) * math.cos(height), math.sin(height), math.cos(azimuth) * math.cos(height)],
        np.float32,
    )
    warmth = float(rng.normal(0.02, 0.05))
    colour = np.array([1 + warmth, 1.0, 1 - warmth * 1.3], np.float32)
    ambient = float(rng.uniform(0.4, 0.68))
    return Light(direction, ambient, float(rng.uniform(1.08, 1.3)) - ambient * 0.8, colour)


def _clutter(
    rng: np.random.Generator, model: Model, place: _Place, camera: Camera
) -> tuple[list[Body], list[Body]]:
    """Things beside and behind the product, and sometimes one that hides a part of it."""
    behind: list[Body] = []
    number = int(rng.integers(0, 4)) + (2 if place.kind == "shelf" else 0)
    reach = camera.distance * camera.size / camera.focal / 2
    for _ in range(number):
        side = 1 if rng.random() < 0.5 else -1
        z = -float(rng.uniform(3, min(place.behind - 4, 16)))
        x = side * (model.width * 0.5 + float(rng.uniform(0.1, 1.0)) * reach)
        behind.append(thing(rng, KINDS[int(rng.integers(len(KINDS)))], x, z)[0])
    behind.sort(key=lambda body: body.place[2])
    before: list[Body] = []
    if rng.random() < 0.35:
        body, width = thing(rng, KINDS[int(rng.integers(len(KINDS)))], 0.0, 0.0)
        side = 1 if rng.random() < 0.5 else -1
        x = side * (model.width / 2 + width / 2 - float(rng.uniform(0.1, 0.35)) * model.width)
        z = model.width / 2 + width / 2 + float(rng.uniform(0, 2))
        before.append(Body(body.patches, body.height, (x, 0.0, z), body.yaw))
    return behind, before


def _surroundings(place: _Place, camera: Camera, light: Light) -> Floats:
    """Ground and wall as the camera sees them, S×S×3."""
    dx, dy, dz = camera.rays()
    ox, oy, oz = camera.position
    with np.errstate(divide="ignore"):
        to_ground = np.where(dy < -1e-4, -oy / np.minimum(dy, -1e-4), np.inf)
        to_wall = np.where(dz < -1e-4, (-place.behind - oz) / np.minimum(dz, -1e-4), np.inf)
    on_ground = to_ground < to_wall
    t = np.minimum(np.minimum(to_ground, to_wall), 4000).astype(np.float32)
    across, deep, high = ox + t * dx, oz + t * dz, oy + t * dy
    if math.isfinite(place.edge):
        return _shelf(place, camera, light, (across, deep, high), on_ground)
    ground = _look_up(texture("ground", *place.ground), across, deep, 6.4 * place.grain)
    wall = _look_up(texture("wall", *place.wall), across, -high, 7.0 * place.grain)
    level = light.ambient + light.key * float(light.direction[1])
    upright = light.ambient + light.key * float(max(light.direction[2], 0))
    fade = np.clip(1 - np.maximum(-deep - place.behind * 0.55, 0) / (place.behind * 2.2), 0.6, 1)
    upright = min(upright, 1.0) * (1 - 0.12 * np.clip(2 - high / 6, 0, 1))
    bright = np.where(on_ground, min(level, 1.12) * fade, upright)
    pixels = np.where(on_ground[..., None], ground, wall) * bright[..., None] * light.colour
    return np.asarray(pixels, np.float32)


def _shelf(
    place: _Place,
    camera: Camera,
    light: Light,
    at: tuple[Floats, Floats, Floats],
    on_board: NDArray[np.bool_],
) -> Floats:
    """A shop's shelf: the board, the back panel in the shade of the board above, the rail of price tags."""
    across, deep, high = at
    dx, dy, dz = camera.rays()
    ox, oy, oz = camera.position
    before = on_board & (deep > place.edge)
    t = (place.edge - oz) / np.minimum(dz, -1e-4)
    drop = -(oy + t * dy)
    board = _look_up(texture("ground", *place.ground), across, deep, 6.4)
    panel = _look_up(texture("wall", "paint", place.wall[1]), across, -high, 7.0)
    holes = ((across % 5 - 2.5) ** 2 + (high % 5 - 2.5) ** 2 < 0.12)[..., None]
    panel = np.where(holes, panel * np.float32(0.6), panel)
    rail = _look_up(texture("wall", "rail", place.ground[1]), ox + t * dx, drop, RAIL_SCALE)
    gap = np.clip(0.5 - (drop - RAIL_HEIGHT) / 30, 0.12, 0.5)[..., None] * np.float32(120)
    front = np.where((drop < RAIL_HEIGHT)[..., None], rail, gap)
    level = light.ambient + light.key * float(light.direction[1])
    upright = light.ambient + light.key * float(max(light.direction[2], 0))
    depth = np.clip(1.0 + deep / (place.behind * 2.2), 0.4, 1)
    bright = np.where(
        on_board, 0.86 * min(level, 1.2) * depth, 0.7 * upright * np.clip(1.1 - high / 60, 0.5, 1)
    )
    pixels = np.where(on_board[..., None], board, panel) * bright[..., None]
    pixels = np.where(before[..., None], front * np.float32(upright), pixels)
    return np.asarray(pixels * light.colour, np.float32)


def _look_up(pattern: NDArray[np.uint8], u: Floats, v: Floats, pixels_per_cm: float) -> Floats:
    columns = (u * pixels_per_cm).astype(np.int32) % SIDE
    rows = (v * pixels_per_cm).astype(np.int32) % SIDE
    return pattern[rows, columns].astype(np.float32)


def _shadowed(pixels: Floats, bodies: list[Body], camera: Camera, light: Light, strength: float) -> Floats:
    """Darken the ground where the lamp does not reach it: sharper near the foot, softer farther away."""
    mask = np.zeros((camera.size, camera.size), np.uint8)
    for body in bodies:
        splat_shadow(mask, body, camera, light)
    image = Image.fromarray(mask)
    unit = camera.size / 256
    near = np.asarray(image.filter(ImageFilter.GaussianBlur(2.0 * unit)), np.float32)
    far = np.asarray(image.filter(ImageFilter.GaussianBlur(7.0 * unit)), np.float32)
    shade = 1 - np.float32(strength / 255) * (0.55 * near + 0.45 * far)
    return pixels * shade[..., None]


def _drawn(pixels: Floats, bodies: list[Body], camera: Camera, light: Light, fuzz: float) -> Floats:
    """The picture with bodies drawn over it, in this order, out of focus by ``fuzz`` pixels."""
    if not bodies:
        return pixels
    fine = camera.scale(_SUPERSAMPLE if fuzz == 0 else 1.0)
    canvas: NDArray[np.uint32] = np.zeros((fine.size, fine.size), np.uint32)
    for body in bodies:
        splat(canvas, body, fine, light)
    # "RGBa" tells Pillow that the colours are multiplied by their alpha, so that it averages them as they are.
    layer = Image.frombuffer("RGBa", (fine.size, fine.size), canvas.tobytes(), "raw", "RGBa", 0, 1)
    blur = ImageFilter.GaussianBlur(max(fuzz, 0.6))
    layer = layer.reduce(_SUPERSAMPLE) if fuzz == 0 else layer.filter(blur)
    values = np.asarray(layer, np.float32)
    return np.asarray(values[..., :3] + pixels * (1 - values[..., 3:] / 255), np.float32)
