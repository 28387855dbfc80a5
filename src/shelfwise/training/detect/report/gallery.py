"""Photos with boxes in a detector's report: which ones, and drawn small enough."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from shelfwise.errors import ImageError
from shelfwise.images.decode import decode
from shelfwise.training.detect.matching import Matched

__all__ = ["FALSE", "FOUND", "MISSED", "PhotoView", "random_photos", "view_of_photo", "worst_photos"]

SIDE: Final = 640
"""Longer side of a photo in the report, in pixels."""
LEAST_SIDE: Final = 320
"""Smaller photos are enlarged to it, so that their boxes can be told apart."""
FOUND, FALSE, MISSED = "#3aa3f0", "#ff8833", "#ffe14d"
"""Colours of boxes: right, on no product, and of products that no box found. Dashes mark the last, too."""
_EDGE: Final = "#10161d"
_DASH: Final = 7
Line = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A photo with its boxes; ``data`` is None where it cannot be read any more.

    Attributes:
        data: JPEG.
        width, height: of it, in pixels.
        key: the photo's name.
        there, counted: products on it, and products counted.
        right, wrong, missed: boxes that are products, boxes that are none, and products without a box.
    """

    data: bytes | None
    width: int
    height: int
    key: str
    there: int
    counted: int
    right: int
    wrong: int
    missed: int


def random_photos(matched: Sequence[Matched], count: int, seed: int) -> list[Matched]:
    """Some of the photos drawn by chance, in their order."""
    chosen = np.random.default_rng(seed).permutation(len(matched))[:count]
    return [matched[place] for place in sorted(chosen)]


def worst_photos(matched: Sequence[Matched], threshold: float, count: int) -> list[Matched]:
    """The photos with the largest share of errors, of both kinds, on products that are there; none without errors."""

    def errors(each: Matched) -> float:
        sure = each.counted & (each.scores >= threshold)
        wrong = int((sure & ~each.right).sum()) + int((each.found_with < threshold).sum())
        return wrong / max(1, len(each.photo.boxes))

    bad = [each for each in matched if errors(each) > 0]
    return sorted(bad, key=lambda each: (-errors(each), each.photo.key))[:count]


def view_of_photo(each: Matched, threshold: float) -> PhotoView:
    """Draw the boxes of a photo that count with this threshold, and say how many are what."""
    sure = each.counted & (each.scores >= threshold)
    missed = each.found_with < threshold
    picture = _drawn(each, sure, missed)
    data, width, height = (None, 0, 0) if picture is None else (_jpeg(picture), *picture.size)
    return PhotoView(
        data,
        width,
        height,
        each.photo.key,
        len(each.photo.boxes),
        int(sure.sum()),
        int((sure & each.right).sum()),
        int((sure & ~each.right).sum()),
        int(missed.sum()),
    )


def _drawn(each: Matched, sure: NDArray[np.bool_], missed: NDArray[np.bool_]) -> Image.Image | None:
    try:
        picture = Image.fromarray(decode(each.photo.path))
    except ImageError:
        return None
    longer = max(picture.size)
    scale = min(max(1.0, LEAST_SIDE / longer), SIDE / longer)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    draw = ImageDraw.Draw(picture)
    for boxes, colour, dashed in (
        (each.boxes[sure & each.right], FOUND, False),
        (each.photo.boxes[missed], MISSED, True),
        (each.boxes[sure & ~each.right], FALSE, False),
    ):
        for box in boxes * np.float32(scale):
            _outline(draw, tuple(map(float, box)), colour, dashed=dashed)
    return picture


def _outline(draw: ImageDraw.ImageDraw, box: tuple[float, ...], colour: str, *, dashed: bool) -> None:
    """A frame of two pixels with a dark edge, so that it can be seen on anything."""
    left, top, right, bottom = box
    right, bottom = max(right - 1, left), max(bottom - 1, top)
    draw.rectangle((left, top, right, bottom), outline=_EDGE, width=3)
    if not dashed:
        draw.rectangle((left, top, right, bottom), outline=colour, width=2)
        return
    for side in ((left, top, right, top), (right, top, right, bottom), (left, bottom, right, bottom)):
        for line in _dashes(side):
            draw.line(line, fill=colour, width=2)
    for line in _dashes((left, top, left, bottom)):
        draw.line(line, fill=colour, width=2)


def _dashes(line: Line) -> Iterator[Line]:
    x0, y0, x1, y1 = line
    length = max(abs(x1 - x0), abs(y1 - y0))
    for start in np.arange(0, length, 2 * _DASH):
        near, far = start / length, min(start + _DASH, length) / length
        yield x0 + near * (x1 - x0), y0 + near * (y1 - y0), x0 + far * (x1 - x0), y0 + far * (y1 - y0)


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82, optimize=True)
    return buffer.getvalue()
