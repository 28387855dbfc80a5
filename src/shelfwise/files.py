"""Atomic file writing: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from shelfwise.errors import StorageError

__all__ = [
    "atomic_path",
    "atomic_write_bytes",
    "atomic_write_folder",
    "atomic_write_text",
    "move_files",
    "storage_errors",
]


@contextlib.contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` met while writing ``path`` into a :class:`StorageError` that says what to do."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "the disk is full: free some space and run again",
            errno.EDQUOT: "the disk quota is used up: free some space and run again",
            errno.EACCES: "no permission to write there: choose another folder",
            errno.EROFS: "the file system is read-only: choose another folder",
        }.get(error.errno or 0, error.strerror or str(error))
        raise StorageError(f"cannot write {path}: {advice}") from error


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` to write to; on success it replaces ``path``, durably.

    Raises:
        StorageError: the file cannot be written; ``path`` is then as it was before.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _sync(temporary)
            temporary.replace(path)
            _sync(path.parent)
    finally:
        with contextlib.suppress(OSError):  # a file stands where the folder should be: that is told already
            temporary.unlink()


def atomic_write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically. Raises StorageError."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def atomic_write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically. Raises StorageError."""
    atomic_write_bytes(path, text.encode())


def atomic_write_folder(folder: Path, contents: Mapping[str, bytes], *, ours: str, what: str) -> None:
    """Write a folder of files as a whole: it is absent, the old one or the new one, never half of one.

    Args:
        folder: where to; what is there is replaced if it is empty or holds a file named ``ours``.
        contents: the files by name.
        ours: the file that tells a folder of this kind.
        what: what the folder is called in messages.

    Raises:
        StorageError: it cannot be written, or ``folder`` is something else.
    """
    replaceable = folder.is_dir() and ((folder / ours).is_file() or not any(folder.iterdir()))
    if folder.is_symlink() or (folder.exists() and not replaceable):
        raise StorageError(
            f"cannot write {what} {folder}: something else is there already; name another folder"
        )
    mark = secrets.token_hex(4)
    temporary = folder.with_name(f".{folder.name}.{mark}.tmp")
    aside = folder.with_name(f".{folder.name}.{mark}.old")
    try:
        with storage_errors(folder):
            temporary.mkdir(parents=True)
            for name, data in contents.items():
                (temporary / name).write_bytes(data)
                _sync(temporary / name)
            _swap(temporary, folder, aside)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)


def _swap(temporary: Path, folder: Path, aside: Path) -> None:
    if folder.exists():
        folder.rename(aside)
    try:
        temporary.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise
    _sync(folder.parent)


def move_files(moves: Iterable[tuple[Path, Path]]) -> None:
    """Give files that are on the disk for good another place in the same file system, durably, each atomically.

    Args:
        moves: from where, and to where; folders are made.

    Raises:
        StorageError: one cannot be moved; those before it are.
    """
    folders: set[Path] = set()
    for source, target in moves:
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
        folders |= {target.parent, target.parent.parent}
    for folder in sorted(folders):
        with storage_errors(folder):
            _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
