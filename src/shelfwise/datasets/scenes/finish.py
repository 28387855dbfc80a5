"""What light and the camera do to a picture: colour cast, exposure, glare, blur, noise, few pixels, JPEG."""

from __future__ import annotations

import cv2
import numpy as np

from shelfwise.datasets.scenes.pixels import Array, noise, resized

__all__ = ["finish", "jpeg"]


def finish(rng: np.random.Generator, picture: Array) -> Array:
    """The picture as a camera would have taken it, of the same size."""
    out = _light(rng, picture)
    if rng.random() < 0.2:
        out = _glare(rng, out)
    if rng.random() < 0.45:
        out = _blur(rng, out)
    if rng.random() < 0.4:
        out = _rescaled(rng, out)
    if rng.random() < 0.25:
        out = _sharpened(rng, out)
    if rng.random() < 0.6:
        out = _noisy(rng, out)
    if rng.random() < 0.3:
        out = _jpeg_again(rng, out)
    return out


def jpeg(rng: np.random.Generator, picture: Array) -> bytes:
    """The picture as a JPEG file of some quality from 55 to 95."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 96))]
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)[1].tobytes()


def _light(rng: np.random.Generator, picture: Array) -> Array:
    """Cast, exposure, contrast and gamma by one table a channel; light that falls off over the picture."""
    cast = rng.normal(1, 0.06, 3) * np.exp(rng.normal(0, 0.18))
    warm = rng.normal(0, 0.07)
    cast *= (1 + warm, 1, 1 - warm)
    contrast, gamma = rng.uniform(0.75, 1.2), np.exp(rng.normal(0, 0.18))
    levels = np.linspace(0, 1, 256)
    curve = np.clip((levels - 0.45) * contrast + 0.45, 0, 1) ** gamma
    lift = rng.choice([0.0, rng.uniform(0, 0.12)])
    table = np.clip((curve[:, None] * cast * (1 - lift) + lift) * 255, 0, 255).astype(np.uint8)
    out = cv2.LUT(picture, table[:, None, :].reshape(1, 256, 3))
    if rng.random() < 0.35:
        grey = cv2.cvtColor(out, cv2.COLOR_RGB2GRAY)[..., None]
        out = _saturated(out, grey, float(rng.uniform(0.5, 1.35)))
    if rng.random() < 0.6:
        out = _uneven(rng, out)
    return out


def _saturated(picture: Array, grey: Array, factor: float) -> Array:
    return cv2.addWeighted(picture, factor, np.repeat(grey, 3, axis=2), 1 - factor, 0)


def _uneven(rng: np.random.Generator, picture: Array) -> Array:
    """Vignetting, or light from one side, or patches of shade."""
    height, width = picture.shape[:2]
    ys, xs = np.linspace(-1, 1, 32)[:, None], np.linspace(-1, 1, 32)[None, :]
    field: Array = 1 - rng.uniform(0, 0.35) * (xs**2 + ys**2) / 2
    field = field * (1 + rng.normal(0, 0.15) * xs + rng.normal(0, 0.15) * ys)
    if rng.random() < 0.3:
        field = field * (1 + 0.3 * noise(rng, (4, 4), (32, 32)))
    field = cv2.resize(field.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    scaled = (np.clip(field, 0.2, 1.6) * 128).astype(np.uint8)
    return cv2.multiply(picture, np.repeat(scaled[..., None], 3, axis=2), scale=1 / 128)


def _glare(rng: np.random.Generator, picture: Array) -> Array:
    """Soft bright patches, as of lamps in film and glass."""
    height, width = picture.shape[:2]
    small = np.zeros((max(height // 8, 1), max(width // 8, 1)), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        centre = (int(rng.uniform(0, small.shape[1])), int(rng.uniform(0, small.shape[0])))
        axes = (
            int(rng.uniform(2, max(small.shape[1] * 0.15, 3))) + 1,
            int(rng.uniform(1, max(small.shape[0] * 0.06, 2))) + 1,
        )
        cv2.ellipse(small, centre, axes, rng.uniform(0, 180), 0, 360, int(rng.integers(60, 255)), -1)
    soft = resized(cv2.GaussianBlur(small, (0, 0), rng.uniform(1.5, 6)), width, height)
    return cv2.add(picture, np.repeat(soft[..., None], 3, axis=2))


def _blur(rng: np.random.Generator, picture: Array) -> Array:
    """Out of focus, or moved."""
    scale = max(picture.shape[:2]) / 1280
    if rng.random() < 0.65:
        return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.8) * scale + 0.1))
    length = max(int(rng.uniform(2, 9) * scale), 2)
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    dx, dy = np.cos(angle) * length / 2, np.sin(angle) * length / 2
    middle = length / 2
    ends = (int(middle - dx), int(middle - dy)), (int(middle + dx), int(middle + dy))
    cv2.line(kernel, *ends, 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def _rescaled(rng: np.random.Generator, picture: Array) -> Array:
    """Made smaller and larger again."""
    height, width = picture.shape[:2]
    part = rng.uniform(0.45, 0.95)
    small = cv2.resize(
        picture, (int(width * part), int(height * part)), interpolation=int(rng.choice([1, 2, 3]))
    )
    return cv2.resize(small, (width, height), interpolation=int(rng.choice([1, 2])))


def _sharpened(rng: np.random.Generator, picture: Array) -> Array:
    amount = float(rng.uniform(0.2, 1.0))
    return cv2.addWeighted(picture, 1 + amount, cv2.GaussianBlur(picture, (0, 0), 1.2), -amount, 0)


def _noisy(rng: np.random.Generator, picture: Array) -> Array:
    height, width = picture.shape[:2]
    tile = 256
    grain = rng.normal(0, rng.uniform(1, 9), (tile, tile, 3)).astype(np.float32)
    if rng.random() < 0.5:
        grain = cv2.GaussianBlur(grain, (0, 0), 0.7) * np.float32(1.8)
    whole = np.tile(grain.astype(np.int16), (height // tile + 1, width // tile + 1, 1))[:height, :width]
    return cv2.add(picture, whole, dtype=cv2.CV_8U)


def _jpeg_again(rng: np.random.Generator, picture: Array) -> Array:
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])[1]
    out = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return picture if out is None else out
