"""What products look like: invented names, palettes, and the choice of both for a design."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["BRANDS", "PALETTES", "Colour", "Palette", "blend", "choose", "readable"]

Colour = tuple[int, int, int]

BRANDS = (
    "Sunfield",
    "Morgenrot",
    "Nuvola",
    "Fjordly",
    "Bellwick",
    "Zest Lane",
    "Tam & Pip",
    "Kopje",
    "Hollow Oak",
    "Marisol",
    "Tilda Grove",
    "Puffin",
    "Rosalind",
    "Alpenglow",
    "Little Fern",
    "Brightwell",
)
"""Invented brands, none of them registered for food as far as known."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours that go together: a strong one, its contrast, a dark one for text and a pale one."""

    base: Colour
    accent: Colour
    ink: Colour
    pale: Colour


PALETTES = (
    Palette((214, 54, 48), (250, 204, 72), (66, 14, 16), (255, 243, 224)),
    Palette((30, 98, 176), (250, 190, 60), (10, 32, 70), (232, 243, 253)),
    Palette((38, 138, 84), (244, 222, 98), (10, 56, 36), (236, 248, 232)),
    Palette((242, 140, 38), (120, 40, 92), (82, 36, 10), (255, 240, 216)),
    Palette((116, 64, 148), (248, 178, 62), (44, 18, 66), (244, 234, 250)),
    Palette((24, 150, 160), (252, 112, 84), (8, 58, 66), (228, 247, 246)),
    Palette((236, 104, 140), (64, 62, 120), (94, 20, 50), (255, 236, 240)),
    Palette((120, 82, 56), (226, 160, 74), (48, 28, 16), (246, 234, 214)),
    Palette((40, 42, 50), (206, 164, 88), (16, 16, 20), (240, 234, 222)),
    Palette((246, 200, 44), (206, 52, 44), (84, 52, 6), (255, 249, 220)),
    Palette((126, 176, 66), (238, 92, 60), (36, 62, 14), (244, 249, 226)),
    Palette((98, 168, 222), (240, 92, 104), (20, 56, 96), (240, 248, 254)),
)


def blend(one: Colour, other: Colour, amount: float) -> Colour:
    """``one`` where ``amount`` is 0, ``other`` where it is 1."""
    mixed = [round(a + (b - a) * amount) for a, b in zip(one, other, strict=True)]
    return (mixed[0], mixed[1], mixed[2])


def readable(ground: Colour, *inks: Colour) -> Colour:
    """The ink that stands out most from the ground."""
    weights = (0.3, 0.59, 0.11)

    def contrast(ink: Colour) -> float:
        return abs(sum(w * (a - b) for w, a, b in zip(weights, ink, ground, strict=True)))

    return max(inks, key=contrast)


def choose(rng: np.random.Generator, *options: str) -> str:
    """One of the options."""
    return options[int(rng.integers(len(options)))]
