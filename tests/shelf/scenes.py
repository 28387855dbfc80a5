"""Shelves whose truth is known, and photos of them as a detector sees them: tilted, from the side, with mistakes.

A shelf is a plane, in millimetres from its upper left corner. A photo is a homography of a part of it, so that boards
converge as they do on a photo from the side. Boxes are what fits around each product's four corners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shelfwise.shelf.facings import Facing, Named

SIZE = (1600, 1200)
"""Width and height of a photo."""


@dataclass(frozen=True)
class Item:
    """One product on a shelf: its number's name, its edges in millimetres, and its true place, counted from 1."""

    product: str
    category: str
    left: float
    top: float
    right: float
    bottom: float
    row: int
    position: int
    level: int


@dataclass(frozen=True)
class Shelf:
    """What stands on a shelf, and how large it is."""

    items: tuple[Item, ...]
    width: float
    height: float


@dataclass(frozen=True)
class Photo:
    """What a detector finds on a photo of a shelf.

    Attributes:
        boxes: float32 (N, 4), in pixels.
        items: number of the item behind each box; -1 for a false box.
        size: width and height of the photo.
        embeddings: float32 (N, D), of length 1.
    """

    boxes: NDArray[np.float32]
    items: NDArray[np.int64]
    size: tuple[int, int]
    embeddings: NDArray[np.float32]

    def take(self, which: NDArray[np.int64]) -> Photo:
        """Some of the boxes."""
        return replace(
            self, boxes=self.boxes[which], items=self.items[which], embeddings=self.embeddings[which]
        )


def stock_shelf(
    rng: np.random.Generator,
    *,
    rows: int | None = None,
    width: float | None = None,
    products: int = 12,
    longest: int = 6,
    stacked: float = 0.25,
    gaps: float = 0.05,
) -> Shelf:
    """A shelf with random products in runs.

    Args:
        rng: of chance.
        rows: how many boards; None: 2 to 7.
        width: in millimetres; None: 800 to 2400.
        products: how many different ones.
        longest: most facings of a run.
        stacked: share of the runs of low products that stand two high.
        gaps: chance of a gap after a run.
    """
    rows = int(rng.integers(2, 8)) if rows is None else rows
    width = float(rng.uniform(800, 2400)) if width is None else width
    sizes = [(float(rng.uniform(50, 140)), float(rng.uniform(80, 300))) for _ in range(products)]
    items: list[Item] = []
    base = 0.0
    for row in range(1, rows + 1):
        pitch = float(rng.uniform(200, 380))
        base += pitch
        items += _fill(rng, sizes, base, pitch, width, row, longest, stacked, gaps)
        base += 30.0  # the board and its price rail
    return Shelf(tuple(items), width, base)


def _fill(
    rng: np.random.Generator,
    sizes: list[tuple[float, float]],
    base: float,
    pitch: float,
    width: float,
    row: int,
    longest: int,
    stacked: float,
    gaps: float,
) -> list[Item]:
    items: list[Item] = []
    x, position = float(rng.uniform(0, 30)), 0
    while True:
        number = int(rng.integers(len(sizes)))
        wide, tall = sizes[number]
        tall = min(tall, pitch - 35)
        high = 2 if 2 * tall < pitch - 30 and rng.random() < stacked else 1
        for _ in range(int(rng.integers(1, longest + 1))):
            if x + wide > width:
                return items
            position += 1
            back = float(rng.uniform(0, 0.05)) * tall  # pushed back: seen from above its foot is higher
            for level in range(1, high + 1):
                bottom = base - back - (level - 1) * tall
                items.append(
                    Item(
                        f"p{number}",
                        f"c{number % 4}",
                        x,
                        bottom - tall,
                        x + wide,
                        bottom,
                        row,
                        position,
                        level,
                    )
                )
            x += wide + float(rng.uniform(0, 0.1)) * wide
        if rng.random() < gaps:
            x += wide * float(rng.uniform(1.2, 2.5))


def camera(
    shelf: Shelf,
    *,
    tilt: float = 0.0,
    aside: float = 0.0,
    above: float = 0.0,
    part: tuple[float, float] = (0.0, 1.0),
    size: tuple[int, int] = SIZE,
    margin: float = 0.04,
) -> NDArray[np.float64]:
    """The homography (3, 3) from the shelf to a photo.

    Args:
        shelf: what is taken.
        tilt: turn of the photo, in degrees.
        aside: how much nearer the right end is than the left one, as the difference of scale (0.3: a third).
        above: the same for the upper end.
        part: from which to which share of the shelf's width the photo shows.
        size: of the photo.
        margin: left free around the shelf.
    """
    left, right = part[0] * shelf.width, part[1] * shelf.width
    middle = np.array([(left + right) / 2, shelf.height / 2])
    angle = np.radians(tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wide, high = right - left, shelf.height
    project = np.eye(3)
    project[2, :2] = -aside / wide, -above / high
    corners = np.array([[left, 0], [right, 0], [right, high], [left, high]]) - middle
    seen = apply(project, corners) @ turn.T
    scale = min(size[0] / np.ptp(seen[:, 0]), size[1] / np.ptp(seen[:, 1])) * (1 - 2 * margin)
    centre = (seen.min(0) + seen.max(0)) / 2
    last, first = np.eye(3), np.eye(3)
    last[:2, :2] = scale * turn
    last[:2, 2] = np.array(size) / 2 - scale * centre
    first[:2, 2] = -middle
    return last @ project @ first


def apply(homography: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where points (N, 2) go."""
    moved = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return moved[:, :2] / moved[:, 2:]


def take_photo(
    rng: np.random.Generator,
    shelf: Shelf,
    view: NDArray[np.float64],
    *,
    noise: float = 0.02,
    missed: float = 0.0,
    false: float = 0.0,
    size: tuple[int, int] = SIZE,
    alike: float = 0.85,
    features: int = 32,
) -> Photo:
    """Photograph a shelf and detect its products.

    Args:
        rng: of chance.
        shelf: what is taken.
        view: of :func:`camera`.
        noise: of each edge, in sizes of the box (standard deviation).
        missed: share of products not found.
        false: false boxes, as a share of the true ones.
        size: of the photo.
        alike: mean cosine of two photos of one product.
        features: length of an embedding.
    """
    boxes, items = [], []
    for number, item in enumerate(shelf.items):
        corners = np.array(
            [
                [item.left, item.top],
                [item.right, item.top],
                [item.right, item.bottom],
                [item.left, item.bottom],
            ]
        )
        seen = apply(view, corners)
        box = np.concatenate([seen.min(0), seen.max(0)])
        whole = np.prod(box[2:] - box[:2])
        cut = np.clip(box, 0, [*size, *size])
        # A detector does not find what is nearly all outside.
        if np.prod(np.maximum(cut[2:] - cut[:2], 0)) < 0.3 * whole or rng.random() < missed:
            continue
        extent = np.tile(cut[2:] - cut[:2], 2)
        boxes.append(cut + rng.normal(0, noise, 4) * extent)
        items.append(number)
    count = len(boxes)
    for _ in range(round(false * count)):
        like = boxes[int(rng.integers(count))]
        wide, tall = (like[2:] - like[:2]) * rng.uniform(0.5, 1.5, 2)
        x, y = rng.uniform(0, size[0] - wide), rng.uniform(0, size[1] - tall)
        boxes.append(np.array([x, y, x + wide, y + tall]))
        items.append(-1)
    clipped = np.clip(np.array(boxes).reshape(-1, 4), 0, [*size, *size])
    names = [shelf.items[i].product if i >= 0 else f"false {number}" for number, i in enumerate(items)]
    return Photo(
        clipped.astype(np.float32),
        np.array(items, np.int64),
        size,
        embed(rng, names, alike=alike, features=features),
    )


def embed(
    rng: np.random.Generator, names: list[str], *, alike: float = 0.85, features: int = 32
) -> NDArray[np.float32]:
    """Embeddings of length 1: those of one product have about this cosine, those of different ones little."""
    rows = []
    for name in names:
        own = np.random.default_rng([ord(character) for character in name]).normal(size=features)
        own /= np.linalg.norm(own)
        other = rng.normal(size=features)
        other -= other @ own * own
        other /= np.linalg.norm(other)
        # Both differ from the product's own direction: the cosine between them is the square.
        share = np.sqrt(alike)
        rows.append(share * own + np.sqrt(1 - share**2) * other)
    return np.array(rows, np.float32).reshape(-1, features)


def accept(product: str, category: str | None = None, confidence: float = 0.95) -> Named:
    """A name that can be relied on."""
    return Named("accept", product, category, confidence)


def line_up(*rows: str, width: float = 50.0, height: float = 80.0) -> tuple[Facing, ...]:
    """Facings of one-letter products, a row a word; ``?`` is unknown, a blank is a gap as wide as a facing."""
    facings = []
    for row, word in enumerate(rows, 1):
        position = 0
        for place, letter in enumerate(word):
            if letter == " ":
                continue
            position += 1
            named = Named("unknown") if letter == "?" else accept(letter, f"category {letter.lower()}")
            top = (row - 1) * height * 1.3
            facings.append(
                Facing((place * width, top, (place + 1) * width, top + height), 0.9, named, row, position, 1)
            )
    return tuple(facings)
