"""The bytes of a picture and what kind they are, before any decoder sees them."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from shelfwise.errors import ImageError

__all__ = ["PICTURE_SUFFIXES", "Limits", "ends_early", "read_bytes", "sniff"]

PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".heic", ".heics", ".heif", ".heifs", ".hif", ".avif", ".avifs"),
    )
)
"""Endings of picture files, in lower case. Only for walking folders: decoding goes by content."""

_HEIF_BRANDS = frozenset(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
)
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may cost at most.

    Attributes:
        max_bytes: size of the file.
        max_pixels: width times height, as the header says, so that a decompression bomb is never unpacked.
    """

    max_bytes: int = 64 * _MIB
    max_pixels: int = 100_000_000


def read_bytes(path: Path, limits: Limits) -> bytes:
    """Return the content of a regular file, never waiting for a pipe or a device.

    Raises:
        ImageError: it is missing, forbidden, no regular file, empty or over ``limits.max_bytes``.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0, closefd=True) as file:
            reason = _refusal(os.fstat(descriptor), limits)
            data = b"" if reason else file.readall()
    except OSError as error:
        raise ImageError(str(path), _reason_of(error)) from None
    except ValueError:
        raise ImageError(str(path), "not a valid file name") from None
    if reason:
        raise ImageError(str(path), reason)
    check_length(str(path), len(data), limits)
    return data


def check_length(name: str, length: int, limits: Limits) -> None:
    """Raise ImageError for no bytes at all or more than allowed."""
    if length == 0:
        raise ImageError(name, "file is empty")
    if length > limits.max_bytes:
        size, top = length / _MIB, limits.max_bytes / _MIB
        raise ImageError(name, f"{size:,.1f} MiB is over the limit of {top:,.4g} MiB")


def _refusal(status: os.stat_result, limits: Limits) -> str | None:
    if stat.S_ISDIR(status.st_mode):
        return "is a folder"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_size > limits.max_bytes:
        size, top = status.st_size / _MIB, limits.max_bytes / _MIB
        return f"{size:,.1f} MiB is over the limit of {top:,.4g} MiB"
    return None


def _reason_of(error: OSError) -> str:
    known = {
        errno.ENOENT: "no such file",
        errno.ENOTDIR: "no such file",
        errno.EACCES: "no permission to read it",
        errno.EPERM: "no permission to read it",
        errno.EISDIR: "is a folder",
        errno.ENXIO: "is not a regular file",
        errno.ELOOP: "a link that leads in a circle",
        errno.ENAMETOOLONG: "the name is too long",
    }
    return known.get(error.errno or 0, f"cannot be read: {error.strerror or error}")


def sniff(data: bytes) -> str | None:
    """Name the format by the first bytes (``JPEG``, ``PNG`` …), or None for what is no picture we know."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _sniff_iso(data)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "TIFF"
    if data[:2] == b"BM" and len(data) > 26 and data[6:10] == b"\0\0\0\0":
        return "BMP"
    return None


def _sniff_iso(data: bytes) -> str | None:
    """Tell AVIF from HEIC by the brands of an ISO base media file (ISO/IEC 14496-12, box ``ftyp``)."""
    end = min(int.from_bytes(data[:4], "big"), 256, len(data))
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, end - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def ends_early(kind: str, data: bytes) -> bool:
    """Say whether a picture that could not be decoded looks cut off rather than damaged."""
    if kind == "JPEG":
        return b"\xff\xd9" not in data[-1024:]
    if kind == "PNG":
        return b"IEND" not in data[-1024:]
    if kind == "WEBP":
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if kind == "GIF":
        return not data.rstrip(b"\0").endswith(b";")
    if kind == "BMP":
        return int.from_bytes(data[2:6], "little") > len(data)
    return kind in ("HEIF", "AVIF") and _boxes_end_early(data)


def _boxes_end_early(data: bytes) -> bool:
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            return False
        position += size
    return position > len(data)
