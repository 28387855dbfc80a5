"""Colours that go together, as packages are printed in; and the two looks, one for training and one held out."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from shelfwise.datasets.scenes.pixels import Colour

__all__ = ["Look", "Palette", "choose", "draw_palette"]

Look = Literal["train", "held-out"]
"""Which palettes, fonts, fixtures and surfaces scenes are drawn with: those of one are not in the other."""

Item = TypeVar("Item")

_USUAL_HUES = (0.0, 0.0, 0.02, 0.06, 0.09, 0.14, 0.14, 0.28, 0.34, 0.38, 0.55, 0.6, 0.63, 0.92)
_HELD_OUT_HUES = ((0.11, 0.17), (0.47, 0.53), (0.76, 0.83))
"""Hues that packages of the training look do not have as their main colour."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one package: its ground, a second and an accent colour, the print and the paper."""

    ground: Colour
    second: Colour
    accent: Colour
    ink: Colour
    paper: Colour


def choose(rng: np.random.Generator, look: Look, train: Sequence[Item], held_out: Sequence[Item]) -> Item:
    """One of the choices of a look."""
    items = train if look == "train" else held_out
    return items[int(rng.integers(len(items)))]


def draw_palette(rng: np.random.Generator, look: Look) -> Palette:
    """A palette; its scheme and its main hue are of the look."""
    hue = _hue(rng, look)
    scheme = choose(
        rng,
        look,
        ("complement", "near", "one", "dark", "pale", "grey", "two"),
        ("triad", "kraft", "deep", "milk"),
    )
    saturation, value = rng.uniform(0.35, 1), rng.uniform(0.35, 0.95)
    ground = _colour(hue, saturation, value)
    second = _colour(hue + rng.choice([0.0, 0.06, -0.06]), saturation * 0.7, min(value * 1.25, 1))
    accent = _colour(hue + 0.5 + rng.uniform(-0.08, 0.08), rng.uniform(0.6, 1), rng.uniform(0.7, 1))
    if scheme in ("near", "two"):
        accent = _colour(hue + rng.uniform(0.1, 0.2), 0.9, 0.95)
    if scheme == "two":
        second = _colour(rng.uniform(), 0.8, 0.8)
    if scheme == "triad":
        second, accent = _colour(hue + 0.33, 0.8, 0.75), _colour(hue - 0.33, 0.85, 0.9)
    if scheme == "one":
        accent = _colour(hue, 0.15, 1)
    if scheme in ("dark", "deep"):
        level = 0.14 if scheme == "dark" else 0.32
        ground, second = _colour(hue, 0.6, level), _colour(hue, 0.5, level * 2)
    if scheme in ("pale", "milk"):
        ground, second = _colour(hue, rng.uniform(0.02, 0.18), rng.uniform(0.9, 1)), _colour(hue, 0.6, 0.85)
    if scheme == "grey":
        level = rng.uniform(0.5, 0.8)
        ground, second = _colour(hue, 0.04, level), _colour(hue, 0.05, level * 0.8)
    if scheme == "kraft":
        ground, second = _colour(0.08, rng.uniform(0.3, 0.45), rng.uniform(0.6, 0.8)), _colour(hue, 0.4, 0.4)
    dark = float(np.dot(ground, (0.299, 0.587, 0.114))) < 130
    ink: Colour = (250, 250, 246) if dark else _colour(hue + 0.5, 0.4, 0.15)
    paper: Colour = (252, 250, 244) if rng.random() < 0.7 else _colour(hue, 0.12, 0.95)
    return Palette(ground, second, accent, ink, paper)


def _hue(rng: np.random.Generator, look: Look) -> float:
    """A main hue: mostly one that is common on packages, or else any."""
    while True:
        usual = rng.random() < 0.65
        hue = float(rng.normal(rng.choice(_USUAL_HUES), 0.02) % 1 if usual else rng.uniform())
        if any(low <= hue <= high for low, high in _HELD_OUT_HUES) == (look == "held-out"):
            return hue


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(max(saturation, 0), 1), min(max(value, 0), 1))
    return round(red * 255), round(green * 255), round(blue * 255)
