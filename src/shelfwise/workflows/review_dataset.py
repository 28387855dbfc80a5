"""What people said of photos, as a set of labelled photos to train on: a folder per category.

The folder is of the layout ``folders`` (:mod:`shelfwise.datasets.layouts.folders`). Photos are hard links to the kept
ones where the file system allows, else copies; those that are in the folder already are not copied again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shelfwise.answers.book import AnswerBook
from shelfwise.answers.labels import clean_category
from shelfwise.datasets.folders import atomic_folder
from shelfwise.datasets.layouts import read_dataset
from shelfwise.errors import DataError, EntryError, LayoutError, NotFoundError, StorageError
from shelfwise.files import storage_errors
from shelfwise.images.photo_store import MEDIA_TYPES, PhotoStore

__all__ = ["MARKER", "ReviewExport", "export_reviewed"]

MARKER: Final = ".shelfwise-review.json"
"""Lies in the root of the folder and tells that it may be written anew."""

_OURS: Final = re.compile(rf"([0-9a-f]{{64}})({'|'.join(map(re.escape, MEDIA_TYPES))})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReviewExport:
    """What became of an export.

    Attributes:
        folder: the set.
        categories: photos in it by category.
        added, moved, removed, unchanged: photos that are new in it, have another category than before, are no longer
            in it, and are as before.
        missing: photos that were judged but are no longer kept.
        refused: categories that cannot be folders, and why; their photos are left out.
    """

    folder: Path
    categories: Mapping[str, int]
    added: int
    moved: int
    removed: int
    unchanged: int
    missing: tuple[str, ...]
    refused: Mapping[str, str]

    @property
    def photos(self) -> int:
        """All photos in the set."""
        return sum(self.categories.values())


def export_reviewed(answers: AnswerBook, photos: PhotoStore, folder: Path) -> ReviewExport:
    """Write the photos of which people said what they show into a set to train on.

    Of several verdicts on one photo the latest counts; who skipped said nothing. Photos that show something unknown,
    or a product without a category, are left out. The folder is replaced as a whole when the new one is complete and
    can be read as it is meant; where nothing has changed it is left alone.

    Args:
        answers: with the verdicts.
        photos: with the photos.
        folder: a new or empty folder, or one of an earlier export.

    Raises:
        DataError: nothing has been judged yet that could be trained on.
        LayoutError: a set of these categories would be read otherwise than it is meant.
        StorageError: the folder cannot be written or holds other files.
    """
    folder = folder.resolve()
    before = _contents(folder)
    labels, refused = _labels(answers)
    files, missing = _files(labels, photos)
    if not files:
        raise DataError("no photo has been judged yet: confirm or correct answers in the review first")
    wanted = {sha256: labels[sha256] for sha256 in files}
    there = {sha256: category for sha256, (category, _) in before.items()}
    if wanted != there:
        _write(folder, wanted, files, {sha256: path for sha256, (_, path) in before.items()})
    common = wanted.keys() & there.keys()
    moved = sum(wanted[sha256] != there[sha256] for sha256 in common)
    return ReviewExport(
        folder=folder,
        categories=dict(sorted(Counter(wanted.values()).items())),
        added=len(wanted) - len(common),
        moved=moved,
        removed=len(there) - len(common),
        unchanged=len(common) - moved,
        missing=tuple(sorted(missing)),
        refused=refused,
    )


def _labels(answers: AnswerBook) -> tuple[dict[str, str], dict[str, str]]:
    """The category of each photo by its latest verdict, and the categories that cannot be folders."""
    said: dict[str, str | None] = {}
    for answer in answers.judged():
        if answer.verdict != "skipped":
            said[answer.photo] = answer.right_category
    cleaned: dict[str, str] = {}
    refused: dict[str, str] = {}
    for category in {category for category in said.values() if category is not None}:
        try:
            cleaned[category] = clean_category(category)
        except EntryError as error:
            refused[category] = error.message
    labels = {photo: cleaned[category] for photo, category in said.items() if category in cleaned}
    return labels, refused


def _files(labels: Mapping[str, str], photos: PhotoStore) -> tuple[dict[str, Path], list[str]]:
    """Where each photo is kept, and those that are not."""
    files: dict[str, Path] = {}
    missing: list[str] = []
    for sha256 in labels:
        try:
            files[sha256] = photos.path(sha256)
        except NotFoundError:
            missing.append(sha256)
    return files, missing


def _contents(folder: Path) -> dict[str, tuple[str, Path]]:
    """Category and file of each photo of an earlier export. Raises StorageError where there is anything else."""
    if not folder.exists():
        return {}
    if not folder.is_dir():
        raise StorageError(f"{folder} is a file: name another folder")
    found: dict[str, tuple[str, Path]] = {}
    with storage_errors(folder):
        files = [(Path(place), name) for place, _, names in os.walk(folder) for name in names]
    if files and not (folder / MARKER).is_file():
        raise StorageError(f"{folder} holds other files: name a new folder or one of an earlier export")
    for place, name in files:
        match = _OURS.match(name)
        if match and place != folder:
            found[match[1]] = (place.relative_to(folder).as_posix(), place / name)
        elif place / name != folder / MARKER:
            # The folder is replaced as a whole; what somebody put there would be lost.
            raise StorageError(
                f"{place / name} is not from an export: move it out of {folder}, then run again"
            )
    return found


def _write(
    folder: Path, labels: Mapping[str, str], files: Mapping[str, Path], before: Mapping[str, Path]
) -> None:
    with atomic_folder(folder, replace=True) as fresh:
        with storage_errors(folder):
            for category in set(labels.values()):
                (fresh / category).mkdir(parents=True, exist_ok=True)
            for sha256, category in labels.items():
                kept = files[sha256]
                _link(kept, before.get(sha256), fresh / category / kept.name)
            marker = {"format": "shelfwise-review", "version": 1, "photos": len(labels)}
            (fresh / MARKER).write_text(json.dumps(marker) + "\n", encoding="utf-8")
        _check(fresh, labels)


def _link(kept: Path, before: Path | None, target: Path) -> None:
    """Link to the kept photo, or to the copy that was made of it before, or copy it now."""
    for source in (kept, before):
        if source is not None:
            try:
                os.link(source, target)
            except OSError:  # another file system, one without links, or too many of them
                continue
            return
    shutil.copyfile(kept, target)


def _check(fresh: Path, labels: Mapping[str, str]) -> None:
    """Read the set as training will. Raises LayoutError where it would come out otherwise than it is meant."""
    dataset = read_dataset(fresh, "folders")
    read = {Path(sample.path).stem: dataset.categories[sample.label] for sample in dataset.samples}
    if read != labels:
        tops = sorted({category.partition("/")[0] for category in labels.values()})
        raise LayoutError(
            f"the categories {', '.join(tops)} would be taken for parts of a set (training, validation, test): "
            "correct some answers to other names"
        )
