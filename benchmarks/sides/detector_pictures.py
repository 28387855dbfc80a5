"""The pictures that both sides of the detector's speed look at: parts of one photo, different ones in turn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["pictures"]


def pictures(photo: Path, side: int, count: int) -> NDArray[np.uint8]:
    """Squares cut out of a photo at half its size: uint8 (count, side, side, 3)."""
    with Image.open(photo) as opened:
        half = np.asarray(opened.convert("RGB").resize((opened.width // 2, opened.height // 2)))
    rng = np.random.default_rng(0)
    places = [
        (int(rng.integers(half.shape[0] - side + 1)), int(rng.integers(half.shape[1] - side + 1)))
        for _ in range(count)
    ]
    return np.stack([half[top : top + side, left : left + side] for top, left in places])
