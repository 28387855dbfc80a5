"""What a camera does to a scene: focus, shake, exposure, colour cast, vignette, noise, JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

from shelfwise.datasets.sample.geometry import Floats

__all__ = ["develop", "soft"]


def soft(pixels: Floats, radius: float) -> Floats:
    """The picture (H×W×3, 0 to 255) blurred."""
    if radius < 0.2:
        return pixels
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)


def develop(rng: np.random.Generator, pixels: Floats) -> bytes:
    """Turn a scene (S×S×3, 0 to 255) into the JPEG file that a phone would have made of it."""
    size = pixels.shape[0]
    unit = size / 256
    blur = float(rng.gamma(1.2, 0.4)) * unit
    pixels = soft(pixels, min(blur, 2.2 * unit))
    if rng.random() < 0.1:
        pixels = _shaken(pixels, int(rng.integers(2, 6) * unit), bool(rng.integers(2)))
    exposure = min(float(np.exp(rng.normal(0.1, 0.17))), 1.35)
    warmth, tint = rng.normal(0, 0.05), rng.normal(0, 0.02)
    cast = np.array([1 + warmth, 1 + tint, 1 - warmth], np.float32)
    pixels = pixels * (cast * np.float32(exposure))
    pixels *= _vignette(size, float(rng.uniform(0, 0.3)))[..., None]
    contrast = float(rng.uniform(0.86, 1.15))
    pixels = (pixels - 118) * np.float32(contrast) + 118
    noise = float(rng.gamma(1.4, 1.7))
    pixels = pixels + rng.standard_normal((size, size, 1), dtype=np.float32) * np.float32(noise)
    pixels += rng.standard_normal((size, size, 3), dtype=np.float32) * np.float32(noise * 0.4)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=int(rng.integers(62, 94)))
    return stream.getvalue()


def _shaken(pixels: Floats, length: int, sideways: bool) -> Floats:
    """The mean of the picture moved by 0 … length pixels along one axis."""
    axis = 1 if sideways else 0
    moved = [np.roll(pixels, step - length // 2, axis) for step in range(length + 1)]
    return np.asarray(np.mean(moved, axis=0), np.float32)


def _vignette(size: int, strength: float) -> Floats:
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    return np.asarray(1 - strength * (axis[:, None] ** 2 + axis[None, :] ** 2) / 2, np.float32)
