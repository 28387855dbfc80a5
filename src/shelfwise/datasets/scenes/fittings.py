"""Fittings of shelves: price rails and tags, signs, trays, pegs, doors. They hide what is behind them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from shelfwise.datasets.scenes.canvas import Canvas
from shelfwise.datasets.scenes.lettering import brand, font_count, phrase, price, write
from shelfwise.datasets.scenes.palettes import Look, choose
from shelfwise.datasets.scenes.pixels import Array, Colour, filled, noise, resized, turned

__all__ = [
    "RailStyle",
    "clear_front",
    "divider",
    "door",
    "draw_rail",
    "draw_tag",
    "hook",
    "rail_style",
    "sign",
    "tray_front",
]


@dataclass(frozen=True)
class RailStyle:
    """How the front edges of a shelf's boards look: colours, price tags, and how often a tag comes."""

    colour: Colour
    strip: Colour
    tags: tuple[Array, ...]
    tag_height: float
    every: float
    clear: bool


def rail_style(rng: np.random.Generator, look: Look) -> RailStyle:
    """Draw a style for all rails of one shelf."""
    train: tuple[Colour, ...] = (
        (235, 235, 232),
        (200, 200, 200),
        (120, 122, 125),
        (190, 25, 30),
        (40, 42, 46),
        (225, 220, 205),
    )
    held_out: tuple[Colour, ...] = ((150, 110, 70), (20, 70, 120), (30, 110, 60), (215, 180, 60))
    colour = choose(rng, look, train, held_out)
    strip = colour if rng.random() < 0.4 else choose(rng, look, train, held_out)
    tags = tuple(draw_tag(rng, look) for _ in range(int(rng.integers(2, 6))))
    return RailStyle(
        colour, strip, tags, rng.uniform(0.6, 1.5), rng.uniform(0, 0.95), bool(rng.random() < 0.3)
    )


def draw_tag(rng: np.random.Generator, look: Look, height: int = 72) -> Array:
    """A price tag, (H, W, 4)."""
    width = int(height * rng.uniform(0.9, 2.4))
    papers: tuple[Colour, ...] = (
        (252, 252, 250),
        (252, 252, 250),
        (250, 225, 60),
        (225, 40, 40),
        (245, 245, 225),
        (250, 150, 40),
    )
    paper = papers[int(rng.integers(len(papers)))]
    picture = filled(height, width, paper)
    ink: Colour = (250, 250, 250) if paper == (225, 40, 40) else (20, 20, 25)
    if rng.random() < 0.3:
        cv2.rectangle(picture, (0, 0), (width, int(height * 0.25)), (200, 30, 30), -1)
    font = int(rng.integers(font_count(look)))
    write(
        picture,
        price(rng),
        (width * 0.35, height * 0.3, width * 0.97, height * 0.85),
        ink,
        look=look,
        font=font,
    )
    write(
        picture,
        phrase(rng, 2),
        (width * 0.04, height * 0.05, width * 0.9, height * 0.25),
        ink,
        look=look,
        font=font,
    )
    if rng.random() < 0.5:
        bars = np.repeat(rng.integers(0, 2, width // 6) * 255, 2).astype(np.uint8)
        y = int(height * 0.65)
        picture[y : int(height * 0.92), 3 : 3 + bars.size] = bars[None, :, None]
    cv2.rectangle(picture, (0, 0), (width - 1, height - 1), (150, 150, 150), 1)
    return np.dstack([picture, np.full((height, width), 255, np.uint8)])


def draw_rail(
    rng: np.random.Generator, canvas: Canvas, style: RailStyle, x0: float, x1: float, y: float, height: float,
    places: list[float],
) -> None:  # fmt: skip
    """Draw a board's front edge with its price tags.

    Args:
        rng: random numbers.
        canvas: to draw on.
        style: of the shelf.
        x0: left end.
        x1: right end.
        y: of its upper edge.
        height: in pixels.
        places: where facings begin, for the tags.
    """
    if height < 2:
        return
    canvas.rectangle((x0, y, x1, y + height), style.colour)
    if height > 6:
        inset = height * 0.14
        canvas.rectangle((x0, y + inset, x1, y + height - inset), style.strip)
    light = np.array([[1.15], [1.0], [0.95], [0.7]], np.float32)
    canvas.light((x0, y, x1, y + height), light)
    high = round(height * style.tag_height)
    tags = [resized(tag, round(tag.shape[1] * high / tag.shape[0]), high) for tag in style.tags if high >= 5]
    for place in places:
        if tags and rng.random() < style.every:
            tag = tags[int(rng.integers(len(tags)))]
            drop = rng.uniform(-0.05, 0.05) * height - (tag.shape[0] - height) * rng.choice([0.0, 0.5, 1.0])
            canvas.lay(tag, place, y + drop)
    canvas.light((x0, y + height, x1, y + height * 2.2), np.array([[0.55], [0.8], [1.0]], np.float32))


def clear_front(canvas: Canvas, x0: float, x1: float, y: float, height: float) -> None:
    """A clear plate before the feet of the products, ending at ``y``: it shines and hides nothing."""
    canvas.light((x0, y - height, x1, y), 1.18)
    canvas.rectangle((x0, y - height, x1, y - height + max(height * 0.06, 1)), (235, 238, 240), hides=False)


def divider(canvas: Canvas, x: float, y: float, height: float) -> None:
    """A thin upright plate between two products, standing at ``y``."""
    thick = max(height * 0.03, 1)
    canvas.rectangle((x, y - height, x + thick, y), (205, 210, 215))


def sign(rng: np.random.Generator, look: Look, height: int) -> Array:
    """A promotional sign: round, oblong or a strip, (H, W, 4)."""
    width = int(height * rng.choice([1.0, rng.uniform(0.7, 3.5)]))
    colour: Colour = tuple(int(v) for v in rng.integers(0, 256, 3))  # type: ignore[assignment]
    if rng.random() < 0.6:
        loud: tuple[Colour, ...] = (
            (225, 20, 25),
            (252, 215, 20),
            (20, 130, 60),
            (245, 245, 245),
            (240, 110, 20),
        )
        colour = loud[int(rng.integers(len(loud)))]
    picture = filled(height, width, colour)
    ink: Colour = (20, 20, 20) if sum(colour) > 400 else (250, 250, 250)
    words = str(rng.choice(["SALE", "NEW", "-25%", "2 for 1", "BIO", "TOP", "%", brand(rng), price(rng)]))
    font = int(rng.integers(font_count(look)))
    write(picture, words, (width * 0.12, height * 0.2, width * 0.88, height * 0.6), ink, look=look, font=font)
    write(
        picture,
        price(rng),
        (width * 0.2, height * 0.62, width * 0.8, height * 0.88),
        ink,
        look=look,
        font=font,
    )
    alpha = np.full((height, width), 255, np.uint8)
    if abs(width - height) < 2:
        alpha[:] = 0
        cv2.circle(alpha, (width // 2, height // 2), height // 2 - 1, 255, -1, cv2.LINE_AA)
    return turned(np.dstack([picture, alpha]), float(rng.uniform(-12, 12)))


def tray_front(rng: np.random.Generator, look: Look, width: int, height: int) -> Array:
    """The front of a display tray, often lower in the middle, (H, W, 4)."""
    width, height = max(width, 8), max(height, 4)
    colours: tuple[Colour, ...] = ((180, 145, 105), (200, 165, 120), (240, 240, 238))
    loud: Colour = tuple(int(v) for v in rng.integers(20, 256, 3))  # type: ignore[assignment]
    colour = colours[int(rng.integers(3))] if rng.random() < 0.5 else loud
    picture = filled(height, width, colour)
    marks = noise(rng, (3, 9), (height, width)) * 10
    picture = np.clip(picture + marks[..., None], 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        ink: Colour = (30, 30, 30) if sum(colour) > 380 else (250, 250, 250)
        box = (width * 0.25, height * 0.3, width * 0.75, height * 0.85)
        write(picture, brand(rng), box, ink, look=look, font=int(rng.integers(font_count(look))))
    alpha = np.full((height, width), 255, np.uint8)
    if rng.random() < 0.5:
        dip = height * rng.uniform(0.2, 0.8)
        a, b = width * rng.uniform(0.03, 0.2), width * rng.uniform(0.2, 0.35)
        cut = np.array([[a, -1], [b, dip], [width - b, dip], [width - a, -1]]).astype(np.int32)
        cv2.fillPoly(alpha, [cut], 0)
    return np.dstack([picture, alpha])


def hook(
    rng: np.random.Generator, canvas: Canvas, x: float, y: float, size: float, tag: Array | None
) -> None:
    """A peg that something hangs from, seen from the front, with a price tag before it."""
    thick = max(round(size * 0.05), 1)
    canvas.rectangle((x - thick, y - size * 0.1, x + thick, y + size * 0.06), (185, 185, 190))
    if tag is not None:
        small = resized(tag, round(size * 0.42), round(size * 0.26))
        canvas.lay(small, x - small.shape[1] / 2, y - size * 0.02)


def door(rng: np.random.Generator, canvas: Canvas) -> None:
    """A fridge's glass doors: frames that hide, and reflections that do not."""
    width, height = canvas.size
    pitch = width * rng.uniform(0.28, 0.8)
    thick = width * rng.uniform(0.008, 0.035)
    levels = rng.integers(20, 235)
    colour: Colour = (int(levels), int(levels), int(levels))
    x = rng.uniform(0, pitch)
    while x < width:
        canvas.rectangle((x, 0, x + thick, height), colour)
        canvas.light((x, 0, x + thick, height), np.array([[0.7, 1.1, 0.9, 0.6]], np.float32))
        if rng.random() < 0.5:
            y = height * rng.uniform(0.3, 0.5)
            canvas.rectangle((x + thick * 1.3, y, x + thick * 2, y + height * 0.2), (180, 180, 182))
        x += pitch
    glass = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 5))):
        a, b = rng.uniform(0, width, 2)
        lean, wide = rng.uniform(-0.3, 0.3) * height, width * rng.uniform(0.02, 0.2)
        quad = np.array([[a, 0], [a + wide, 0], [a + wide + lean, height], [a + lean, height]]).astype(
            np.int32
        )
        cv2.fillPoly(glass, [quad], int(rng.integers(40, 150)))
        cv2.circle(
            glass, (int(b), int(rng.uniform(0, height))), int(wide * 0.4), int(rng.integers(60, 220)), -1
        )
    soft = cv2.GaussianBlur(resized(glass, width // 4, height // 4), (0, 0), rng.uniform(2, 12))
    shine = resized(soft, width, height)[..., None].astype(np.float32) / 255
    tint = np.array([220, 232, 240], np.float32)
    strength = np.float32(rng.uniform(0.2, 0.7))
    canvas.pixels[:] = (canvas.pixels + (tint - canvas.pixels) * shine * strength).astype(np.uint8)
