"""Atomic folders: a reader sees the whole folder or none of it."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from shelfwise.files import storage_errors

__all__ = ["atomic_folder"]


@contextlib.contextmanager
def atomic_folder(target: Path, *, replace: bool = False) -> Iterator[Path]:
    """Give an empty temporary folder beside ``target`` to fill; on success it becomes ``target``.

    Args:
        target: the folder to make. It may exist if it is empty, or if ``replace`` is set.
        replace: an existing ``target`` gives way, and comes back if the new one cannot take its place.

    Raises:
        StorageError: the folder cannot be written; ``target`` is then as it was before.
    """
    temporary = _sibling(target, "tmp")
    try:
        with storage_errors(target):
            temporary.mkdir(parents=True)
        yield temporary
        with storage_errors(target):
            _swap(temporary, target, replace=replace)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _swap(new: Path, target: Path, *, replace: bool) -> None:
    if not (replace and target.exists()):
        new.replace(target)  # takes the place of an empty folder; refuses one that is not
        return
    aside = _sibling(target, "old")
    target.replace(aside)
    try:
        new.replace(target)
    except OSError:
        aside.replace(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _sibling(path: Path, suffix: str) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{suffix}")
