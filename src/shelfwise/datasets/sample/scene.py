"""One picture: a product on a ground before a wall, among other things, under a lamp, seen by a camera."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from shelfwise.datasets.sample.clutter import KINDS, thing
from shelfwise.datasets.sample.geometry import Body, Camera, Floats, Light, splat, splat_shadow
from shelfwise.datasets.sample.lens import develop, soft
from shelfwise.datasets.sample.model import Model
from shelfwise.datasets.sample.surroundings import Place, pick_place, surroundings

__all__ = ["photograph"]

_SUPERSAMPLE = 2


def photograph(model: Model, rng: np.random.Generator, size: int) -> bytes:
    """A JPEG file of a product, size×size pixels.

    Args:
        model: the product's design.
        rng: everything that varies is drawn from it.
        size: width and height in pixels.
    """
    place = pick_place(rng)
    product = Body(
        model.build(rng),
        model.height,
        yaw=float(rng.uniform(-model.turn, model.turn)),
        lean=float(rng.normal(0, 0.025)),
    )
    camera = _camera(rng, model, place, size)
    light = _light(rng)
    behind, before = _clutter(rng, model, place, camera)
    pixels = surroundings(place, camera, light)
    pixels = soft(pixels, float(rng.uniform(0.3, 1.6)) * size / 256)
    pixels = _shadowed(pixels, [*behind, product, *before], camera, light, float(rng.uniform(0.35, 0.6)))
    fuzz = float(rng.uniform(0.4, 2.4)) * size / 256
    pixels = _drawn(pixels, behind, camera, light, fuzz)
    pixels = _drawn(pixels, [product], camera, light, 0.0)
    pixels = _drawn(pixels, before, camera, light, float(rng.uniform(0.8, 2.6)) * size / 256)
    return develop(rng, pixels)


def _camera(rng: np.random.Generator, model: Model, place: Place, size: int) -> Camera:
    """A camera that shows the product at 45 to 85 % of the picture's height, rarely cut off at an edge."""
    focal = size * float(rng.uniform(1.3, 2.0))
    part = float(rng.uniform(0.6, 0.9))
    part = min(part, 0.84 * model.height / model.width)
    low, high = {"table": (0.1, 0.5), "shelf": (-0.02, 0.28), "floor": (0.42, 0.85)}[place.kind]
    return Camera(
        size,
        focal,
        (0.0, model.height / 2, 0.0),
        focal * model.height / (part * size),
        float(rng.uniform(low, high)),
        float(rng.normal(0, 0.07)),
        (float(rng.normal(0, 0.06)) * size, float(rng.normal(0, 0.03)) * size),
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
    rng: np.random.Generator, model: Model, place: Place, camera: Camera
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
    if rng.random() < 0.3:
        body, width = thing(rng, KINDS[int(rng.integers(len(KINDS)))], 0.0, 0.0)
        side = 1 if rng.random() < 0.5 else -1
        x = side * (model.width / 2 + width / 2 - float(rng.uniform(0.1, 0.35)) * model.width)
        z = model.width / 2 + width / 2 + float(rng.uniform(0, 2))
        before.append(Body(body.patches, body.height, (x, 0.0, z), body.yaw))
    return behind, before


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
