"""The products that scenes are stocked with: cut-outs from photos, and painted packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from shelfwise.datasets.scenes.cutouts import CutOuts
from shelfwise.datasets.scenes.packages import paint_package
from shelfwise.datasets.scenes.palettes import Look
from shelfwise.datasets.scenes.pixels import Array, resized

__all__ = ["Product", "Wares", "lit", "varied"]

_MAX_GROWTH = 2.0
"""A cut-out is not drawn larger than this, it would be a blur; a painted package takes its place."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product and its picture, RGBA."""

    name: str
    rgba: Array

    @property
    def aspect(self) -> float:
        """Width over height."""
        return float(self.rgba.shape[1] / self.rgba.shape[0])


@dataclass
class Wares:
    """Where scenes take their products from.

    Attributes:
        cuts: folders of cut-outs.
        look: of the painted packages.
        seeds: first and last but one seed of the painted packages.
    """

    cuts: Sequence[CutOuts]
    look: Look = "train"
    seeds: tuple[int, int] = (0, 1_000_000)
    _packed: list[tuple[int, int]] = field(init=False)
    _loose: list[tuple[int, int]] = field(init=False)
    _tiles: list[tuple[int, int]] = field(init=False)
    _groups: list[list[tuple[int, int]]] = field(init=False)

    def __post_init__(self) -> None:
        self._packed, self._loose, self._tiles = [], [], []
        groups: dict[str, list[tuple[int, int]]] = {}
        for source, folder in enumerate(self.cuts):
            for index, cut in enumerate(folder):
                place = (source, index)
                (self._tiles if cut.boxes else self._loose if cut.loose else self._packed).append(place)
                if not cut.boxes and not cut.loose:
                    groups.setdefault(cut.category, []).append(place)
        self._groups = list(groups.values())

    def group(self, rng: np.random.Generator) -> list[tuple[int, int]]:
        """Cut-outs of one category; empty where there are none."""
        return self._groups[int(rng.integers(len(self._groups)))] if self._groups else []

    def pick(
        self,
        rng: np.random.Generator,
        height: float,
        *,
        painted: float = 0.5,
        loose: float = 0.0,
        group: Sequence[tuple[int, int]] = (),
        kind: str | None = None,
    ) -> Product:
        """Draw a product that will be about ``height`` pixels high.

        Args:
            rng: random numbers.
            height: in pixels.
            painted: how often it is a painted package.
            loose: how often it is fruit or vegetables, where there are any.
            group: cut-outs to choose from; empty: all packed ones.
            kind: of painted packages; None: any.
        """
        if self._loose and rng.random() < loose:
            return self._cut(rng, self._loose[int(rng.integers(len(self._loose)))])
        if self._packed and rng.random() >= painted:
            choice = group or self._packed
            place = choice[int(rng.integers(len(choice)))]
            if self.cuts[place[0]][place[1]].height * _MAX_GROWTH >= height or rng.random() < 0.15:
                return self._cut(rng, place)
        seed = int(rng.integers(*self.seeds))
        return Product(
            f"painted-{seed}", paint_package(seed, round(min(max(height * 1.15, 48), 700)), self.look, kind)
        )

    def tile(self, rng: np.random.Generator) -> tuple[Array, Sequence[Sequence[float]]] | None:
        """A part of a photo (H, W, 3) and the boxes of its products; None where there are no tiles."""
        if not self._tiles:
            return None
        source, index = self._tiles[int(rng.integers(len(self._tiles)))]
        return self.cuts[source].rgba(index)[..., :3], self.cuts[source][index].boxes

    def _cut(self, rng: np.random.Generator, place: tuple[int, int]) -> Product:
        source, index = place
        rgba = self.cuts[source].rgba(index)
        name = f"cut-{source}-{index}"
        if (
            not self.cuts[source][index].loose and rng.random() < 0.35
        ):  # another colour makes another product of it
            turn = int(rng.integers(0, 180))
            hsv = cv2.cvtColor(rgba[..., :3], cv2.COLOR_RGB2HSV)
            hsv[..., 0] = (hsv[..., 0].astype(np.int16) + turn) % 180
            rgba = np.dstack([cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), rgba[..., 3]])
            name += f"-{turn}"
        return Product(name, rgba)


def varied(
    rng: np.random.Generator, product: Product, width: int, height: int, spread: float = 0.06
) -> Array:
    """One facing of a product: in its size, a little lighter or darker than the next."""
    return lit(resized(product.rgba, width, height), 1 + rng.normal(0, spread))


def lit(rgba: Array, level: float) -> Array:
    """An RGBA picture made lighter or darker."""
    return np.dstack([cv2.convertScaleAbs(rgba[..., :3], alpha=level), rgba[..., 3]])
