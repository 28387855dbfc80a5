"""Maps from one photo's plane to another's: fitted to pairs of points, applied to points and boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["apply", "corners_of", "fit_affine", "fit_homography", "map_boxes"]

Floats = NDArray[np.float64]


def apply(matrix: Floats, points: Floats) -> Floats:
    """Where points (…, 2) go by a homography (3, 3); what is behind the camera goes far away."""
    flat = points.reshape(-1, 2)
    moved = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    depth = np.where(moved[:, 2:] > 1e-6, moved[:, 2:], 1e-6)
    mapped: Floats = (moved[:, :2] / depth).reshape(points.shape)
    return mapped


def corners_of(boxes: Floats) -> Floats:
    """Corners (N, 4, 2) of boxes (N, 4), clockwise from the upper left."""
    corners: Floats = boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    return corners


def map_boxes(matrix: Floats, boxes: Floats) -> Floats:
    """Boxes (N, 4) as they are on the other photo: the middles of their edges are mapped, not their corners.

    The box around mapped corners would grow with every turn; through the middles of the edges it does not.
    """
    if not len(boxes):
        return boxes.reshape(0, 4)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    x = np.stack([boxes[:, 0], middle[:, 0], boxes[:, 2], middle[:, 0]], axis=1)
    y = np.stack([middle[:, 1], boxes[:, 1], middle[:, 1], boxes[:, 3]], axis=1)
    edges = apply(matrix, np.stack([x, y], axis=2))
    left, right = np.minimum(edges[:, 0, 0], edges[:, 2, 0]), np.maximum(edges[:, 0, 0], edges[:, 2, 0])
    top, bottom = np.minimum(edges[:, 1, 1], edges[:, 3, 1]), np.maximum(edges[:, 1, 1], edges[:, 3, 1])
    mapped: Floats = np.stack([left, top, right, bottom], axis=1)
    return mapped


def fit_affine(points: Floats, targets: Floats) -> Floats:
    """The affine map (3, 3) with the least squares from points (N, 2) to targets (N, 2), N at least 3."""
    solved = np.linalg.lstsq(np.column_stack([points, np.ones(len(points))]), targets, rcond=None)[0]
    matrix = np.eye(3)
    matrix[:2] = solved.T
    return matrix


def fit_homography(points: Floats, targets: Floats) -> Floats:
    """The homography (3, 3) from points (N, 2) to targets (N, 2), N at least 4.

    By the normalised direct linear transform (Hartley 1997, "In defense of the eight-point algorithm").
    """
    first, second = _normal(points), _normal(targets)
    p, t = apply(first, points), apply(second, targets)
    one, zero = np.ones(len(p)), np.zeros((len(p), 3))
    whole = np.column_stack([p, one])
    equations = np.concatenate(
        [
            np.column_stack([whole, zero, -t[:, :1] * whole]),
            np.column_stack([zero, whole, -t[:, 1:] * whole]),
        ]
    )
    # The smallest eigenvector of AᵀA is A's last right singular vector, whatever the number of equations.
    found = np.linalg.eigh(equations.T @ equations)[1][:, 0].reshape(3, 3)
    matrix = np.linalg.inv(second) @ found @ first
    scaled: Floats = matrix / matrix[2, 2]
    return scaled


def _normal(points: Floats) -> Floats:
    """The similarity that moves points to the origin, at a mean distance of √2."""
    middle = points.mean(axis=0)
    spread = float(np.linalg.norm(points - middle, axis=1).mean())
    scale = np.sqrt(2) / max(spread, 1e-9)
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])
