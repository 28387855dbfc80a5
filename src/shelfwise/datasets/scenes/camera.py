"""The camera: from the flat canvas to the picture, by a homography and a lens, and the boxes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from shelfwise.datasets.scenes.canvas import Canvas, Item
from shelfwise.datasets.scenes.pixels import Array, Colour
from shelfwise.datasets.scenes.truth import Gap, Kind, Placed, Rect, Scene

__all__ = ["Camera", "aim", "shoot"]

_VISIBLE = 0.45
"""A product of which less is seen is not marked."""
_MIN_SIDE = 6


@dataclass(frozen=True)
class Camera:
    """A view of the canvas.

    Attributes:
        matrix: homography from the canvas to the picture without the lens's distortion, (3, 3).
        size: width and height of the picture.
        bend: radial distortion; where the picture shows radius r (1 at the corners), the straight one has
            ``r (1 + bend r²)``.
    """

    matrix: Array
    size: tuple[int, int]
    bend: float = 0.0

    def maps(self) -> tuple[Array, Array]:
        """For each pixel of the picture, x and y on the canvas, (H, W) of float32 each."""
        width, height = self.size
        xs, ys = np.meshgrid(
            np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5
        )
        if self.bend:
            cx, cy = width / 2, height / 2
            dx, dy = xs - np.float32(cx), ys - np.float32(cy)
            factor = 1 + np.float32(self.bend / (cx * cx + cy * cy)) * (dx * dx + dy * dy)
            xs, ys = dx * factor + np.float32(cx), dy * factor + np.float32(cy)
        inverse = np.linalg.inv(self.matrix).astype(np.float32)
        depth = inverse[2, 0] * xs + inverse[2, 1] * ys + inverse[2, 2]
        across = (inverse[0, 0] * xs + inverse[0, 1] * ys + inverse[0, 2]) / depth
        down = (inverse[1, 0] * xs + inverse[1, 1] * ys + inverse[1, 2]) / depth
        return across - np.float32(0.5), down - np.float32(0.5)

    def project(self, points: Array) -> Array:
        """Where points of the canvas, (N, 2), are on the picture."""
        straight = cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), self.matrix)[:, 0]
        if not self.bend:
            return straight
        centre = np.array(self.size, float) / 2
        offset = straight - centre
        scale = self.bend / float(centre @ centre)
        bent = offset.copy()
        for _ in range(6):  # a fixed point, near at once for bends of a few per cent
            bent = offset / (1 + scale * (bent**2).sum(axis=1, keepdims=True))
        return bent + centre


def aim(
    canvas: tuple[int, int],
    size: tuple[int, int],
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    bend: float = 0.0,
    zoom: float = 1.0,
    shift: tuple[float, float] = (0.5, 0.5),
    cover: bool = True,
) -> Camera:
    """A camera before the middle of the canvas that sees as much of it as it can without seeing past its edge.

    Args:
        canvas: its width and height.
        size: the picture's width and height.
        yaw: degrees that it looks to the side.
        pitch: degrees that it looks up or down.
        roll: degrees that it is tilted.
        bend: as :class:`Camera` has it.
        zoom: 1: as far as can be; 2: half as much.
        shift: where in the room that zooming leaves it looks, 0 to 1 across and down.
        cover: False: the picture holds all of the canvas and shows what is past its edge as well.
    """
    tilt = _tilted(canvas, yaw, pitch, roll)
    corners = np.array([[0, 0], [canvas[0], 0], [canvas[0], canvas[1]], [0, canvas[1]]], float)
    quad = cv2.perspectiveTransform(corners.reshape(-1, 1, 2), tilt)[:, 0]
    width, height = size
    slack = 1.0 + max(bend, 0.0) * 1.05
    if cover:
        scale, centre = _inscribed(quad, width / height)
        scale = width * slack / scale * zoom
        room = np.array([width, height]) * (zoom - 1) * 0.5 / scale * slack
        centre = centre + room * (np.array(shift) * 2 - 1)
    else:
        low, high = quad.min(axis=0), quad.max(axis=0)
        scale = min(width / (high[0] - low[0]), height / (high[1] - low[1])) / slack * zoom
        centre = (low + high) / 2
    place = np.array(
        [[scale, 0, width / 2 - scale * centre[0]], [0, scale, height / 2 - scale * centre[1]], [0, 0, 1]]
    )
    return Camera(place @ tilt, size, bend)


def _tilted(canvas: tuple[int, int], yaw: float, pitch: float, roll: float) -> Array:
    """The homography of a plane that is turned before a camera one and a half canvas widths away."""
    a, b, c = (math.radians(angle) for angle in (yaw, pitch, roll))
    about_y = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    turn = about_z @ about_x @ about_y
    far = 1.5 * max(canvas)
    to_centre = np.array([[1, 0, -canvas[0] / 2], [0, 1, -canvas[1] / 2], [0, 0, 1]])
    plane = np.column_stack([turn[:, 0], turn[:, 1], np.array([0, 0, far])])
    matrix: Array = np.diag([far, far, 1.0]) @ plane @ to_centre
    return matrix


def _inscribed(quad: Array, aspect: float) -> tuple[float, Array]:
    """Width and centre of a large upright rectangle in a convex quadrilateral; ``aspect`` is width over height."""
    edges = np.roll(quad, -1, axis=0) - quad
    normals = np.stack([-edges[:, 1], edges[:, 0]], axis=1)
    normals *= np.sign(np.sum(normals * (quad.mean(axis=0) - quad), axis=1))[:, None]
    length = np.linalg.norm(normals, axis=1)
    reach = (np.abs(normals[:, 0]) * 0.5 + np.abs(normals[:, 1]) * 0.5 / aspect) / length
    best, where = 0.0, quad.mean(axis=0)
    low, high = quad.min(axis=0), quad.max(axis=0)
    for part_x in np.linspace(0.2, 0.8, 25):
        for part_y in np.linspace(0.2, 0.8, 13):
            point = low + (high - low) * (part_x, part_y)
            distance = np.sum((point - quad) * normals, axis=1) / length
            wide = float((distance / reach).min())
            if wide > best:
                best, where = wide, point
    return best, where


def shoot(canvas: Canvas, camera: Camera, kind: Kind, outside: Colour = (0, 0, 0)) -> Scene:
    """Take the picture, with the boxes of the products that are visible enough."""
    across, down = camera.maps()
    picture = cv2.remap(canvas.pixels, across, down, cv2.INTER_LINEAR, borderValue=outside)
    ids = cv2.remap(canvas.ids, across, down, cv2.INTER_NEAREST)
    seen = [
        (item, box)
        for number, item in enumerate(canvas.items, 1)
        if (box := _visible(item, number, ids, camera)) is not None
    ]
    order = sorted(seen, key=lambda pair: (_first(pair[0].row), pair[0].column, pair[0].level))
    products = tuple(_numbered(order))
    return Scene(picture, kind, products, tuple(_gaps(canvas, camera, order)))


def _visible(item: Item, number: int, ids: Array, camera: Camera) -> Rect | None:
    """The box of what is seen of an item; None where that is too little."""
    width, height = camera.size
    hull = camera.project(item.hull)
    x0, y0 = np.maximum(np.floor(hull.min(axis=0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(hull.max(axis=0)).astype(int) + 1, (width, height))
    if x1 - x0 < _MIN_SIDE or y1 - y0 < _MIN_SIDE:
        return None
    if not item.measured:
        low, high = np.maximum(hull.min(axis=0), 0), np.minimum(hull.max(axis=0), (width, height))
        whole = float(np.prod(hull.max(axis=0) - hull.min(axis=0)))
        kept = float(np.prod(high - low)) >= _VISIBLE * whole
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1])) if kept else None
    mine = ids[y0:y1, x0:x1] == number
    growth = cv2.contourArea(hull.astype(np.float32)) / max(
        cv2.contourArea(item.hull.astype(np.float32)), 1.0
    )
    if np.count_nonzero(mine) < _VISIBLE * item.area * growth:
        return None
    columns = np.flatnonzero(np.count_nonzero(mine, axis=0) >= _few(mine.shape[0]))
    rows = np.flatnonzero(np.count_nonzero(mine, axis=1) >= _few(mine.shape[1]))
    if min(columns.size, rows.size) < _MIN_SIDE:
        return None
    left, top = x0 + columns[0], y0 + rows[0]
    return float(left), float(top), float(x0 + columns[-1] + 1), float(y0 + rows[-1] + 1)


def _few(length: int) -> int:
    """So many pixels of a line must be seen for it to count: a sliver beside what hides an item does not."""
    return max(round(0.03 * length), 1)


def _first(row: int | None) -> int:
    return -1 if row is None else row


def _numbered(order: list[tuple[Item, Rect]]) -> list[Placed]:
    """Give visible facings their positions; those of one stack share one."""
    placed: list[Placed] = []
    position, last = -1, (-2, -1)
    for item, box in order:
        if item.row is None:
            placed.append(Placed(box, item.product))
            continue
        if item.row != last[0]:
            position = -1
        if (item.row, item.column) != last:
            position, last = position + 1, (item.row, item.column)
        placed.append(Placed(box, item.product, item.row, position, item.level))
    return placed


def _gaps(canvas: Canvas, camera: Camera, order: list[tuple[Item, Rect]]) -> list[Gap]:
    width, height = camera.size
    gaps = []
    for hole in canvas.holes:
        corners = camera.project(hole.corners)
        low, high = np.maximum(corners.min(axis=0), 0), np.minimum(corners.max(axis=0), (width, height))
        whole = float(np.prod(corners.max(axis=0) - corners.min(axis=0)))
        if min(high - low) < _MIN_SIDE or float(np.prod(high - low)) < 0.7 * whole:
            continue
        before = {item.column for item, _ in order if item.row == hole.row and item.column < hole.column}
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        gaps.append(Gap(box, hole.row, hole.product, len(before), hole.facings))
    return gaps
