"""Layout ``list``: text files with a photo's path and its label on each line.

The two are separated by spaces, a comma or a tab. A path ends with its picture suffix, so it may hold spaces;
anything else may be put in double quotes. Labels are names, or numbers of the lines of a ``classes.txt``
(from 0). Blank lines, lines that begin with ``#`` and a heading (``path,label``) are skipped. Files named
``train``, ``val`` and ``test`` (``.txt``, ``.csv``, ``.tsv``) give the set's official parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from shelfwise.datasets.dataset import Dataset
from shelfwise.datasets.layouts.base import PART_NAMES, Entry, Layout, Reading, build
from shelfwise.datasets.layouts.pictures import (
    byte_order,
    inside,
    text_lines,
    visible,
)
from shelfwise.errors import LayoutError
from shelfwise.images.reading import PICTURE_SUFFIXES
from shelfwise.text import some

__all__ = ["LIST", "Line", "list_lines"]

_SUFFIXES = {".txt", ".csv", ".tsv"}
_CLASSES = "classes.txt"
_QUOTED = r'"(?:[^"]|"")*"'
_PICTURE = "|".join(sorted(suffix.lstrip(".") for suffix in PICTURE_SUFFIXES))
_LINE = re.compile(
    rf"(?P<path>{_QUOTED}|[^\"].*?\.(?:{_PICTURE}))(?:\s*[,\t]\s*|\s+)(?P<label>{_QUOTED}|[^\",\t][^,\t]*)",
    re.IGNORECASE,
)
_HEADING = re.compile(r"(path|file|file_?name|image)s?\s*[,\t ]\s*(label|class|category)\w*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list file: the path and label as written, and where (``file:number``)."""

    path: str
    label: str
    where: str


def list_lines(path: Path) -> Iterator[Line]:
    """The lines of a list file.

    Raises:
        LayoutError: the file cannot be read, or a line is not a path and a label (file and line are named).
    """
    first = True
    for number, line in text_lines(path):
        if line.startswith("#"):
            continue
        if first and _HEADING.fullmatch(line):
            first = False
            continue
        first = False
        match = _LINE.fullmatch(line)
        if match is None:
            raise LayoutError(
                f"{path}:{number}: expected a photo's path and its label, got {line[:80]!r}; "
                "put a path or label with special characters in double quotes"
            )
        yield Line(_unquote(match["path"]), _unquote(match["label"]), f"{path}:{number}")


def _unquote(text: str) -> str:
    text = text.strip()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _detect(root: Path) -> bool:
    if root.is_file():
        return root.suffix.lower() in _SUFFIXES
    try:
        return root.is_dir() and bool(_list_files(root))
    except LayoutError:
        return False


def _list_files(folder: Path) -> list[Path]:
    """The list files of a folder: those named for parts, or else all that begin like a list."""
    files = [
        path
        for path in sorted(folder.iterdir(), key=lambda path: byte_order(path.name))
        if path.suffix.lower() in _SUFFIXES and visible(path.name) and path.name.lower() != _CLASSES
    ]
    files = [path for path in files if path.is_file() and _begins_like_a_list(path)]
    return [path for path in files if _part(path) is not None] or files


def _begins_like_a_list(path: Path) -> bool:
    try:
        return next(list_lines(path), None) is not None
    except LayoutError:
        return False


def _part(path: Path) -> str | None:
    return PART_NAMES.get(path.stem.lower())


def _read(root: Path, how: Reading) -> Dataset:
    folder, files = (root.parent, [root]) if root.is_file() else (root, _list_files(root))
    if not files:
        raise LayoutError(
            f"{root}: no list file there (train.txt, labels.csv … with a path and label a line)"
        )
    if len(files) > 1 and any(_part(path) is None for path in files):
        raise LayoutError(
            f"{root}: several list files: {some(path.name for path in files)}; give one of them"
        )
    parted = not root.is_file()
    entries = [
        Entry(inside(line.path, line.where), line.label, None, _part(path) if parted else None, line.where)
        for path in files
        for line in list_lines(path)
    ]
    classes = folder / _CLASSES
    if classes.is_file():
        names = [line for _, line in text_lines(classes)]
        return build(folder, "list", _named(entries, names, classes), names, strict=how.strict)
    labels = _in_order({entry.category for entry in entries})
    return build(folder, "list", entries, labels, strict=how.strict)


def _in_order(labels: set[str]) -> list[str]:
    if all(label.isdecimal() and len(label) < 10 for label in labels):
        return sorted(labels, key=lambda label: (int(label), label))
    return sorted(labels, key=byte_order)


def _named(entries: Sequence[Entry], names: Sequence[str], classes: Path) -> list[Entry]:
    """Entries with the names of ``classes.txt``, whether their labels are names or line numbers."""
    by_label = {name: name for name in names}
    if len(by_label) < len(names):
        raise LayoutError(f"{classes}: a category is named twice")
    if any(entry.category not in by_label for entry in entries):
        by_label = {str(number): name for number, name in enumerate(names)}
    for entry in entries:
        if entry.category not in by_label:
            raise LayoutError(
                f"{entry.where}: the label {entry.category!r} is neither one of the {len(names)} names in "
                f"{classes} nor a number from 0 to {len(names) - 1}"
            )
    return [replace(entry, category=by_label[entry.category]) for entry in entries]


LIST = Layout("list files such as train.txt or labels.csv with a path and a label a line", _detect, _read)
