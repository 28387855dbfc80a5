"""Photos decoded once into one memory-mapped file, for epochs that read them again and again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

from shelfwise.errors import ImageError
from shelfwise.files import atomic_path, atomic_write_text, storage_errors
from shelfwise.images.preprocess import BoxLike, Preprocessing

__all__ = ["cached_images"]

Item = tuple[Path, BoxLike | None]
Progress = Callable[[int, int], None]
_FORMAT = 1
_CHUNK = 32


def cached_images(
    items: Sequence[Item],
    preprocessing: Preprocessing,
    cache_dir: Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.uint8], dict[int, ImageError]]:
    """Return the pixels of all ``items``, decoding them on all cores unless ``cache_dir`` has them already.

    The cache is keyed by each photo's path, size and time of change, its box, and the preprocessing. It
    appears whole or not at all, and its checksum is verified each time, so that a damaged one is made again.

    Args:
        items: a path, and the box on it or None for all of it.
        preprocessing: how a photo becomes pixels.
        cache_dir: a folder that is this function's own; two processes may share it.
        workers: decoding threads; one a core by default.
        progress: called as ``progress(done, total)`` in the calling thread.

    Returns:
        A read-only uint8 array of shape (N, size, size, 3), backed by a file, and the error of each photo
        that cannot be read, by its index; the array holds zeros there.

    Raises:
        StorageError: the cache cannot be written.
    """
    shape = (len(items), preprocessing.size, preprocessing.size, 3)
    if not items:
        return np.zeros(shape, np.uint8), {}
    key = _key(items, preprocessing)
    pixels, notes = cache_dir / f"{key}.npy", cache_dir / f"{key}.json"
    with _locked(cache_dir):
        errors = _verified(pixels, notes)
        if errors is None:
            errors = _build(pixels, notes, items, preprocessing, workers or os.cpu_count() or 1, progress)
    array: NDArray[np.uint8] = np.load(pixels, mmap_mode="r")
    return array, errors


def _key(items: Sequence[Item], preprocessing: Preprocessing) -> str:
    digest = hashlib.sha256()
    for part in (
        {"format": _FORMAT, "pillow": PIL.__version__, **preprocessing.to_dict()},
        *map(_item, items),
    ):
        digest.update(json.dumps(part, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()[:24]


def _item(item: Item) -> list[Any]:
    path, box = item
    try:
        status = path.stat()
        stamp = [status.st_mtime_ns, status.st_size]
    except (OSError, ValueError):
        stamp = []
    return [str(path.absolute()), stamp, [box.x, box.y, box.width, box.height] if box else None]


@contextmanager
def _locked(cache_dir: Path) -> Iterator[None]:
    """Let one process at a time look and build; what a killed one left half-written is removed."""
    lock = cache_dir / ".lock"
    with storage_errors(lock):
        cache_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for leftover in cache_dir.glob(".*.tmp"):
            leftover.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _verified(pixels: Path, notes: Path) -> dict[int, ImageError] | None:
    """The errors noted beside a cache that is there and whole, else None."""
    try:
        noted = json.loads(notes.read_text())
        if noted["sha256"] != _sha256(pixels):
            return None
        return {int(index): ImageError(*pair) for index, pair in noted["errors"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _build(
    pixels: Path,
    notes: Path,
    items: Sequence[Item],
    preprocessing: Preprocessing,
    workers: int,
    progress: Progress | None,
) -> dict[int, ImageError]:
    with storage_errors(notes):
        notes.unlink(missing_ok=True)
    with atomic_path(pixels) as temporary:
        with temporary.open("w+b") as file:
            errors = _decode_all(
                file.fileno(),
                _write_header(file, items, preprocessing),
                items,
                preprocessing,
                workers,
                progress,
            )
        digest = _sha256(temporary)
    noted = {str(index): [error.source, error.reason] for index, error in sorted(errors.items())}
    atomic_write_text(notes, json.dumps({"sha256": digest, "errors": noted}, indent=1))
    return errors


def _write_header(file: Any, items: Sequence[Item], preprocessing: Preprocessing) -> int:
    """Write the .npy header, reserve the disk space, and return where the pixels start.

    Space is reserved first so that a full disk is an error here and not a killed process at a later access.
    """
    shape = (len(items), preprocessing.size, preprocessing.size, 3)
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    file.flush()
    start = int(file.tell())
    os.posix_fallocate(file.fileno(), start, int(np.prod(shape, dtype=np.int64)))
    return start


def _decode_all(
    descriptor: int,
    start: int,
    items: Sequence[Item],
    preprocessing: Preprocessing,
    workers: int,
    progress: Progress | None,
) -> dict[int, ImageError]:
    stride = preprocessing.size * preprocessing.size * 3

    def decode_chunk(first: int) -> tuple[int, dict[int, ImageError]]:
        chunk = items[first : first + _CHUNK]
        pixels = np.zeros((len(chunk), preprocessing.size, preprocessing.size, 3), np.uint8)
        errors: dict[int, ImageError] = {}
        for row, (path, box) in enumerate(chunk):
            try:
                pixels[row] = preprocessing.load(path, box=box)
            except ImageError as error:
                errors[first + row] = ImageError(error.source, error.reason)
        _write_all(descriptor, pixels.reshape(-1).data, start + first * stride)
        return len(chunk), errors

    errors: dict[int, ImageError] = {}
    done = 0
    executor = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        for future in as_completed([executor.submit(decode_chunk, i) for i in range(0, len(items), _CHUNK)]):
            count, found = future.result()
            errors.update(found)
            done += count
            if progress is not None:
                progress(done, len(items))
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
    return dict(sorted(errors.items()))


def _write_all(descriptor: int, data: memoryview, offset: int) -> None:
    while len(data):
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written
