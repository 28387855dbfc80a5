"""Layout ``joined``: several sets of photos with one hierarchy over all their classes, told by a TOML file.

The file lists each set with its folder, its layout, the official parts to train and to test on, and for each of
its classes the place in the common hierarchy (``groceries.toml`` is one); ``"*"`` stands for all classes that are
not named, and the part ``all`` for every photo of a set. Folders are relative to the file. Layout
``groceries`` is the joining that comes with Shelfwise, for a folder that holds ``freiburg`` and ``grocery-store``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shelfwise.datasets.dataset import LEVEL_SEPARATOR, Dataset, DataSource, PhotoNote
from shelfwise.datasets.layouts.base import Entry, Layout, Reading, build
from shelfwise.datasets.layouts.pictures import inside, read_text
from shelfwise.errors import LayoutError
from shelfwise.text import some

__all__ = ["JoinedSource", "Joining", "groceries", "joined_layouts", "read_joining"]

_PACKAGED = "groceries.toml"
_OTHERS = "*"
_ALL = "all"
Name = Annotated[str, Field(min_length=1)]


class JoinedSource(BaseModel):
    """One set of a joining.

    Attributes:
        name: what people call it.
        folder: where it lies, relative to the joining's file (or to the folder that is read).
        layout: the layout to read it with.
        licence: of its photos, in words.
        train: its official parts to train on; ``all`` where it has none of that name: the whole set.
        val: its official parts to validate on; without any, validation photos are taken from ``train``.
        test: its official parts that are only tested on.
        categories: its own name of each class → the place in the common hierarchy; ``*``: that of all others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name
    folder: Name
    layout: Name
    licence: Name
    train: Annotated[list[Name], Field(min_length=1)]
    val: list[Name] = []
    test: list[Name] = []
    categories: Annotated[dict[Name, Name], Field(min_length=1)]


class Joining(BaseModel):
    """Several sets under one hierarchy.

    Attributes:
        levels: names of the levels of the hierarchy, from the top.
        source: the sets.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    levels: Annotated[list[Name], Field(min_length=1)]
    source: Annotated[list[JoinedSource], Field(min_length=1)]

    @property
    def categories(self) -> tuple[str, ...]:
        """All places in the hierarchy that a class has, in the order of their first mention."""
        return tuple(dict.fromkeys(place for source in self.source for place in source.categories.values()))


def read_joining(text: str, where: str) -> Joining:
    """Read a joining's text.

    Args:
        text: TOML.
        where: the file, for messages.

    Raises:
        LayoutError: it is no TOML, a key is missing or unknown, or a place has more levels than are named.
    """
    try:
        joining = Joining.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        raise LayoutError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except ValueError as error:
        raise LayoutError(f"{where}: is not TOML ({error})") from error
    for place in joining.categories:
        levels = place.split(LEVEL_SEPARATOR)
        if not all(levels) or len(levels) > len(joining.levels):
            raise LayoutError(
                f"{where}: {place!r} must have 1 to {len(joining.levels)} levels "
                f"({LEVEL_SEPARATOR.join(joining.levels)})"
            )
    for source in joining.source:
        inside(source.folder, where)
        used = [*source.train, *source.val, *source.test]
        if twice := sorted({part for part in used if used.count(part) > 1}):
            raise LayoutError(
                f"{where}: {source.name}: {some(twice)} can be for one of train, val and test only"
            )
    return joining


def groceries() -> Joining:
    """The joining that comes with Shelfwise: Freiburg Groceries and Grocery Store."""
    text = resources.files("shelfwise.datasets").joinpath(_PACKAGED).read_text("utf-8")
    return read_joining(text, _PACKAGED)


def joined_layouts(read_one: Callable[[Path, str], Dataset]) -> dict[str, Layout]:
    """The layouts ``joined`` and ``groceries``.

    Args:
        read_one: reads one set: its folder and the name of its layout.
    """

    def read_file(root: Path, how: Reading) -> Dataset:
        return _read(root.parent, read_joining(read_text(root), str(root)), "joined", how, read_one)

    def read_packaged(root: Path, how: Reading) -> Dataset:
        return _read(root, groceries(), "groceries", how, read_one)

    return {
        "joined": Layout("a .toml file that joins several sets", _is_joining, read_file),
        "groceries": Layout("freiburg/ and grocery-store/ side by side", _has_groceries, read_packaged),
    }


def _is_joining(root: Path) -> bool:
    try:
        return root.is_file() and root.suffix.lower() == ".toml" and "[[source]]" in read_text(root)
    except LayoutError:
        return False


def _has_groceries(root: Path) -> bool:
    return all((root / source.folder).is_dir() for source in groceries().source)


def _read(
    root: Path, joining: Joining, layout: str, how: Reading, read_one: Callable[[Path, str], Dataset]
) -> Dataset:
    entries: list[Entry] = []
    notes: list[PhotoNote] = []
    for source in joining.source:
        dataset = read_one(root / source.folder, source.layout)
        entries += _entries(source, root, dataset)
        notes += _notes(source, root, dataset)
    joined = build(root, layout, entries, joining.categories, notes=notes, strict=how.strict)
    sources = (
        DataSource(each.name, PurePosixPath(each.folder).as_posix(), each.licence) for each in joining.source
    )
    return replace(joined, sources=tuple(sources), levels=tuple(joining.levels))


def _entries(source: JoinedSource, root: Path, dataset: Dataset) -> Iterator[Entry]:
    """The photos of one set under their common names; those of no part named are left out."""
    others = source.categories.get(_OTHERS)
    unplaced = [name for name in dataset.categories if name not in source.categories]
    if unplaced and others is None:
        raise LayoutError(f"{dataset.root}: no place in the hierarchy is given for {some(unplaced)}")
    prefix, part_of = _prefix(source, root, dataset), {}
    for name, part in _parts(source).items():
        if name in dataset.official:
            part_of.update(dict.fromkeys(dataset.official[name], part))
        elif name == _ALL:
            part_of.update(dict.fromkeys(range(len(dataset)), part))
        elif all(note.part != name for note in dataset.notes):
            known = ", ".join(dataset.official) or "none"
            raise LayoutError(f"{dataset.root}: has no part {name!r}; it has {known}")
    for index, part in sorted(part_of.items()):
        sample = dataset.samples[index]
        place = source.categories.get(dataset.categories[sample.label], others or "")
        yield replace(Entry(f"{prefix}/{sample.path}", place), box=sample.box, part=part)


def _notes(source: JoinedSource, root: Path, dataset: Dataset) -> Iterator[PhotoNote]:
    """What the set tells of photos beside its samples; those of no part named are left out."""
    parts, prefix = _parts(source), _prefix(source, root, dataset)
    whole = None if _ALL in dataset.official else parts.get(_ALL)
    for note in dataset.notes:
        if part := parts.get(note.part or _ALL, whole):
            yield replace(note, path=f"{prefix}/{note.path}", part=part)


def _parts(source: JoinedSource) -> dict[str, str]:
    """What each of a set's own parts is in the joined set."""
    train = "train" if source.val else "trainval"
    listed = ((train, source.train), ("val", source.val), ("test", source.test))
    return {name: part for part, names in listed for name in names}


def _prefix(source: JoinedSource, root: Path, dataset: Dataset) -> str:
    """The set's folder, relative to the joining's."""
    try:
        return dataset.root.relative_to(root.resolve()).as_posix()
    except ValueError:
        raise LayoutError(
            f"{root / source.folder}: a link that leads out of {root}; copy the set there"
        ) from None
