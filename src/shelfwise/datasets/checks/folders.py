"""What lies in the dataset's folder beside what its layout took: empty folders and unused pictures."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from shelfwise.datasets.checks.kinds import KINDS
from shelfwise.datasets.checks.report import Finding, FoundPhoto
from shelfwise.datasets.checks.survey import Survey
from shelfwise.datasets.layouts.pictures import visible
from shelfwise.images.reading import PICTURE_SUFFIXES, sniff

__all__ = ["find_in_folder"]

FOLDER_LAYOUTS = frozenset(("folders", "freiburg"))
"""Layouts in which every folder beside the categories' folders is meant to be one."""
_HEAD = 512


@dataclass
class _Folder:
    """Files of one folder, by path from the root."""

    pictures: list[str] = field(default_factory=list)
    disguised: list[str] = field(default_factory=list)
    others: int = 0


def find_in_folder(survey: Survey) -> Iterator[Finding]:
    """Folders without photos, pictures in no category, and pictures that do not end like pictures."""
    folders = _walk(survey.dataset.root, {facts.path for facts in survey.facts})
    yield from _empty_folders(survey, folders)
    unused: defaultdict[str, list[str]] = defaultdict(list)
    used = {facts.path for facts in survey.facts}
    for folder in folders.values():
        for path in folder.disguised:
            message = f"a picture by its content, left out because it ends in {_ending(path)}"
            yield Finding("wrong-extension", "warning", message, (FoundPhoto(path),))
        for path in folder.pictures:
            if path not in used:
                unused[PurePosixPath(path).parts[0] if "/" in path else ""].append(path)
    for top, paths in sorted(unused.items()):
        place = f"in {top}/" if top else "at the top"
        message = f"{len(paths):,} picture{'s' * (len(paths) > 1)} {place}"
        yield Finding("unused", "info", message, tuple(map(FoundPhoto, sorted(paths))), value=len(paths))


def _walk(root: Path, used: set[str]) -> dict[str, _Folder]:
    """Every visible folder by its path from the root; unreadable folders are passed by."""
    found: dict[str, _Folder] = {}
    for place, names, files in os.walk(root):
        names[:] = sorted(filter(visible, names), key=os.fsencode)
        here = Path(place).relative_to(root)
        folder = found[str(PurePosixPath(here))] = _Folder()
        for name in sorted(filter(visible, files), key=os.fsencode):
            path = str(PurePosixPath(here / name))
            if path in used or PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES:
                folder.pictures.append(path)
            elif _looks_like_picture(Path(place) / name):
                folder.disguised.append(path)
            else:
                folder.others += 1
    return found


def _looks_like_picture(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return sniff(file.read(_HEAD)) is not None
    except OSError:
        return False


def _ending(path: str) -> str:
    return PurePosixPath(path).suffix or "nothing"


def _empty_folders(survey: Survey, folders: dict[str, _Folder]) -> Iterator[Finding]:
    """Folders that look meant for photos and hold none, each only where the folder above is not one too."""
    shelves = {str(PurePosixPath(facts.path).parent.parent) for facts in survey.facts}
    named = {
        name
        for name, count in zip(survey.dataset.categories, survey.dataset.counts(), strict=True)
        if not count
    }
    full: set[str] = set()
    littered: set[str] = set()
    for name, folder in folders.items():
        line = {name, *map(str, PurePosixPath(name).parents)}
        full |= line if folder.pictures or folder.disguised else set()
        littered |= line if folder.others else set()
    for name in folders:
        parent = str(PurePosixPath(name).parent)
        if name in full or parent not in full or name == ".":
            continue
        meant = survey.dataset.layout in FOLDER_LAYOUTS and parent in shelves
        if (meant or name not in littered) and not any(_same(name, each) for each in named):
            severity = KINDS["empty-category"].severity
            yield Finding("empty-category", severity, f"the folder {name} holds no photos", value=0)


def _same(folder: str, category: str) -> bool:
    """Whether an empty folder is reported already as a category without photos, or lies above one."""
    return f"/{folder}/".endswith(f"/{category}/") or f"{category}/".startswith(f"{folder}/")
