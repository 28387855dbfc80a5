"""Which samples show the same picture: crops of one photo, and byte-identical photo files."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shelfwise.datasets.dataset import Dataset

__all__ = ["content_hashes", "joined_groups", "same_picture_groups"]

_READERS = min(8, os.cpu_count() or 1)


def content_hashes(dataset: Dataset, progress: Callable[[int, int], None] | None = None) -> list[str]:
    """SHA-256, in hexadecimal, of each sample's photo file; each file is read once.

    A file that cannot be read stops nothing: it gets a hash of its own, made from its path, and is named
    where it is decoded.

    Args:
        dataset: the samples.
        progress: called with the number of files done and of all files.
    """
    paths = dict.fromkeys(sample.path for sample in dataset.samples)
    by_path = _hash_files(dataset.root, list(paths), progress)
    return [by_path[sample.path] for sample in dataset.samples]


def same_picture_groups(dataset: Dataset, progress: Callable[[int, int], None] | None = None) -> list[int]:
    """A group number for each sample; equal where samples are of one photo or of identical files.

    Only files of equal size are read. A file that cannot be read is alone in its group.
    """
    paths = list(dict.fromkeys(sample.path for sample in dataset.samples))
    size = {path: _size(dataset.root / path) for path in paths}
    frequency = Counter(size.values())
    alike = [path for path in paths if size[path] is not None and frequency[size[path]] > 1]
    content = _hash_files(dataset.root, alike, progress)
    number: dict[str, int] = {}
    return [
        number.setdefault(content.get(sample.path, sample.path), len(number)) for sample in dataset.samples
    ]


def joined_groups(dataset: Dataset, groups: Sequence[int]) -> list[int]:
    """``groups``, joined where crops of one photo are in different ones; numbered from 0 by first sample."""
    parent: dict[int, int] = {group: group for group in groups}

    def head(group: int) -> int:
        while parent[group] != group:
            parent[group] = group = parent[parent[group]]
        return group

    first: dict[str, int] = {}
    for sample, group in zip(dataset.samples, groups, strict=True):
        parent[head(group)] = head(first.setdefault(sample.path, group))
    number: dict[int, int] = {}
    return [number.setdefault(head(group), len(number)) for group in groups]


def _hash_files(
    root: Path, paths: Sequence[str], progress: Callable[[int, int], None] | None
) -> dict[str, str]:
    with ThreadPoolExecutor(_READERS) as pool:
        hashes: Iterable[str] = pool.map(lambda path: _sha256(root, path), paths)
        result: dict[str, str] = {}
        for path, digest in zip(paths, hashes, strict=True):
            result[path] = digest
            if progress is not None:
                progress(len(result), len(paths))
    return result


def _sha256(root: Path, path: str) -> str:
    try:
        with (root / path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return hashlib.sha256(b"unreadable:" + os.fsencode(path)).hexdigest()


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
