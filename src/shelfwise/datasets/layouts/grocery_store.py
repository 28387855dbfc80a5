"""Layout ``grocery-store``: the Grocery Store set (Klasson et al. 2019, arXiv 1901.00711) as published.

``classes.csv`` gives each fine class its number, its coarse class and, by the path of its iconic picture,
its place in the hierarchy; ``train.txt``, ``val.txt`` and ``test.txt`` give the photos with both numbers.
Categories are named by that place: ``Fruit/Apple/Golden-Delicious`` (fine) or ``Fruit/Apple`` (coarse), in
the order of the official numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shelfwise.datasets.dataset import LEVEL_SEPARATOR, Dataset
from shelfwise.datasets.layouts.base import Entry, Layout, Reading, build
from shelfwise.datasets.layouts.pictures import inside, read_text, text_lines
from shelfwise.errors import LayoutError

__all__ = ["GROCERY_STORE"]

_CLASSES = "classes.csv"
_PARTS = ("train", "val", "test")
_HEADING = "Class Name (str)"


@dataclass(frozen=True, slots=True)
class _Classes:
    """Names by official number, and the coarse number of each fine one."""

    fine: dict[int, str]
    coarse: dict[int, str]
    coarse_of: dict[int, int]


def _home(root: Path) -> Path:
    """The folder with the lists: the root, or ``dataset`` in a checkout of the published repository."""
    return root if (root / _CLASSES).is_file() else root / "dataset"


def _detect(root: Path) -> bool:
    home = _home(root)
    try:
        return (home / "train.txt").is_file() and read_text(home / _CLASSES).startswith(_HEADING)
    except LayoutError:
        return False


def _read(root: Path, how: Reading) -> Dataset:
    home = _home(root)
    classes = _read_classes(home / _CLASSES)
    coarse = how.level == "coarse"
    entries = [
        entry
        for part in _PARTS
        if (home / f"{part}.txt").is_file()
        for entry in _read_list(home / f"{part}.txt", part, classes, coarse=coarse)
    ]
    names = classes.coarse if coarse else classes.fine
    ordered = [names[number] for number in sorted(names)]
    return build(home, "grocery-store", entries, ordered, strict=how.strict)


def _read_classes(path: Path) -> _Classes:
    classes = _Classes({}, {}, {})
    rows = csv.reader(read_text(path).splitlines())
    for row in rows:
        where = f"{path}:{rows.line_num}"
        if rows.line_num == 1 or not row:
            continue
        try:
            name, fine, coarse_name, coarse, iconic = row[0], int(row[1]), row[2], int(row[3]), row[4]
        except (IndexError, ValueError) as error:
            raise LayoutError(f"{where}: expected name, number, coarse name, coarse number, path") from error
        # /iconic-images-and-descriptions/Fruit/Apple/Granny-Smith/…: a fine class that is its coarse class's
        # only one may have no folder of its own.
        levels = PurePosixPath(iconic).parts[2:-1]
        if len(levels) not in (2, 3) or levels[1] != coarse_name or levels[-1] != name:
            raise LayoutError(f"{where}: the path {iconic!r} does not fit {name!r} of {coarse_name!r}")
        coarse_full = LEVEL_SEPARATOR.join(levels[:2])
        if fine in classes.fine or classes.coarse.setdefault(coarse, coarse_full) != coarse_full:
            raise LayoutError(f"{where}: number {fine} or {coarse} is given to two classes")
        classes.fine[fine] = LEVEL_SEPARATOR.join(levels)
        classes.coarse_of[fine] = coarse
    return classes


def _read_list(path: Path, part: str, classes: _Classes, *, coarse: bool) -> Iterator[Entry]:
    for number, line in text_lines(path):
        where = f"{path}:{number}"
        try:
            photo, fine_text, coarse_text = line.rsplit(",", 2)
            fine_id, coarse_id = int(fine_text), int(coarse_text)
        except ValueError as error:
            raise LayoutError(f"{where}: expected a path and two numbers, got {line[:80]!r}") from error
        if classes.coarse_of.get(fine_id) != coarse_id:
            raise LayoutError(f"{where}: class {fine_id} with coarse class {coarse_id} is not in {_CLASSES}")
        category = classes.coarse[coarse_id] if coarse else classes.fine[fine_id]
        yield Entry(inside(photo.strip(), where), category, None, part, where)


GROCERY_STORE = Layout(
    "classes.csv and train.txt of the Grocery Store set", _detect, _read, levels=("fine", "coarse")
)
