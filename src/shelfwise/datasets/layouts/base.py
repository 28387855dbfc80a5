"""What every layout's reader is made of: entries in, a dataset out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shelfwise.datasets.dataset import Box, Dataset, PhotoNote, Sample
from shelfwise.datasets.layouts.pictures import byte_order, missing_photos, read_text, refuse_missing
from shelfwise.errors import LayoutError

__all__ = ["PART_NAMES", "SAMPLE_MARKER", "Entry", "Layout", "Reading", "build"]

PART_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
"""Names that folders and lists give to the three parts, and ours."""

SAMPLE_MARKER = "shelfwise-sample.json"
"""Lies in the root of a rendered sample set: ``{"rendered": true, ...}``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One labelled photo or box as a reader found it.

    Attributes:
        path: relative to the root, with forward slashes, already known to stay inside.
        category: the category's full name.
        box: the labelled part of the photo, or None for all of it.
        part: the official part it belongs to, or None.
        where: the file and line that says so, for messages.
    """

    path: str
    category: str
    box: Box | None = None
    part: str | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a dataset is to be read.

    Attributes:
        level: "fine" or "coarse", which only layouts with levels of their own heed.
        strict: refuse missing photos, contradicting labels and boxes outside their picture. False: take
            them as they are told, for the data check to name them all.
    """

    level: str | None = None
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay out a dataset on disk.

    Attributes:
        looks_for: what :attr:`detect` looks for, for people.
        detect: says whether a path (folder or file) is laid out so; never raises.
        read: reads the path so. Raises LayoutError.
        levels: the levels that the layout itself knows by name.
    """

    looks_for: str
    detect: Callable[[Path], bool]
    read: Callable[[Path, Reading], Dataset]
    levels: tuple[str, ...] = ()


def build(
    root: Path,
    layout: str,
    entries: Iterable[Entry],
    categories: Sequence[str] | None = None,
    *,
    notes: Iterable[PhotoNote] = (),
    strict: bool = True,
) -> Dataset:
    """Join entries into a dataset, sorted by path; boxes on one photo keep their order.

    An entry that says the same as an earlier one is dropped.

    Args:
        root: the dataset's folder.
        layout: the layout's name.
        entries: what was found.
        categories: names in label order; None: those of the entries, in byte order.
        notes: of photos without a product and of regions of many; their photos need not be there.
        strict: False: keep missing photos, and both of two entries that contradict each other.

    Raises:
        LayoutError: nothing was found, photos are missing, two entries contradict each other, or a photo is
            a link that leads out of ``root``.
    """
    unique = _unique(root, entries, strict=strict)
    if not unique:
        raise LayoutError(f"{root}: the {layout} layout is there, but no labelled photo is")
    missing = missing_photos(root, (entry.path for entry in unique))
    if strict:
        refuse_missing(root, missing)
    if categories is None:
        categories = sorted({entry.category for entry in unique}, key=byte_order)
    label = {name: index for index, name in enumerate(categories)}
    parts: dict[str, list[int]] = {}
    for index, entry in enumerate(unique):
        if entry.part is not None:
            parts.setdefault(entry.part, []).append(index)
    return Dataset(
        root=root.resolve(),
        layout=layout,
        categories=tuple(categories),
        samples=tuple(Sample(entry.path, label[entry.category], entry.box) for entry in unique),
        official={name: tuple(parts[name]) for name in sorted(parts)},
        rendered=_is_rendered(root),
        notes=tuple(sorted(notes, key=lambda note: byte_order(note.path))),
    )


def _unique(root: Path, entries: Iterable[Entry], *, strict: bool) -> list[Entry]:
    by_key: dict[str, dict[tuple[str, str | None], Entry]] = {}
    for entry in entries:
        said = by_key.setdefault(Sample(entry.path, 0, entry.box).key, {})
        said.setdefault((entry.category, entry.part), entry)
        if strict and len(said) > 1:
            first = next(iter(said.values()))
            raise LayoutError(
                f"{entry.where or root}: {Sample(entry.path, 0, entry.box).key} is {_says(entry)}, but "
                f"{first.where or 'before'} it is {_says(first)}; keep one of the two"
            )
    unique = [entry for said in by_key.values() for entry in said.values()]
    return sorted(unique, key=lambda entry: byte_order(entry.path))


def _says(entry: Entry) -> str:
    return f"{entry.category!r} in {entry.part}" if entry.part else repr(entry.category)


def _is_rendered(root: Path) -> bool:
    """Whether the set, or the set that this folder is directly part of, says that it is drawn."""
    home = root.resolve()
    for folder in (home, home.parent):
        marker = folder / SAMPLE_MARKER
        if marker.is_file():
            try:
                content = json.loads(read_text(marker))
            except ValueError as error:
                raise LayoutError(f"{marker}: is not JSON; render the sample set again") from error
            return isinstance(content, dict) and content.get("rendered") is True
    return False
