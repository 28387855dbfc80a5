"""Drawing printed matter with Pillow: text that fits, bands, waves, sun rays and the pictures on packages."""

from __future__ import annotations

import functools
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from shelfwise.datasets.sample.design import Colour, blend

__all__ = ["Art"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@functools.cache
def _font(size: int) -> Font:
    return ImageFont.load_default(size)


class Art:
    """A picture to print on a package; places and sizes are parts of its width and height (0 to 1).

    Args:
        width: in pixels.
        height: in pixels.
        colour: of the whole.
        bottom: with this, ``colour`` turns to it towards the bottom.
    """

    def __init__(self, width: int, height: int, colour: Colour, bottom: Colour | None = None) -> None:
        self.image = Image.new("RGB", (width, height), colour)
        if bottom is not None:
            ramp = Image.linear_gradient("L").resize((width, height))
            self.image.paste(Image.new("RGB", (width, height), bottom), (0, 0), ramp)
        self.draw = ImageDraw.Draw(self.image)
        self.width, self.height = width, height

    def text(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        text: str,
        colour: Colour,
        *,
        outline: Colour | None = None,
        bold: float = 0.0,
    ) -> None:
        """Write ``text`` centred at (x, y), as large as fits into ``width``×``height``."""
        trial = _font(64)
        left, top, right, bottom = trial.getbbox(text, stroke_width=64 * bold)
        room = min(width * self.width / (right - left), height * self.height / (bottom - top))
        size = max(int(64 * room), 3)
        stroke = size * bold
        place = (x * self.width, y * self.height)
        if outline is not None:
            edge = stroke + max(size * 0.07, 1)
            self.draw.text(place, text, outline, _font(size), "mm", stroke_width=edge, stroke_fill=outline)
        self.draw.text(place, text, colour, _font(size), "mm", stroke_width=stroke, stroke_fill=colour)

    def lines(self, x: float, y: float, width: float, rows: int, pitch: float, colour: Colour) -> None:
        """Rows of small print: grey bars of uneven length, as text too small to read looks."""
        for row in range(rows):
            length = width * (0.72 + 0.28 * abs(math.sin(row * 2.4 + width * 9)))
            self.box(x - width / 2, y + row * pitch, x - width / 2 + length, y + (row + 0.45) * pitch, colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, radius: float = 0.0) -> None:
        """A filled rectangle, its corners rounded by ``radius`` (a part of the width)."""
        corners = (x0 * self.width, y0 * self.height, x1 * self.width, y1 * self.height)
        self.draw.rounded_rectangle(corners, radius * self.width, fill=colour)

    def oval(
        self, x: float, y: float, width: float, height: float, colour: Colour, edge: Colour | None = None
    ) -> None:
        """A filled ellipse about (x, y); width and height both as parts of the picture's width."""
        rx, ry = width * self.width / 2, height * self.width / 2
        cx, cy = x * self.width, y * self.height
        line = max(int(self.width * 0.012), 1) if edge else 0
        self.draw.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=colour, outline=edge, width=line)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """A filled polygon."""
        self.draw.polygon([(x * self.width, y * self.height) for x, y in points], fill=colour)

    def wave(self, y: float, height: float, turns: float, colour: Colour, *, phase: float = 0.0) -> None:
        """Fill everything below a wavy line."""
        steps = np.linspace(0, 1, 40)
        line = [(float(x), y + height * math.sin(2 * math.pi * turns * x + phase)) for x in steps]
        self.polygon([*line, (1.0, 1.0), (0.0, 1.0)], colour)

    def swoosh(self, y: float, slope: float, thickness: float, colour: Colour) -> None:
        """A slanting, curved band across the whole."""
        steps = np.linspace(0, 1, 30)
        upper = [(float(x), y + slope * (x - 0.5) - 0.5 * thickness * math.sin(math.pi * x)) for x in steps]
        lower = [(float(x), y + slope * (x - 0.5) + 0.5 * thickness * math.sin(math.pi * x)) for x in steps]
        self.polygon(upper + lower[::-1], colour)

    def rays(self, x: float, y: float, count: int, colour: Colour) -> None:
        """Sun rays from a point over the whole picture."""
        reach = 2.0
        for ray in range(count):
            first, last = 2 * math.pi * ray / count, 2 * math.pi * (ray + 0.5) / count
            ratio = self.width / self.height
            points = [(x + reach * math.cos(a), y + reach * ratio * math.sin(a)) for a in (first, last)]
            self.polygon([(x, y), *points], colour)

    def star(self, x: float, y: float, radius: float, points: int, colour: Colour) -> None:
        """A badge with a jagged edge; the radius is a part of the width."""
        ratio = self.width / self.height
        edge = []
        for step in range(points * 2):
            r = radius * (1.0 if step % 2 else 0.84)
            angle = math.pi * step / points
            edge.append((x + r * math.cos(angle), y + r * ratio * math.sin(angle)))
        self.polygon(edge, colour)

    def barcode(self, x: float, y: float, width: float, height: float, rng: np.random.Generator) -> None:
        """A white field with bars that encode nothing."""
        self.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2, (250, 250, 248))
        bars = np.cumsum(rng.integers(1, 4, 40)).astype(float)
        bars = x - width * 0.42 + width * 0.84 * bars / bars[-1]
        for left, right in zip(bars[::2], bars[1::2], strict=True):
            self.box(float(left), y - height * 0.38, float(right), y + height * 0.38, (24, 24, 26))

    def speckle(self, rng: np.random.Generator, strength: float) -> None:
        """Fine unevenness, as paper has."""
        noise = rng.normal(0, strength, (self.height // 2 + 1, self.width // 2 + 1, 1)).astype(np.float32)
        rough = np.repeat(np.repeat(noise, 2, 0), 2, 1)[: self.height, : self.width]
        pixels = np.asarray(self.image, np.float32) + rough
        self.image.paste(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))

    def soften(self, radius: float) -> None:
        """Blur what has been drawn so far by a part of the width."""
        self.image.paste(self.image.filter(ImageFilter.GaussianBlur(radius * self.width)))

    # Pictures

    def orange(self, x: float, y: float, size: float, colour: Colour) -> None:
        """A cut citrus fruit."""
        self.oval(x, y, size, size, colour)
        self.oval(x, y, size * 0.88, size * 0.88, blend(colour, (255, 250, 235), 0.75))
        ratio = self.width / self.height
        for wedge in range(8):
            first, last = math.pi / 4 * wedge + 0.08, math.pi / 4 * (wedge + 1) - 0.08
            rim = [(math.cos(a), math.sin(a)) for a in np.linspace(first, last, 5)]
            middle = ((first + last) / 2, 0.05)
            start = (math.cos(middle[0]) * middle[1], math.sin(middle[0]) * middle[1])
            points = [start, *((c * 0.4, s * 0.4) for c, s in rim)]
            self.polygon([(x + px * size, y + py * size * ratio) for px, py in points], colour)

    def fruit(self, x: float, y: float, size: float, colour: Colour) -> None:
        """A round fruit with a leaf."""
        self.oval(x, y, size, size * 0.94, blend(colour, (0, 0, 0), 0.18))
        self.oval(x - size * 0.04, y - size * 0.03, size * 0.88, size * 0.82, colour)
        self.oval(
            x - size * 0.18, y - size * 0.12, size * 0.22, size * 0.16, blend(colour, (255, 255, 255), 0.6)
        )
        ratio = self.width / self.height
        stem = y - size * 0.46 * ratio
        leaf = [
            (x, stem),
            (x + size * 0.2, stem - size * 0.24 * ratio),
            (x + size * 0.42, stem - size * 0.1 * ratio),
        ]
        self.polygon(leaf, (74, 140, 52))

    def bean(self, x: float, y: float, size: float, colour: Colour) -> None:
        """A coffee bean."""
        self.oval(x, y, size * 0.72, size, colour)
        self.oval(
            x - size * 0.1, y - size * 0.06, size * 0.36, size * 0.66, blend(colour, (255, 255, 255), 0.12)
        )
        ratio = self.width / self.height
        line = [
            (x + size * 0.07 * math.sin(t * 2 * math.pi), y + size * ratio * (t - 0.5) * 0.9)
            for t in np.linspace(0, 1, 12)
        ]
        pixels = [(px * self.width, py * self.height) for px, py in line]
        self.draw.line(
            pixels, fill=blend(colour, (0, 0, 0), 0.6), width=max(int(size * self.width * 0.08), 1)
        )

    def bowl(self, x: float, y: float, size: float, colour: Colour, rng: np.random.Generator) -> None:
        """A bowl of milk and flakes."""
        ratio = self.width / self.height
        rim = [(x - size / 2, y), (x + size / 2, y)]
        base = [(x + size * 0.24, y + size * 0.4 * ratio), (x - size * 0.24, y + size * 0.4 * ratio)]
        sides = [(x + size * (0.5 - 0.26 * t**2), y + size * 0.4 * ratio * t) for t in (0.25, 0.5, 0.75)]
        left = [(2 * x - px, py) for px, py in reversed(sides)]
        self.polygon([*rim, *sides, *base, *left], colour)
        self.oval(x, y, size, size * 0.3, blend(colour, (255, 255, 255), 0.5))
        self.oval(x, y, size * 0.92, size * 0.25, (253, 250, 243))
        flakes = ((222, 150, 58), (236, 176, 84), (196, 116, 40))
        for index in range(34):
            angle, r = rng.uniform(0, 2 * math.pi), math.sqrt(rng.uniform(0, 1)) * 0.41
            px = x + size * r * math.cos(angle)
            py = y + size * ratio * (0.27 * r * math.sin(angle) - 0.05 * (1 - r))
            self.oval(
                px, py, size * rng.uniform(0.07, 0.12), size * rng.uniform(0.05, 0.08), flakes[index % 3]
            )

    def meadow(self, y: float, colour: Colour) -> None:
        """Hills, the nearer the darker."""
        self.wave(y, 0.035, 0.8, blend(colour, (255, 255, 255), 0.4), phase=0.4)
        self.wave(y + 0.07, 0.03, 0.7, blend(colour, (255, 255, 255), 0.15), phase=2.4)
        self.wave(y + 0.14, 0.025, 1.1, colour, phase=4.0)

    def cow(self, x: float, y: float, size: float, ink: Colour) -> None:
        """A cow that grazes, seen from the side."""
        ratio = self.width / self.height
        white = (250, 248, 244)

        def part(px: float, py: float, w: float, h: float, colour: Colour) -> None:
            self.oval(x + px * size, y + py * size * ratio, w * size, h * size, colour)

        for leg in (-0.26, -0.14, 0.16, 0.27):
            left = x + (leg - 0.03) * size
            self.box(left, y, left + 0.06 * size, y + 0.34 * size * ratio, white)
        part(0, 0, 0.78, 0.4, white)
        part(0.44, -0.1, 0.24, 0.2, white)
        part(0.53, -0.06, 0.12, 0.12, (238, 180, 170))
        part(-0.16, -0.04, 0.26, 0.2, ink)
        part(0.14, 0.04, 0.2, 0.16, ink)
        part(0.4, -0.16, 0.08, 0.06, ink)

    def bubbles(self, rng: np.random.Generator, count: int, colour: Colour) -> None:
        """Rings of many sizes."""
        for _ in range(count):
            size = float(rng.uniform(0.01, 0.045))
            x, y = float(rng.uniform(0, 1)), float(rng.uniform(0.05, 0.95))
            rx = size * self.width / 2
            cx, cy = x * self.width, y * self.height
            self.draw.ellipse((cx - rx, cy - rx, cx + rx, cy + rx), outline=colour, width=max(int(rx / 4), 1))

    def wheat(self, x: float, y: float, size: float, colour: Colour) -> None:
        """An ear of wheat."""
        ratio = self.width / self.height
        for row in range(5):
            py = y + (row - 2) * size * 0.17 * ratio
            for side in (-1, 1):
                self.oval(x + side * size * 0.09, py, size * 0.12, size * 0.19, colour)
        self.box(x - size * 0.015, y, x + size * 0.015, y + size * 0.75 * ratio, colour)
