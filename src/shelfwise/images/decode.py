"""Decode one picture of any kind to RGB pixels, or say in a short clause why not.

The content decides, never the file's ending. Pillow decodes, and lets other threads work meanwhile.
"""

from __future__ import annotations

import io
import logging
import struct
import threading
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.jpeg import jpeg_damage
from shelfwise.images.parts import too_many_parts
from shelfwise.images.reading import PICTURE_SUFFIXES, Limits, check_length, ends_early, read_bytes, sniff

__all__ = ["PICTURE_SUFFIXES", "Limits", "Picture", "decode", "open_picture", "rgb_of"]

DEFAULT_LIMITS = Limits()
_IN_MEMORY = "picture in memory"
_QUIET = threading.RLock()
# Pillow logs some damage as well as raising; without a handler that would reach standard error.
logging.getLogger("PIL").addHandler(logging.NullHandler())
_ORIENTATIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(
    source: Path | bytes,
    *,
    name: str | None = None,
    min_side: int | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> NDArray[np.uint8]:
    """Decode a picture to RGB as a person would see it.

    EXIF orientation is applied, CMYK, 16-bit, grey and palette colours become 8-bit RGB, transparent parts
    lie over white, and of an animation the first frame is taken.

    Args:
        source: a path, or the bytes of a picture file.
        name: what to call the picture in errors; the path by default.
        min_side: a JPEG may be decoded at a half, a quarter or an eighth of its size as long as its shorter
            side stays at least this long, which is several times faster.
        limits: what the picture may cost at most.

    Returns:
        uint8 array of shape (height, width, 3), 0 to 255.

    Raises:
        ImageError: it cannot be read; ``reason`` says why in one clause.
    """
    picture = open_picture(source, name=name, limits=limits)
    scale = None if min_side is None else min_side / min(picture.size)
    return np.array(picture.rgb(scale))


class Picture:
    """A picture whose header is read and whose pixels are not decoded yet.

    Attributes:
        name: what errors call it.
        kind: its format, ``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``TIFF``, ``BMP``, ``HEIF`` or ``AVIF``.
        size: (width, height) in pixels at full resolution, with the EXIF orientation applied.
        orientation: the EXIF orientation that is applied, 1 to 8; 1 where the decoder itself turns the picture.
        shrink: how many of those pixels one decoded pixel stands for, per axis; known after :meth:`rgb`.
    """

    __slots__ = ("_data", "_image", "_transpose", "kind", "name", "orientation", "shrink", "size")

    def __init__(self, data: bytes, kind: str, name: str, limits: Limits) -> None:
        self.name, self.kind, self.shrink, self._data = name, kind, 1.0, data
        if too_many_parts(kind, data):
            raise ImageError(name, f"damaged {kind} picture (it consists of too many parts)")
        with _decoder_errors(name, kind, data):
            self._image: Image.Image = _file_class(kind)(io.BytesIO(data))
            orientation = _orientation(self._image, kind)
        self._transpose = _ORIENTATIONS.get(orientation)
        self.orientation = 1 if self._transpose is None else orientation
        width, height = self._image.size
        if width * height > limits.max_pixels:
            top = f"{limits.max_pixels / 1e6:,.4g} million"
            raise ImageError(name, f"{width:,} × {height:,} pixels is over the limit of {top}")
        turned = self._transpose is not None and self._transpose >= Image.Transpose.ROTATE_90
        turned = turned and self._transpose != Image.Transpose.ROTATE_180
        self.size = (height, width) if turned else (width, height)

    @property
    def colour_profile(self) -> bytes | None:
        """The picture's own ICC profile, if there is one and it is for RGB, as decoded pixels are."""
        profile = self._image.info.get("icc_profile")
        return profile if isinstance(profile, bytes) and profile[16:20] == b"RGB " else None

    def rgb(self, scale: float | None = None) -> Image.Image:
        """Decode the pixels, once. The image is upright, and tells no orientation: nobody turns it once more.

        Args:
            scale: the fraction of the full resolution that is enough (0.5: half the width and height). A JPEG
                is decoded at the smallest power of a half that is not below it; others come in full.

        Raises:
            ImageError: the content is damaged, cut off, or of colours that cannot be turned into RGB.
        """
        if self.kind == "JPEG" and (damage := jpeg_damage(self._data)) is not None:
            raise ImageError(self.name, f"damaged JPEG picture ({damage})")
        with _decoder_errors(self.name, self.kind, self._data):
            image = self._image
            if scale is not None and scale < 1 and self.kind == "JPEG":
                width, height = image.size
                wanted = max(1, round(width * scale)), max(1, round(height * scale))
                if drafted := image.draft(None, wanted):
                    self.shrink = width / drafted[1][2]
            image.load()
            if image.mode != "RGB" or "transparency" in image.info:
                image = _to_rgb(image)
            if self._transpose is not None:
                image = image.transpose(self._transpose)
            image.info.pop("exif", None)
            return image


def open_picture(
    source: Path | bytes, *, name: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Picture:
    """Read a picture's header. Arguments and errors as in :func:`decode`."""
    if isinstance(source, bytes):
        data, name = source, name or _IN_MEMORY
        check_length(name, len(data), limits)
    else:
        data = read_bytes(source, limits)
        name = name or str(source)
    kind = sniff(data)
    if kind is None:
        raise ImageError(name, "not a picture")
    return Picture(data, kind, name, limits)


def rgb_of(image: Image.Image, *, name: str = _IN_MEMORY) -> NDArray[np.uint8]:
    """Turn a Pillow image into RGB pixels as :func:`decode` would, EXIF orientation included.

    Raises:
        ImageError: it is not loaded yet and its file is damaged.
    """
    with _decoder_errors(name, "Pillow", b""):
        exif = image.info.get("exif")
        image.load()
        orientation = _exif_orientation(exif) if isinstance(exif, bytes) else 1
        transpose = None if image.format in ("TIFF", "HEIF") else _ORIENTATIONS.get(orientation)
        upright = _to_rgb(image) if transpose is None else _to_rgb(image).transpose(transpose)
        return np.array(upright)


@contextmanager
def _decoder_errors(name: str, kind: str, data: bytes) -> Any:
    """Turn whatever a decoder raises on hostile bytes into an ImageError, and let no warning out."""
    noisy = kind in ("TIFF", "Pillow") or (kind == "PNG" and b"acTL" in data[:4096])
    guard: AbstractContextManager[object] = _silence() if noisy else nullcontext()
    try:
        with guard:
            yield
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(name, "too large for the memory of this machine") from error
    except Exception as error:  # decoders raise nearly anything on hostile bytes
        if ends_early(kind, data):
            raise ImageError(name, "truncated: ends in the middle of the picture") from error
        detail = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise ImageError(name, f"damaged {kind} picture ({detail})") from error


@contextmanager
def _silence() -> Any:
    # Python's warning filters belong to the process, so only one thread at a time may swap them.
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def _file_class(kind: str) -> Callable[[io.BytesIO], Image.Image]:
    """The Pillow class of a format, imported on first use.

    ``Image.open`` is passed by: it tries formats in turn, warns of large pictures by itself and reads a
    multi-picture JPEG's index, all of which is decided here already.
    """
    from PIL import (
        AvifImagePlugin,
        BmpImagePlugin,
        GifImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    if kind == "HEIF":
        from pillow_heif import HeifImageFile

        return HeifImageFile

    class Jpeg(JpegImagePlugin.JpegImageFile):
        def _read_dpi_from_exif(self) -> None:
            """Left out: it parses all of EXIF at opening, and warns of what is odd there."""

    return {
        "AVIF": AvifImagePlugin.AvifImageFile,
        "BMP": BmpImagePlugin.BmpImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "JPEG": Jpeg,
        "PNG": PngImagePlugin.PngImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
    }[kind]


def _orientation(image: Image.Image, kind: str) -> int:
    """EXIF orientation, 1 to 8. Pillow itself turns TIFF pictures, and pillow-heif HEIC ones."""
    if kind in ("TIFF", "HEIF"):
        return 1
    exif = image.info.get("exif")
    return _exif_orientation(exif) if isinstance(exif, bytes) else 1


def _exif_orientation(exif: bytes) -> int:
    """Find tag 0x0112 in the first directory (TIFF 6.0, section 2); 1 where there is none or it is broken.

    Read by hand because Pillow's reader parses all tags of every photo and warns of each odd one.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == 0x0112:
                return int(value) if kind == 3 else 1
    except struct.error:
        return 1
    return 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_deep_to_grey(np.asarray(image))).convert("RGB")
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data or image.mode == "RGBa":
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def _deep_to_grey(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale 16-bit, 32-bit and floating-point grey to 8 bits instead of clipping it."""
    if values.dtype.kind == "f":
        deep = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float64)
        peak = float(deep.max(initial=0.0))
        full = 1.0 if peak <= 1.0 else 255.0 if peak <= 255.0 else peak
    else:
        deep = values.astype(np.float64)
        full = max(65535.0, float(deep.max(initial=0.0)))
    scaled: NDArray[np.uint8] = np.clip(np.rint(deep * (255.0 / full)), 0, 255).astype(np.uint8)
    return scaled
