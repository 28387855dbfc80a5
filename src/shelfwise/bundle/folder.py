"""The files of a bundle's folder: what they are called, how large they may be, and how they are read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from shelfwise.errors import BundleError

__all__ = [
    "CARD",
    "MANIFEST",
    "MAX_MANIFEST",
    "METRIC",
    "METRIC_ARRAY",
    "MODEL",
    "PACKED",
    "REFERENCE",
    "read_file",
    "sha256",
]

MANIFEST = "bundle.json"
MODEL = "model.onnx"
PACKED = "model.onnx.gz"
CARD = "card.md"
REFERENCE = "reference.npz"
METRIC = "metric.npz"
METRIC_ARRAY = "metric"
"""The one array of ``METRIC``."""
MAX_MANIFEST = 16 * 1024 * 1024
"""Bytes that a manifest may take."""


def sha256(data: bytes) -> str:
    """The checksum of a file, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def read_file(path: Path, at_most: int) -> bytes:
    """Read a file, but never much more than it should hold.

    Raises:
        BundleError: it is missing, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(at_most + 1)
    except FileNotFoundError:
        raise BundleError(
            f"{path}: missing, so the bundle is incomplete. Copy the whole folder again"
        ) from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from error
    return data
