"""How two photos of one shelf overlap.

Each pair of boxes that look alike is a guess at how to lay the second photo over the first: their sizes give the
scale, the tilts of both photos the turn, their places the shift. The guesses that bring most of the neighbours onto
equal ones are refined: boxes that lie on equal ones are paired, an affine map and then a homography is fitted to the
corners, until nothing changes. That is RANSAC (Fischler and Bolles 1981) with all samples of one pair in place of
random ones, so that it gives the same each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.pairing import Pairing, pair_boxes
from shelfwise.shelf.tilt import find_tilt
from shelfwise.shelf.transform import apply, corners_of, fit_affine, fit_homography, map_boxes

__all__ = ["Laid", "View", "find_overlaps"]

Floats = NDArray[np.float64]

_CANDIDATES: Final = 8
"""Boxes of the first photo that a box of the second one may be, the most alike."""
_ALIKE: Final = 0.5
_AROUND: Final = 10
"""Neighbours that a guess is first judged by."""
_REFINED: Final = 40
"""Guesses that are refined."""
_ROUNDS: Final = 8
_BENT: Final = 8
"""Pairs from which on a homography is fitted; with fewer an affine map is safer."""
_EDGE: Final = 0.02
"""What is this near to a photo's edge, in widths of the photo, is not counted as shown."""


@dataclass(frozen=True, slots=True)
class View:
    """Boxes, and the photos that show them.

    Attributes:
        boxes: shape (N, 4).
        cut: shape (N,): which of them a photo's edge cuts off.
        quads: corners of each photo, (4, 2), clockwise.
    """

    boxes: Floats
    cut: NDArray[np.bool_]
    quads: tuple[Floats, ...]

    @property
    def middles(self) -> Floats:
        """Of the boxes, (N, 2)."""
        middles: Floats = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        return middles

    def shows(self, points: Floats) -> NDArray[np.bool_]:
        """Which of some points (N, 2) lie on its photos, not right at their edge."""
        shown = np.zeros(len(points), bool)
        for quad in self.quads:
            inner = quad + 2 * _EDGE * (quad.mean(axis=0) - quad)
            edges = np.roll(inner, -1, axis=0) - inner
            away = points[:, None, :] - inner[None]
            shown |= (edges[None, :, 0] * away[..., 1] - edges[None, :, 1] * away[..., 0] > 0).all(axis=1)
        return shown


@dataclass(frozen=True, slots=True)
class Laid:
    """The second photo laid over the first.

    Attributes:
        matrix: from the second photo to the first, shape (3, 3).
        pairing: which boxes are then the same.
    """

    matrix: Floats
    pairing: Pairing


def find_overlaps(first: View, second: View, alike: Floats) -> list[Laid]:
    """Ways to lay the second photo over the first, the best first; each differs from those before it.

    Args:
        first: the one photo, or several that are joined already.
        second: the other one.
        alike: how alike their products look, 0 to 1, shape (N, M).
    """
    guesses = _guesses(first, second, alike)
    found = [laid for guess in guesses if (laid := _refine(guess, first, second, alike)) is not None]
    best = max(found, key=lambda laid: laid.pairing.score, default=None)
    if best is None:
        return []
    for guess in _shifts(best, first, alike):
        laid = _refine(guess, first, second, alike)
        if laid is not None:
            found.append(laid)
    found.sort(key=lambda laid: -laid.pairing.score)
    different: list[Laid] = []
    for laid in found:
        if all(_differ(laid, other, first, second) for other in different):
            different.append(laid)
    return different


def _guesses(first: View, second: View, alike: Floats) -> list[Floats]:
    """The most promising similarities of one pair each."""
    turn = np.arctan(find_tilt(first.boxes).slope) - np.arctan(find_tilt(second.boxes).slope)
    order = np.argsort(-alike, axis=0, kind="stable")[:_CANDIDATES]
    pairs = [(int(i), j) for j in range(alike.shape[1]) for i in order[:, j] if alike[i, j] >= _ALIKE]
    if not pairs:
        return []
    i, j = np.array(pairs).T
    whole = ~(first.cut[i] | second.cut[j])
    i, j = (i[whole], j[whole]) if whole.any() else (i, j)
    area = [np.prod(view.boxes[:, 2:] - view.boxes[:, :2], axis=1) for view in (first, second)]
    scale = np.sqrt(area[0][i] / area[1][j])
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    support = _support(first, second, alike, i, j, scale, rotate)
    best = np.argsort(-support, kind="stable")[:_REFINED]
    matrices = []
    for k in best:
        matrix = np.eye(3)
        matrix[:2, :2] = scale[k] * rotate
        matrix[:2, 2] = first.middles[i[k]] - matrix[:2, :2] @ second.middles[j[k]]
        matrices.append(matrix)
    return matrices


def _support(
    first: View,
    second: View,
    alike: Floats,
    i: NDArray[np.intp],
    j: NDArray[np.intp],
    scale: Floats,
    rotate: Floats,
) -> Floats:
    """How many of the nearest neighbours of each guess's box come to lie on equal ones."""
    ours, theirs = first.middles, second.middles
    apart = np.linalg.norm(theirs[:, None] - theirs[None], axis=2)
    near = np.argsort(apart, axis=1, kind="stable")[:, 1 : _AROUND + 1]
    size = np.minimum(first.boxes[:, 2] - first.boxes[:, 0], first.boxes[:, 3] - first.boxes[:, 1])
    support = np.zeros(len(i))
    for k in range(len(i)):
        around = near[j[k]]
        mapped = ours[i[k]] + scale[k] * (theirs[around] - theirs[j[k]]) @ rotate.T
        distance = np.linalg.norm(mapped[:, None] - ours[None], axis=2)
        closest = distance.argmin(axis=1)
        hit = distance[np.arange(len(around)), closest] < size[closest] / 2
        support[k] = (hit * alike[closest, around]).sum()
    return support


def _refine(matrix: Floats, first: View, second: View, alike: Floats) -> Laid | None:
    """Pair, fit, and pair again; None where too few boxes lie on others, or the map is no map of a flat shelf."""
    last = None
    for _ in range(_ROUNDS):
        laid = _lay(matrix, first, second, alike)
        pairs = laid.pairing.pairs
        if len(pairs) < 3:
            return None
        if last is not None and np.array_equal(pairs, last):
            break
        last = pairs
        whole = pairs[~(first.cut[pairs[:, 0]] | second.cut[pairs[:, 1]])]
        used = whole if len(whole) >= 3 else pairs
        alike_ones = used[alike[used[:, 0], used[:, 1]] >= _ALIKE]
        used = alike_ones if len(alike_ones) >= 3 else used
        fit = fit_homography if len(used) >= _BENT else fit_affine
        matrix = fit(
            corners_of(second.boxes[used[:, 1]]).reshape(-1, 2),
            corners_of(first.boxes[used[:, 0]]).reshape(-1, 2),
        )
        if not _flat(matrix, second):
            return None
    return _lay(matrix, first, second, alike)


def _flat(matrix: Floats, second: View) -> bool:
    """Whether the map keeps all of the photo before the camera, the right way round and of a sensible size."""
    quad = np.concatenate(second.quads)
    depth = quad @ matrix[2, :2] + matrix[2, 2]
    if not np.isfinite(matrix).all() or depth.min() <= 0.2 * depth.max():
        return False
    middle = second.middles.mean(axis=0)
    step = apply(matrix, middle + np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    x, y = step[1] - step[0], step[2] - step[0]
    area = float(x[0] * y[1] - x[1] * y[0])
    return 0.05 < area < 20 and x[0] > 0 and y[1] > 0


def _lay(matrix: Floats, first: View, second: View, alike: Floats) -> Laid:
    boxes = map_boxes(matrix, second.boxes)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    back = View(second.boxes, second.cut, tuple(apply(matrix, quad) for quad in second.quads))
    shown = (back.shows(first.middles), first.shows(middles))
    return Laid(matrix, pair_boxes(first.boxes, boxes, alike, (first.cut, second.cut), shown))


def _shifts(best: Laid, first: View, alike: Floats) -> list[Floats]:
    """The best way moved along the shelf, so that paired boxes come to lie on others that look the same."""
    size = float(np.median(first.boxes[:, 2] - first.boxes[:, 0]))
    tall = float(np.median(first.boxes[:, 3] - first.boxes[:, 1]))
    steps: list[Floats] = []
    for i, j in best.pairing.pairs:
        steps += [
            step
            for step in (first.middles - first.middles[i])[alike[:, j] >= _ALIKE]
            if 0.4 * size < abs(step[0]) < 4 * size and abs(step[1]) < tall / 2
        ]
    chosen: list[Floats] = []
    for step in sorted(steps, key=lambda step: abs(step[0])):
        if all(abs(step[0] - other[0]) > size / 3 for other in chosen):
            chosen.append(step)
    moved = []
    for step in chosen:
        move = np.eye(3)
        move[:2, 2] = step
        moved.append(move @ best.matrix)
    return moved


def _differ(one: Laid, other: Laid, first: View, second: View) -> bool:
    """Whether two ways bring what they pair to places half a facing apart."""
    numbers = np.union1d(one.pairing.pairs[:, 1], other.pairing.pairs[:, 1])
    points = second.middles[numbers]
    apart = np.linalg.norm(apply(one.matrix, points) - apply(other.matrix, points), axis=1)
    return bool(np.median(apart) > 0.5 * np.median(first.boxes[:, 2] - first.boxes[:, 0]))
