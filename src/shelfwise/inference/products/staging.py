"""Copies of photos on their way into an index: on the disk at once, and among the index's own in one step.

The model may take long over many photos. Their copies wait meanwhile in a folder of their own, ``incoming-…``, and
nobody is kept from writing to the index. That folder is locked as long as its process lives, so that whoever writes
next can tell what a killed one has left behind, and removes it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from shelfwise.files import storage_errors
from shelfwise.inference.products.records import Photo

__all__ = ["Staging", "sweep"]

_PREFIX: Final = "incoming-"
_LOCK: Final = ".lock"


class Staging:
    """Where the copies of photos wait. Use it through :meth:`ProductStore.staging`.

    Args:
        index: the folder of the index.
        locked: keeps others from writing to the index, and so from sweeping.
    """

    def __init__(self, index: Path, locked: Callable[[], AbstractContextManager[None]]) -> None:
        self._folder = index / f"{_PREFIX}{secrets.token_hex(8)}"
        self._locked = locked
        self._lock: FileLock | None = None
        self._photos: dict[str, Photo] = {}

    def put(self, photo: Photo, data: bytes) -> Path:
        """Write the copy of a photo, for good, and say where it waits.

        Raises:
            StorageError: it cannot be written.
        """
        if self._lock is None:
            self._open()
        path = self._folder / photo.sha256
        with storage_errors(path), path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._photos[photo.sha256] = photo
        return path

    def waiting(self) -> Iterator[tuple[Photo, Path]]:
        """The photos and their copies."""
        for sha256, photo in self._photos.items():
            yield photo, self._folder / sha256

    def close(self) -> None:
        """Remove what still waits."""
        if self._lock is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._lock.release()

    def _open(self) -> None:
        # A sweeper must not meet the folder before its lock.
        with self._locked(), storage_errors(self._folder):
            self._folder.mkdir()
            lock = FileLock(self._folder / _LOCK, thread_local=False)
            lock.acquire()
        self._lock = lock


def sweep(index: Path) -> None:
    """Remove what killed processes have left waiting; only under the index's lock."""
    for folder in index.glob(f"{_PREFIX}*"):
        lock = FileLock(folder / _LOCK, timeout=0, thread_local=False)
        with contextlib.suppress(Timeout, OSError), lock:
            shutil.rmtree(folder, ignore_errors=True)
