"""Layout ``freiburg``: the Freiburg Groceries set (Jund et al. 2016, arXiv 1611.05799).

``images/CATEGORY/NAME`` with either ``folds/foldN.txt`` (one path a line, from the root) or the published
``splits/testN.txt`` (``CATEGORY/NAME label`` a line, from ``images``; the label numbers are theirs and only
checked for agreement). Each list is the official test part of one fold: ``fold0``, ``fold1`` …
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts.base import Entry, Layout, Reading, build
from shelfwise.datasets.layouts.listing import list_lines
from shelfwise.datasets.layouts.pictures import (
    byte_order,
    inside,
    missing_photos,
    refuse_missing,
    text_lines,
    walk_pictures,
)
from shelfwise.errors import LayoutError

__all__ = ["FREIBURG"]

_FOLD = re.compile(r"(?:fold|test)(\d+)\.txt")
_PHOTO = re.compile(r"images/[^/]+/[^/]+")


def _detect(root: Path) -> bool:
    return (root / "images").is_dir() and bool(_fold_files(root))


def _fold_files(root: Path) -> dict[str, Path]:
    """Fold name to its test list, by number; of ``folds`` where it is there, else of ``splits``."""
    for pattern in ("folds/fold*.txt", "splits/test*.txt"):
        found = [
            (int(match[1]), path) for path in root.glob(pattern) if (match := _FOLD.fullmatch(path.name))
        ]
        if found:
            return {f"fold{number}": path for number, path in sorted(found)}
    return {}


def _read(root: Path, how: Reading) -> Dataset:
    folds = _fold_files(root)
    if not folds:
        raise LayoutError(f"{root}: no folds/foldN.txt and no splits/testN.txt there")
    fold_of: dict[str, str] = {}
    for fold, file in folds.items():
        for path, where in _fold_paths(file):
            if fold_of.setdefault(path, fold) != fold:
                raise LayoutError(f"{where}: {path} is in {fold_of[path]} already; folds must not overlap")
    missing = missing_photos(root, fold_of)
    refuse_missing(root, [path for path in missing if how.strict or not _PHOTO.fullmatch(path)])
    entries = [Entry(path, path.split("/")[1], part=fold_of[path]) for path in missing]
    for folder in walk_pictures(root / "images"):
        if folder.pictures and len(folder.levels) != 1:
            raise LayoutError(f"{root / 'images'}: expected CATEGORY/NAME, found {'/'.join(folder.levels)!r}")
        for name in folder.pictures:
            path = f"images/{folder.levels[0]}/{name}"
            entries.append(Entry(path, folder.levels[0], part=fold_of.get(path)))
    categories = sorted({entry.category for entry in entries}, key=byte_order)
    return build(root, "freiburg", entries, categories, strict=how.strict)


def _fold_paths(file: Path) -> Iterator[tuple[str, str]]:
    if file.parent.name == "folds":
        for number, path in text_lines(file):
            yield inside(path, f"{file}:{number}"), f"{file}:{number}"
        return
    label_of: dict[str, str] = {}
    for line in list_lines(file):
        photo = inside(line.path, line.where)
        category = photo.partition("/")[0]
        if label_of.setdefault(category, line.label) != line.label:
            raise LayoutError(
                f"{line.where}: {category} has number {line.label}, but {label_of[category]} before"
            )
        yield f"images/{photo}", line.where


FREIBURG = Layout("images/ with folds/foldN.txt or splits/testN.txt of the Freiburg set", _detect, _read)
