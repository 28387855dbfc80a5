"""What a detector sees while it learns: a part of a photo at some size, varied in place, size and colour."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Crop", "Marked", "crop", "mosaic"]

Boxes = NDArray[np.float32]

SEEN: Final = 0.45
"""Share of a product that has to be on a crop for it to be found there, as it has to be on composed scenes."""
GONE: Final = 0.35
"""Share of a product up to which it must not be found on a crop; in between, nothing is right or wrong."""
LEAST: Final = 6.0
"""Sides in pixels below which a product need not be found."""
_SMALLEST: Final = 18.0
_LARGEST: Final = 0.75
"""What the median product measures on a crop: pixels at least, and share of the crop's side at most."""
_MANY: Final = 12
_LARGEST_OF_MANY: Final = 130.0
"""Pixels that it measures at most where there are more products than so many: a shelf is never looked at closer."""
_ENLARGE: Final = 2.2
_QUARTER: Final = 0.12
_PAD: Final = 114


class Marked(NamedTuple):
    """A picture with its products.

    Attributes:
        pixels: uint8 (H, W, 3).
        products: float32 (G, 4), left, top, right and bottom edges in pixels.
        ignored: float32 (I, 4), boxes in which nothing is right or wrong.
    """

    pixels: NDArray[np.uint8]
    products: Boxes
    ignored: Boxes


Crop = Marked
"""A square one."""


def crop(photo: Marked, side: int, rng: np.random.Generator, *, spread: float = 1.0) -> Crop:
    """A varied square part of a photo.

    How large products are on it is drawn evenly over magnitudes, between what can just be found and what fills the
    crop, so that the detector learns all sizes from photos of any.

    Args:
        photo: the photo.
        side: of the crop, in pixels.
        rng: everything that varies is drawn from it.
        spread: 1 for all variations, 0 for none but place and size.
    """
    photo = _turned(photo, rng)
    scale = _scale(photo, side, rng)
    stretch = float(np.exp(rng.uniform(-0.12, 0.12) * spread))
    found = _cut(photo, side, (scale * stretch, scale / stretch), rng)
    return found._replace(pixels=_recoloured(found.pixels, rng, spread))


def mosaic(photos: list[Marked], side: int, rng: np.random.Generator) -> Crop:
    """Four crops in one (YOLOv4, Bochkovskiy et al. 2020, arXiv 2004.10934), so that small sets show much at once."""
    half = side // 2
    pixels = np.empty((side, side, 3), np.uint8)
    products, ignored = [], []
    for photo, (left, top) in zip(photos, ((0, 0), (half, 0), (0, half), (half, half)), strict=True):
        part = crop(photo, half, rng)
        pixels[top : top + half, left : left + half] = part.pixels
        moved = np.array([left, top, left, top], np.float32)
        products.append(part.products + moved)
        ignored.append(part.ignored + moved)
    return Crop(pixels, np.concatenate(products), np.concatenate(ignored))


def _turned(photo: Marked, rng: np.random.Generator) -> Marked:
    """Mirrored half the time, and sometimes lying on a side or upside down."""
    if rng.random() < 0.5:
        photo = Marked(
            photo.pixels[:, ::-1], _mirrored(photo.products, photo), _mirrored(photo.ignored, photo)
        )
    if rng.random() < _QUARTER:
        for _ in range(int(rng.integers(1, 4))):
            height = photo.pixels.shape[1]
            turned = [each[:, [1, 0, 3, 2]] for each in (photo.products, photo.ignored)]
            turned = [np.column_stack((b[:, 0], height - b[:, 3], b[:, 2], height - b[:, 1])) for b in turned]
            photo = Marked(np.rot90(photo.pixels), turned[0].astype(np.float32), turned[1].astype(np.float32))
    return photo


def _mirrored(boxes: Boxes, photo: Marked) -> Boxes:
    width = np.float32(photo.pixels.shape[1])
    return np.column_stack((width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]))


def _scale(photo: Marked, side: int, rng: np.random.Generator) -> float:
    height, width = photo.pixels.shape[:2]
    # Most of the crop is to be photo.
    low = 0.8 * side / max(height, width)
    if not len(photo.products):
        return float(np.exp(rng.uniform(np.log(low), np.log(max(1.5, 2 * low)))))
    sides = photo.products[:, 2:] - photo.products[:, :2]
    usual = float(np.sqrt(np.median(sides.prod(1))))
    largest = min(_LARGEST * side, _LARGEST_OF_MANY if len(photo.products) > _MANY else np.inf)
    wanted = np.exp(rng.uniform(np.log(_SMALLEST), np.log(largest)))
    return float(np.clip(wanted / usual, low, _ENLARGE))


def _cut(photo: Marked, side: int, scale: tuple[float, float], rng: np.random.Generator) -> Crop:
    """A square of the photo, enlarged by ``scale`` across and down; beyond the photo it is grey."""
    height, width = photo.pixels.shape[:2]
    starts, ends, places, sizes = [], [], [], []
    for length, each in ((width, scale[0]), (height, scale[1])):
        seen = side / each
        start = rng.uniform(min(0.0, length - seen), max(0.0, length - seen))
        first, last = max(0, int(start)), min(length, int(np.ceil(start + seen)))
        place = round((first - start) * each)
        size = max(1, min(side - max(place, 0), round((last - first) * each)))
        starts.append(first)
        ends.append(last)
        places.append(max(place, 0))
        sizes.append(size)
    part = np.ascontiguousarray(photo.pixels[starts[1] : ends[1], starts[0] : ends[0]])
    how = cv2.INTER_AREA if min(scale) < 1 else cv2.INTER_LINEAR
    pixels = np.full((side, side, 3), _PAD, np.uint8)
    pixels[places[1] : places[1] + sizes[1], places[0] : places[0] + sizes[0]] = cv2.resize(
        part, (sizes[0], sizes[1]), interpolation=how
    )
    real = np.array([sizes[0] / (ends[0] - starts[0]), sizes[1] / (ends[1] - starts[1])] * 2, np.float32)
    origin = np.array(starts * 2, np.float32)
    offset = np.array(places * 2, np.float32)
    products = (photo.products - origin) * real + offset
    ignored = (photo.ignored - origin) * real + offset
    return _kept(pixels, products, ignored, side)


def _kept(pixels: NDArray[np.uint8], products: Boxes, ignored: Boxes, side: int) -> Crop:
    """Products that can be seen well enough; those that hardly can are ignored as far as they are on the crop.

    What the edge leaves little of is neither: the edge of a crop teaches what to leave out at the edge of a photo.
    """
    inside = products.clip(0, side)
    sides, whole = inside[:, 2:] - inside[:, :2], products[:, 2:] - products[:, :2]
    there, seen, full = (sides > 1).all(1), sides.prod(1), whole.prod(1)
    enough = there & (seen >= SEEN * full) & (sides >= LEAST).all(1)
    doubtful = there & ~enough & (seen > GONE * full)
    beside = ignored.clip(0, side)
    beside = beside[((beside[:, 2:] - beside[:, :2]) > 1).all(1)]
    return Crop(
        pixels,
        inside[enough].astype(np.float32),
        np.concatenate((beside, inside[doubtful])).astype(np.float32),
    )


def _recoloured(pixels: NDArray[np.uint8], rng: np.random.Generator, spread: float) -> NDArray[np.uint8]:
    """Another light, another camera: colour, contrast, noise, blur, a file of low quality."""
    gain = 1 + spread * rng.normal(0, 0.12) + spread * rng.normal(0, 0.05, 3)
    lift = spread * rng.normal(0, 12)
    bend = float(np.exp(spread * rng.normal(0, 0.2)))
    steps = np.linspace(0, 1, 256)[:, None] ** bend * 255
    table = np.clip((steps - 127) * gain + 127 + lift, 0, 255).astype(np.uint8)
    pixels = cv2.LUT(np.ascontiguousarray(pixels), table.reshape(1, 256, 3)).astype(np.uint8)
    if rng.random() < 0.3 * spread:
        pixels = _other_hues(pixels, int(rng.integers(180)))
    if rng.random() < 0.2 * spread:
        pixels = _patterned(pixels, rng)
    if rng.random() < 0.3 * spread:
        grey = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        share = float(rng.uniform(-0.4, 1.0))
        pixels = cv2.addWeighted(pixels, 1 - share, grey, share, 0).astype(np.uint8)
    if rng.random() < 0.15 * spread:
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.4, 1.4))).astype(np.uint8)
    if rng.random() < 0.15 * spread:
        noise = rng.normal(0, rng.uniform(2, 12), pixels.shape).astype(np.float32)
        pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2 * spread:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 75))]
        pixels = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_COLOR), np.uint8
        )
    return pixels


def _other_hues(pixels: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    """All hues turned by 2° × ``turn``: shops have packages in colours that no training photo shows."""
    coloured = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    coloured[..., 0] = (coloured[..., 0].astype(np.int16) + turn) % 180
    return np.asarray(cv2.cvtColor(coloured, cv2.COLOR_HSV2RGB), np.uint8)


def _patterned(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Stripes or a grid over all of it, so that neither is taken for a row of products where a wall has some.

    Domain randomisation (Tobin et al. 2017, arXiv 1703.06907).
    """
    side = len(pixels)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    first = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    waves = []
    for angle in (first, first + np.pi / 2)[: int(rng.integers(1, 3))]:
        period = float(np.exp(rng.uniform(np.log(5), np.log(side / 4))))
        along = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period) + rng.uniform(0, 2 * np.pi)
        # The higher, the harder the edges of a stripe.
        waves.append(np.tanh((np.sin(along) + rng.uniform(-0.9, 0.9)) * np.exp(rng.uniform(0, 2.5))))
    pattern = waves[0] if len(waves) == 1 else np.maximum(*waves)
    gain = 1 + rng.uniform(0.06, 0.35) * rng.choice([-1.0, 1.0]) * pattern
    return np.asarray(np.clip(pixels * gain[..., None], 0, 255), np.uint8)
