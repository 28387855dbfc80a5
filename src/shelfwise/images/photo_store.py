"""The photos that a shop keeps: each once, under the hash of its content, without the place where it was taken."""

from __future__ import annotations

import hashlib
import io
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from shelfwise.errors import EntryError, NotFoundError, StorageError
from shelfwise.files import atomic_path, atomic_write_bytes
from shelfwise.images.decode import DEFAULT_LIMITS, Limits, open_picture
from shelfwise.images.stripping import strip

__all__ = ["MEDIA_TYPES", "THUMBNAIL_SIZES", "PhotoStore", "StoredPhoto"]

MEDIA_TYPES: Final = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
"""Media types of kept photos by their file's ending; there are no others."""
THUMBNAIL_SIZES: Final = (160, 320, 640, 1280)
"""Longer sides of the small copies that are made, in pixels."""

_ENDINGS: Final = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}
_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_SMALL: Final = ".small"
_ABANDONED_SECONDS: Final = 3600.0
_QUALITY: Final = 82
_LONGEST_PROFILE: Final = 16 * 1024
_READ_ONLY: Final = 0o444


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo that is kept.

    Attributes:
        sha256: of what is kept; it names the photo.
        kind: the format it is kept in: ``JPEG``, ``PNG`` or ``WEBP``.
        width, height: of the upright picture, in pixels.
        bytes: length of the file.
        created: False where the same photo was kept already.
    """

    sha256: str
    kind: str
    width: int
    height: int
    bytes: int
    created: bool


class PhotoStore:
    """Keeps photos in a folder, as ``ab/abcd….jpg``; small copies lie in ``.small`` and may be deleted at any time.

    Several threads and programs may use one folder at the same time. Files appear whole or not at all; what a program
    that was killed has left half written is deleted an hour later (:meth:`sweep`).

    Args:
        folder: where to; it is made when the first photo comes.
        limits: what one picture may cost at most.
    """

    def __init__(self, folder: Path, limits: Limits = DEFAULT_LIMITS) -> None:
        self.folder = folder
        self.limits = limits
        self._swept: set[Path] = set()
        self._lock = threading.Lock()

    def add(self, data: bytes, *, name: str | None = None) -> StoredPhoto:
        """Keep a photo, without its place, time and camera (:func:`shelfwise.images.stripping.strip`).

        Args:
            data: a picture file.
            name: what to call it in errors.

        Raises:
            ImageError: it is no picture, cut off, damaged or too large.
            StorageError: it cannot be written.
        """
        kept, kind, (width, height) = strip(data, name=name, limits=self.limits)
        sha256 = hashlib.sha256(kept).hexdigest()
        path = self._place(sha256, _ENDINGS[kind])
        created = not self._is_there(path, len(kept))
        if created:
            self._sweep_once(path.parent)
            with atomic_path(path) as temporary:
                temporary.write_bytes(kept)
                # Data sets are made of links to these files: nobody should write into them.
                temporary.chmod(temporary.stat().st_mode & _READ_ONLY)
        return StoredPhoto(sha256, kind, width, height, len(kept), created)

    def has(self, sha256: str) -> bool:
        """Whether a photo of this hash is kept."""
        return self._find(sha256) is not None

    def path(self, sha256: str) -> Path:
        """The photo's file; its ending is one of :data:`MEDIA_TYPES`. Raises NotFoundError."""
        found = self._find(sha256)
        if found is None:
            raise NotFoundError(f"there is no photo {sha256[:64]!r}")
        return found

    def read(self, sha256: str) -> bytes:
        """The photo's file as bytes.

        Raises:
            NotFoundError: it is not there.
            StorageError: it cannot be read.
        """
        return _read(self.path(sha256))

    def thumbnail(self, sha256: str, size: int = 320) -> bytes:
        """A small upright copy, as JPEG; it is made once and then kept.

        Args:
            sha256: the photo.
            size: its longer side in pixels; taken up to the next of :data:`THUMBNAIL_SIZES`.

        Raises:
            NotFoundError: the photo is not there.
            EntryError: at ``size``: no copy is that large.
            ImageError: the photo is damaged.
            StorageError: the copy cannot be written or the photo not be read.
        """
        side = next((each for each in THUMBNAIL_SIZES if 0 < size <= each), None)
        if side is None:
            raise EntryError("size", f"{size} pixels: give 1 to {THUMBNAIL_SIZES[-1]}")
        photo = self.path(sha256)
        small = self.folder / _SMALL / sha256[:2] / f"{sha256}-{side}.jpg"
        if small.is_file():
            return _read(small)
        copy = _smaller(_read(photo), side, photo.name, self.limits)
        self._sweep_once(small.parent)
        atomic_write_bytes(small, copy)
        return copy

    def sweep(self, older_than: float = _ABANDONED_SECONDS) -> int:
        """Delete what programs that were killed have left half written.

        Args:
            older_than: leave what was touched in the last so many seconds: it may be being written.

        Returns:
            how many files were deleted.
        """
        folders = [*self.folder.glob("??"), *self.folder.glob(f"{_SMALL}/??")]
        return sum(_sweep(folder, older_than) for folder in folders)

    def _place(self, sha256: str, ending: str) -> Path:
        return self.folder / sha256[:2] / f"{sha256}{ending}"

    def _find(self, sha256: str) -> Path | None:
        if not _SHA256.match(sha256):
            return None
        places = (self._place(sha256, ending) for ending in _ENDINGS.values())
        return next((place for place in places if place.is_file()), None)

    def _is_there(self, path: Path, length: int) -> bool:
        """Whether the file is kept already, whole: one that a failing disk has cut short is written again."""
        try:
            return path.stat().st_size == length
        except OSError:
            return False

    def _sweep_once(self, folder: Path) -> None:
        with self._lock:
            first = folder not in self._swept
            self._swept.add(folder)
        if first:
            _sweep(folder, _ABANDONED_SECONDS)


def _sweep(folder: Path, older_than: float) -> int:
    deleted = 0
    for path in _temporary_files(folder):
        try:
            if time.time() - path.stat().st_mtime >= older_than:
                path.unlink()
                deleted += 1
        except OSError:  # another program was quicker
            continue
    return deleted


def _temporary_files(folder: Path) -> Iterator[Path]:
    return folder.glob(".*.tmp")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no photo {path.name!r}") from error
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _smaller(data: bytes, side: int, name: str, limits: Limits) -> bytes:
    picture = open_picture(data, name=name, limits=limits)
    profile = picture.colour_profile
    # Twice as many pixels as needed are decoded, so that the rest of the way down is smooth.
    image = picture.rgb(min(1.0, 2 * side / max(picture.size)))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    image.info = {}
    written = io.BytesIO()
    image.save(
        written,
        "JPEG",
        quality=_QUALITY,
        optimize=True,
        icc_profile=profile if profile and len(profile) <= _LONGEST_PROFILE else None,
    )
    return written.getvalue()
