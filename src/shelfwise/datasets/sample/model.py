"""What every packaging is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from shelfwise.datasets.sample.geometry import Floats, Patch

__all__ = ["Model", "Packaging", "rows", "smooth_noise"]


@dataclass(frozen=True, slots=True)
class Model:
    """One design of a packaging.

    Attributes:
        height: in centimetres.
        width: the widest extent, in centimetres.
        turn: it may stand turned by as much to either side, radians.
        build: gives its surfaces; what differs from piece to piece (creases, the side to the front) is drawn
            from the generator.
    """

    height: float
    width: float
    turn: float
    build: Callable[[np.random.Generator], tuple[Patch, ...]]


@dataclass(frozen=True, slots=True)
class Packaging:
    """A category of the sample set.

    Attributes:
        name: of the category, also the folder.
        design: draws a new design; the number is the resolution (1 for pictures of 256 pixels).
    """

    name: str
    design: Callable[[np.random.Generator, float], Model]


def rows(detail: float, part: float = 1.0) -> int:
    """Height in pixels of the picture on a face that takes ``part`` of the product's height."""
    return max(round(560 * detail * part), 24)


def smooth_noise(rng: np.random.Generator, cells: tuple[int, int], size: tuple[int, int]) -> Floats:
    """Smooth noise of deviation 1 over rows×columns, with as many hills as there are cells (rows, columns).

    Its opposite edges fit together.
    """
    edge = 2
    coarse = np.pad(rng.normal(0, 1, cells).astype(np.float32), edge, mode="wrap")
    inside = (edge, edge, edge + cells[1], edge + cells[0])
    image = Image.fromarray(coarse).resize((size[1], size[0]), Image.Resampling.BICUBIC, box=inside)
    return np.asarray(image, np.float32)
