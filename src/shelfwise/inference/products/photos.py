"""The copy of a photo that an index keeps: what its embedding is made from, now and for another model."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from shelfwise.errors import ImageError
from shelfwise.images.decode import DEFAULT_LIMITS, Limits, decode
from shelfwise.images.reading import read_bytes, sniff

__all__ = ["KeptPhoto", "keep", "photo_hash"]

_AS_IT_IS: Final = frozenset(("JPEG", "PNG", "WEBP"))
_LARGE: Final = 1024 * 1024
_SIDE: Final = 1600
_QUALITY: Final = 92
_MAX_NAME: Final = 255


class KeptPhoto(NamedTuple):
    """A photo to be enrolled.

    Attributes:
        sha256: of the file that was given.
        name: the file's name, to be shown.
        data: the copy.
    """

    sha256: str
    name: str
    data: bytes


def keep(source: str | bytes | Path, limits: Limits = DEFAULT_LIMITS) -> KeptPhoto:
    """Read a photo and make the copy to keep.

    A JPEG, PNG or WebP file of at most 1 MiB is kept as it is. A larger one, or one of another kind, is decoded, made
    at most 1600 pixels long and written as a JPEG of quality 92; what the camera noted in it is not kept.

    Args:
        source: a path, or the content of a picture file.
        limits: what it may cost at most.

    Raises:
        ImageError: it cannot be read.
    """
    name = "picture" if isinstance(source, bytes) else Path(source).name
    data = source if isinstance(source, bytes) else read_bytes(Path(source), limits)
    shown = "-" if isinstance(source, bytes) else str(source)
    pixels = decode(data, name=shown, limits=limits)
    copy = data if len(data) <= _LARGE and sniff(data) in _AS_IT_IS else _smaller(pixels)
    name = name.encode(errors="replace").decode()[:_MAX_NAME]
    return KeptPhoto(hashlib.sha256(data).hexdigest(), name, copy)


def photo_hash(source: str | bytes | Path, limits: Limits = DEFAULT_LIMITS) -> str:
    """The SHA-256 of a photo's file.

    Raises:
        ImageError: it cannot be read.
    """
    data = source if isinstance(source, bytes) else read_bytes(Path(source), limits)
    if not data:
        raise ImageError("-", "file is empty")
    return hashlib.sha256(data).hexdigest()


def _smaller(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=_QUALITY, optimize=True)
    return written.getvalue()
