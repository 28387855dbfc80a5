"""Photos to measure speed on: the user's, or drawn ones."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from shelfwise.errors import ConfigError
from shelfwise.workflows.photos import PhotoFinder

__all__ = ["drawn_photos", "found_photos"]

_SIZES: Final = ((4000, 3000), (1920, 1080), (1600, 1200), (1280, 960), (800, 600), (640, 480))
"""Of a phone's camera, of pictures sent on, of a web shop's."""
_QUALITY: Final = 85


def drawn_photos() -> list[Path | bytes]:
    """JPEG files in memory, of sizes and with detail as photos have; the same ones each time."""
    random = np.random.default_rng(0)
    return [_drawn(width, height, random) for width, height in _SIZES]


def _drawn(width: int, height: int, random: np.random.Generator) -> bytes:
    """Soft shapes with grain: about the bytes a pixel that a photo of this quality has."""
    coarse = random.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    shapes = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.fromarray(random.integers(0, 256, (height // 2, width // 2), dtype=np.uint8)).resize(
        (width, height)
    )
    stream = io.BytesIO()
    Image.blend(shapes, grain.convert("RGB"), 0.06).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def found_photos(paths: Sequence[str]) -> list[Path | bytes]:
    """The photos that are named, in folders and patterns too. Raises ConfigError where there is none."""
    found: list[Path | bytes] = [Path(each) if isinstance(each, str) else each for each in PhotoFinder(paths)]
    if not found:
        raise ConfigError(f"no photo found in {' '.join(paths)}")
    return found
