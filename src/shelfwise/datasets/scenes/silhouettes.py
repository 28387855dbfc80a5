"""Telling a product from its background: by GrabCut in a box, by flood fill before white."""

from __future__ import annotations

import cv2
import numpy as np

from shelfwise.datasets.scenes.pixels import Array

__all__ = ["content", "on_white", "silhouette"]

Rect = tuple[int, int, int, int]

_WHITE = 243
_WORKING = 72
"""Longer side in pixels at which GrabCut works."""


def content(photo: Array) -> Rect:
    """Left, top, right and bottom of a photo without the even padding of its edges."""
    grey = photo.astype(np.int16)
    first = grey[0, 0]
    padded = np.abs(grey - first).max(axis=2) <= 6
    rows, columns = ~padded.all(axis=1), ~padded.all(axis=0)
    if not rows.any() or not columns.any():
        return 0, 0, photo.shape[1], photo.shape[0]
    ys, xs = np.flatnonzero(rows), np.flatnonzero(columns)
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1


def silhouette(photo: Array, box: Rect, bounds: Rect) -> tuple[Array, bool]:
    """The opacity of what a box holds, by GrabCut (Rother, Kolmogorov and Blake 2004).

    Args:
        photo: (H, W, 3) of uint8, RGB.
        box: left, top, right, bottom.
        bounds: of the part of the photo that is not padding.

    Returns:
        Opacity (height, width of the box) of uint8, and whether it is a plausible silhouette; where it is not,
        all of the box is opaque.
    """
    x0, y0, x1, y1 = box
    dx, dy = max((x1 - x0) // 6, 4), max((y1 - y0) // 6, 4)
    left, top = max(x0 - dx, bounds[0]), max(y0 - dy, bounds[1])
    right, bottom = min(x1 + dx, bounds[2]), min(y1 + dy, bounds[3])
    window = np.ascontiguousarray(photo[top:bottom, left:right, ::-1])
    inner = (x0 - left, y0 - top, x1 - x0, y1 - y0)
    opaque = np.full((y1 - y0, x1 - x0), 255, np.uint8)
    if window.shape[0] * window.shape[1] < inner[2] * inner[3] * 1.08:
        return opaque, False
    found = _foreground(window, inner)
    if found is None:
        return opaque, False
    found = _largest(found[inner[1] : inner[1] + inner[3], inner[0] : inner[0] + inner[2]])
    if not _plausible(found):
        return opaque, False
    return _soft(found), True


def _foreground(window: Array, inner: Rect) -> Array | None:
    """What GrabCut takes for the product (0 or 255), found in a small copy, which also gives a calm rim."""
    scale = min(_WORKING / max(window.shape[:2]), 1.0)
    small = cv2.resize(window, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mask = np.zeros(small.shape[:2], np.uint8)
    x, y, width, height = (round(value * scale) for value in inner)
    cv2.setRNGSeed(1)
    try:
        rect = (x, y, width, height)
        cv2.grabCut(small, mask, rect, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_RECT)
    except cv2.error:  # a window of one colour has no two models
        return None
    found: Array = np.where((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    found = cv2.resize(found, (window.shape[1], window.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.where(found > 127, 255, 0).astype(np.uint8)


def _largest(mask: Array) -> Array:
    """The largest connected part, with its holes and narrow bays filled, as 0 and 1."""
    side = max(min(mask.shape) // 6, 3)
    padded = cv2.copyMakeBorder(mask, side, side, side, side, cv2.BORDER_CONSTANT, value=0)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    mask = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)[side:-side, side:-side]
    mask = cv2.medianBlur(np.ascontiguousarray(mask), 5)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    out = np.zeros_like(mask)
    if contours:
        largest = max(range(len(contours)), key=lambda index: cv2.contourArea(contours[index]))
        cv2.drawContours(out, contours, largest, 1, cv2.FILLED)
    return out


def _plausible(mask: Array) -> bool:
    """Whether it fills its box as a product does: mostly, to all of its edges, without deep bays."""
    height, width = mask.shape
    area = int(mask.sum())
    if not 0.68 * mask.size < area < 0.985 * mask.size:
        return False
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    slack_x, slack_y = 0.06 * width + 1, 0.06 * height + 1
    near = (xs[0] < slack_x, ys[0] < slack_y, xs[-1] > width - slack_x, ys[-1] > height - slack_y)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.contourArea(cv2.convexHull(np.concatenate(contours)))
    return sum(near) == 4 and area > 0.94 * hull


def _soft(mask: Array) -> Array:
    """Opacity with a rim of about a pixel, drawn inwards so that no background shows."""
    shrunk = cv2.erode(mask * 255, np.ones((2, 2), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=255)
    return cv2.GaussianBlur(shrunk, (3, 3), 0)


def on_white(photo: Array, longest: int, *, convex: bool = False) -> Array | None:
    """The product of a picture with a white background as RGBA, cropped; None where the corners are not white.

    Args:
        photo: (H, W, 3) of uint8.
        longest: a longer cut-out is made smaller, to so many pixels.
        convex: the product has no bays, so that white ones are print and not background.
    """
    corners = photo[[0, 0, -1, -1], [0, -1, 0, -1]]
    if int(corners.min()) < _WHITE:
        return None
    padded = cv2.copyMakeBorder(
        photo.min(axis=2), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255
    )  # the border joins all of the background
    flooded = np.zeros((padded.shape[0] + 2, padded.shape[1] + 2), np.uint8)
    cv2.floodFill(padded, flooded, (0, 0), 0, 255 - _WHITE, 255, cv2.FLOODFILL_FIXED_RANGE | 4)
    mask = (flooded[2:-2, 2:-2] == 0).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if convex and mask.any():
        hull = cv2.convexHull(cv2.findNonZero(mask))
        cv2.fillConvexPoly(mask, hull, 1)
    if not 0.02 * mask.size < int(mask.sum()) < 0.98 * mask.size:
        return None
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    window = slice(int(ys[0]), int(ys[-1]) + 1), slice(int(xs[0]), int(xs[-1]) + 1)
    rgba = np.dstack([photo[window], _soft(mask)[window]])
    scale = longest / max(rgba.shape[:2])
    if scale < 1:
        size = round(rgba.shape[1] * scale), round(rgba.shape[0] * scale)
        rgba = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
    return rgba
