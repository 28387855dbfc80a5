"""Cameras, lights and surfaces: a small renderer that splats dense grids of surface points.

Lengths are in centimetres; x points right, y up, z towards the viewer; the ground is y = 0. A surface is
sampled more densely than the pixels it covers, each sample is shaded and written to its pixel. With samples
at most 1/√2 pixel apart no pixel inside a surface stays empty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Body", "Camera", "Floats", "Light", "Material", "Patch", "Points", "splat", "splat_shadow"]

Floats = NDArray[np.float32]
_DENSITY = 1.42


@dataclass(frozen=True, slots=True)
class Light:
    """One lamp far away, and light from everywhere.

    Attributes:
        direction: unit vector from the scene to the lamp.
        ambient: strength of the light from everywhere.
        key: strength of the lamp.
        colour: red, green and blue of the lamp, about 1.
    """

    direction: Floats
    ambient: float
    key: float
    colour: Floats


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera that looks at ``target`` from ``distance``, ``pitch`` above the horizontal.

    Attributes:
        size: the picture's width and height in pixels.
        focal: focal length in pixels.
        target: the point looked at.
        distance: from there.
        pitch: angle above the horizontal, radians.
        roll: rotation about the line of sight, radians.
        shift: where the target appears, in pixels from the picture's middle.
    """

    size: int
    focal: float
    target: tuple[float, float, float]
    distance: float
    pitch: float
    roll: float
    shift: tuple[float, float]

    @property
    def rotation(self) -> Floats:
        """World to camera, 3×3."""
        c, s = math.cos(self.pitch), math.sin(self.pitch)
        return np.array([[1, 0, 0], [0, c, -s], [0, s, c]], np.float32)

    @property
    def position(self) -> Floats:
        """Where the camera is, in the world."""
        back = self.rotation.T @ np.array([0, 0, self.distance], np.float32)
        return np.asarray(np.array(self.target, np.float32) + back, np.float32)

    def scale(self, supersample: float) -> Camera:
        """The same view on a picture that is finer by a factor."""
        return Camera(
            round(self.size * supersample),
            self.focal * supersample,
            self.target,
            self.distance,
            self.pitch,
            self.roll,
            (self.shift[0] * supersample, self.shift[1] * supersample),
        )

    def project(self, matrix: Floats, offset: Floats, points: Points) -> tuple[Floats, Floats]:
        """Pixel coordinates of points that ``matrix`` and ``offset`` bring into the world."""
        turn = self.rotation
        m = turn @ matrix
        t = turn @ (offset - np.array(self.target, np.float32))
        x = points.x * m[0, 0] + points.y * m[0, 1] + points.z * m[0, 2] + t[0]
        y = points.x * m[1, 0] + points.y * m[1, 1] + points.z * m[1, 2] + t[1]
        z = points.x * m[2, 0] + points.y * m[2, 1] + points.z * m[2, 2] + t[2]
        factor = self.focal / np.maximum(self.distance - z, 1e-3)
        px, py = x * factor, -y * factor
        c, s = math.cos(self.roll), math.sin(self.roll)
        middle = self.size / 2
        return px * c - py * s + middle + self.shift[0], px * s + py * c + middle + self.shift[1]

    def rays(self) -> tuple[Floats, Floats, Floats]:
        """World directions of the lines of sight through all pixels: three arrays of size×size."""
        axis = np.arange(self.size, dtype=np.float32) + 0.5 - self.size / 2
        px, py = axis[None, :] - self.shift[0], axis[:, None] - self.shift[1]
        c, s = math.cos(-self.roll), math.sin(-self.roll)
        x = ((px * c - py * s) / self.focal).astype(np.float32)
        y = (-(px * s + py * c) / self.focal).astype(np.float32)
        back = self.rotation.T
        return x, back[1, 1] * y - back[1, 2], back[2, 1] * y - back[2, 2]


@dataclass(frozen=True, slots=True)
class Points:
    """Places and unit normals on a surface, as arrays that broadcast to rows×columns."""

    x: Floats
    y: Floats
    z: Floats
    nx: Floats
    ny: Floats
    nz: Floats


@dataclass(frozen=True, slots=True)
class Material:
    """How a surface takes light.

    Attributes:
        gloss: strength of the highlight.
        shine: sharpness of the highlight.
        metal: 0 to 1; a metal's highlight has its own colour, and its dark sides are darker.
        rim: 0 to 1; how much darker it is where it turns away, as glass full of juice is.
        alpha: 0 to 1; less lets the background through.
    """

    gloss: float = 0.12
    shine: float = 24.0
    metal: float = 0.0
    rim: float = 0.0
    alpha: float = 1.0


@dataclass(frozen=True, slots=True)
class Patch:
    """A piece of surface over (u, v) in the unit square, v downwards, and the picture on it.

    Attributes:
        surface: gives the points for a row of u and a column of v.
        texture: the picture, stretched over the unit square.
        extent: width and height in centimetres, at least: they decide how densely it is sampled.
        material: how it takes light.
        alpha: transparency of each place, stretched like the texture; None for the material's everywhere.
    """

    surface: Callable[[Floats, Floats], Points]
    texture: Image.Image
    extent: tuple[float, float]
    material: Material = Material()
    alpha: Image.Image | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """Patches that belong together, standing somewhere on the ground.

    Attributes:
        patches: in the order to draw them, back to front as seen from the front.
        height: of the body, in centimetres.
        place: where its foot stands.
        yaw: rotation about the vertical, radians.
        lean: rotation about the line of sight, radians.
    """

    patches: tuple[Patch, ...]
    height: float
    place: tuple[float, float, float] = (0.0, 0.0, 0.0)
    yaw: float = 0.0
    lean: float = 0.0
    matrix: Floats = field(init=False)

    def __post_init__(self) -> None:
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
        c, s = math.cos(self.lean), math.sin(self.lean)
        tip = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
        object.__setattr__(self, "matrix", tip @ turn)

    @property
    def offset(self) -> Floats:
        """Where its foot stands, as an array."""
        return np.array(self.place, np.float32)


def splat(canvas: NDArray[np.uint32], body: Body, camera: Camera, light: Light) -> None:
    """Draw a body on a canvas of packed premultiplied RGBA, size×size, over what is there."""
    matrix, offset = body.matrix, body.offset
    eye = matrix.T @ (camera.position - offset)
    lamp = matrix.T @ light.direction
    distance = float(np.linalg.norm(camera.position - offset - [0, body.height / 2, 0]))
    pixels_per_cm = camera.focal / max(distance - body.height / 3, 1.0)
    for patch in body.patches:
        columns, rows = (max(int(side * pixels_per_cm * _DENSITY) + 2, 3) for side in patch.extent)
        points = patch.surface(_steps(columns)[None, :], _steps(rows)[:, None])
        facing = points.nx * (eye[0] - points.x) + points.ny * (eye[1] - points.y)
        facing = facing + points.nz * (eye[2] - points.z)
        seen = np.broadcast_to(facing > 0, (rows, columns))
        if not seen.any():
            continue
        colour = _shade(patch, points, eye, lamp, light, (columns, rows))
        x, y = camera.project(matrix, offset, points)
        _put(canvas, np.broadcast_to(x, (rows, columns)), np.broadcast_to(y, (rows, columns)), seen, colour)


def splat_shadow(canvas: NDArray[np.uint8], body: Body, camera: Camera, light: Light) -> None:
    """Mark the pixels of the ground (size×size, 255 = marked) that the body keeps the lamp from."""
    matrix = body.matrix
    lamp = light.direction
    pixels_per_cm = camera.focal / max(camera.distance, 1.0)
    flat = np.eye(3, dtype=np.float32)
    flat[:, 1] = -lamp / lamp[1]
    flat[1, 1] = 0.0
    for patch in body.patches:
        columns, rows = (max(int(side * pixels_per_cm * 1.6) + 2, 3) for side in patch.extent)
        points = patch.surface(_steps(columns)[None, :], _steps(rows)[:, None])
        x, y = camera.project(flat @ matrix, body.offset, points)
        shape = np.broadcast_shapes(x.shape, y.shape)
        ix, iy = np.broadcast_to(x, shape).astype(np.int32), np.broadcast_to(y, shape).astype(np.int32)
        inside = (ix >= 0) & (iy >= 0) & (ix < camera.size) & (iy < camera.size)
        canvas[iy[inside], ix[inside]] = 255


def _steps(count: int) -> Floats:
    return np.linspace(0, 1, count, dtype=np.float32)


def _shade(
    patch: Patch, points: Points, eye: Floats, lamp: Floats, light: Light, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Colours of the samples as premultiplied RGBA, rows×columns×4."""
    material = patch.material
    diffuse = np.maximum(points.nx * lamp[0] + points.ny * lamp[1] + points.nz * lamp[2], 0)
    view = eye / np.linalg.norm(eye)
    half = view + lamp
    half = half / np.linalg.norm(half)
    shine = np.maximum(points.nx * half[0] + points.ny * half[1] + points.nz * half[2], 0)
    glow = np.asarray(shine**material.shine * (material.gloss * light.key * 255), np.float32)
    sky = light.ambient * (0.78 + 0.22 * points.ny)
    if material.metal:
        diffuse = diffuse * (1 - 0.45 * material.metal) + 0.45 * material.metal * shine**3
    brightness = np.asarray(sky + light.key * diffuse, np.float32)
    if material.rim:
        away = 1 - np.clip(points.nx * view[0] + points.ny * view[1] + points.nz * view[2], 0, 1)
        brightness = brightness * (1 - material.rim * away**2)
    texture = np.asarray(patch.texture.resize(size, Image.Resampling.BILINEAR), np.float32)
    alpha = _alpha(patch, size)
    out = np.empty((size[1], size[0], 4), np.uint8)
    for channel in range(3):
        tint = float(light.colour[channel])
        own = 1.0 if not material.metal else 1 - 0.5 * material.metal
        value = texture[..., channel] * (brightness * tint)
        value += glow * (tint * own)
        if material.metal:
            value += glow * texture[..., channel] * (0.5 * material.metal * tint / 255)
        np.minimum(value, 255, out=value)
        out[..., channel] = value if alpha is None else value * alpha
    out[..., 3] = 255 if alpha is None else alpha * 255
    return out


def _alpha(patch: Patch, size: tuple[int, int]) -> Floats | None:
    if patch.alpha is None and patch.material.alpha >= 1:
        return None
    if patch.alpha is None:
        return np.full((size[1], size[0]), patch.material.alpha, np.float32)
    mask = patch.alpha.resize(size, Image.Resampling.BILINEAR)
    return np.asarray(mask, np.float32) * np.float32(patch.material.alpha / 255)


def _put(
    canvas: NDArray[np.uint32], x: Floats, y: Floats, seen: NDArray[np.bool_], colour: NDArray[np.uint8]
) -> None:
    size = canvas.shape[0]
    ix, iy = x.astype(np.int32), y.astype(np.int32)
    inside = seen & (x >= 0) & (y >= 0) & (ix < size) & (iy < size)
    inside &= colour[..., 3] > 0
    packed = colour.view(np.uint32)[..., 0]
    canvas.reshape(-1)[(iy * size + ix)[inside]] = packed[inside]
