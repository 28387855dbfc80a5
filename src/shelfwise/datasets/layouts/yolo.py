"""Layout ``yolo``: a text file of boxes beside each photo, one labelled crop per box.

``data.yaml`` names the categories and the folders (or list files) of ``train``, ``val`` and ``test``, which are
the set's official parts. A photo's boxes are in the text file of its name, in the folder where ``labels`` stands
for ``images``. A line is a category number and either centre and size (``cx cy w h``) or the corners of a polygon
(``x y x y x y …``), all as shares of the picture's width and height; of a polygon, the box around it is taken.
A photo without a file or with an empty one shows no product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from shelfwise.datasets.dataset import Box, Dataset, PhotoNote
from shelfwise.datasets.layouts.base import Entry, Layout, Reading, build
from shelfwise.datasets.layouts.boxes import fitted_box, picture_sizes
from shelfwise.datasets.layouts.pictures import (
    ANY_ENDING,
    byte_order,
    inside,
    is_picture,
    missing_photos,
    read_text,
    refuse_missing,
    text_lines,
    visible,
    walk_pictures,
)
from shelfwise.errors import LayoutError
from shelfwise.extras import require
from shelfwise.text import some

__all__ = ["YOLO"]

_NAMES = ("data.yaml", "data.yml", "dataset.yaml")
_STAND_IN = (1 << 16, 1 << 16)
"""Size of a picture that cannot be read, so that its boxes have a place until it is decoded and named."""
_PARTS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}


def _detect(root: Path) -> bool:
    return _description(root) is not None


def _description(root: Path) -> Path | None:
    if root.is_file():
        return root if root.suffix.lower() in (".yaml", ".yml") else None
    return next((root / name for name in _NAMES if (root / name).is_file()), None)


def _read(root: Path, how: Reading) -> Dataset:
    file = _description(root)
    if file is None:
        raise LayoutError(f"{root}: no data.yaml there")
    folder = file.parent
    content = _parse(file)
    names = _category_names(content.get("names"), file)
    part_of: dict[str, str] = {}
    for part, keys in _PARTS.items():
        place = next((content[key] for key in keys if content.get(key)), None)
        for photo in _photos(folder, place, content.get("path"), f"{file}: {part}"):
            if part_of.setdefault(photo, part) != part:
                raise LayoutError(f"{file}: {photo} is in {part_of[photo]} and in {part}; leave it in one")
    if not part_of:
        raise LayoutError(f"{file}: names no photos; give the folders of train, val and test")
    entries = list(_entries(folder, part_of, names, strict=how.strict))
    marked = {entry.path for entry in entries}
    notes = [PhotoNote(photo, part) for photo, part in part_of.items() if photo not in marked]
    return build(folder, "yolo", entries, names, notes=notes, strict=how.strict)


def _parse(file: Path) -> dict[str, Any]:
    yaml = require("yaml", what="Reading a YOLO dataset", extra="train")
    try:
        content = yaml.safe_load(read_text(file))
    except yaml.YAMLError as error:
        raise LayoutError(f"{file}: is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise LayoutError(f"{file}: expected names and the folders of train, val and test")
    return content


def _category_names(names: object, file: Path) -> list[str]:
    """Names in the order of their numbers, from a YAML list, or a mapping from number to name."""
    if isinstance(names, dict) and sorted(names, key=str) == sorted(range(len(names)), key=str):
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names or not all(isinstance(name, str | int) for name in names):
        raise LayoutError(f"{file}: 'names' must list the categories, or number them from 0")
    result = [str(name) for name in names]
    if len(set(result)) < len(result):
        raise LayoutError(f"{file}: a category is named twice")
    return result


def _photos(folder: Path, place: object, base: object, where: str) -> list[str]:
    """The photos that a part's entry in ``data.yaml`` stands for: a folder, a list file, or several."""
    if place is None:
        return []
    if isinstance(place, list):
        return [photo for one in place for photo in _photos(folder, one, base, where)]
    found = _locate(folder, str(place), base, where)
    if (folder / found).is_file():
        above = PurePosixPath(found).parent
        return [str(above / inside(line, where)) for _, line in text_lines(folder / found)]
    return [
        "/".join((*PurePosixPath(found).parts, *inner.levels, name))
        for inner in walk_pictures(folder / found)
        for name in inner.pictures
    ]


def _locate(folder: Path, place: str, base: object, where: str) -> str:
    """A part's place from the root.

    ``path`` in ``data.yaml`` is often that of another machine, and exported sets often say ``../train/images``
    for ``train/images``; both are then read as lying in this folder.
    """
    plain = place.replace("\\", "/")
    while plain.startswith("../"):
        plain = plain.removeprefix("../")
    tries = [f"{base}/{plain}"] if isinstance(base, str) and not Path(base).is_absolute() else []
    for one in (*tries, plain):
        if ".." not in PurePosixPath(one).parts and (folder / inside(one, where)).exists():
            return inside(one, where)
    raise LayoutError(f"{where}: there is no {plain!r} in {folder}")


def _entries(
    folder: Path, part_of: Mapping[str, str], names: Sequence[str], *, strict: bool
) -> Iterator[Entry]:
    orphans = _orphans(folder, part_of)
    if orphans and strict:
        listed = some(map(_label_path, orphans))
        raise LayoutError(f"{folder}: label files whose photos are missing ({len(orphans)}): {listed}")
    part_of = {**part_of, **orphans}
    photos = sorted(part_of, key=byte_order)
    labelled = [photo for photo in photos if (folder / _label_path(photo)).is_file()]
    bare = set(photos).difference(() if strict else labelled)
    refuse_missing(folder, sorted(missing_photos(folder, bare), key=byte_order))
    sizes = picture_sizes(folder, labelled)
    for photo in labelled:
        size = sizes.get(photo, _STAND_IN)
        for label, box, where in _boxes(folder / _label_path(photo), size, strict=strict):
            if not 0 <= label < len(names):
                raise LayoutError(f"{where}: category {label} is not among the {len(names)} names")
            yield Entry(photo, names[label], box, part_of[photo], where)


def _label_path(photo: str) -> str:
    """``train/images/x.jpg`` → ``train/labels/x.txt``; without an ``images`` folder, beside the photo."""
    parts = list(PurePosixPath(photo).with_suffix(".txt").parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return "/".join(parts)


def _orphans(folder: Path, part_of: Mapping[str, str]) -> dict[str, str]:
    """Missing photos that a labels folder holds a file for, and the part that their neighbours are in."""
    known = {str(PurePosixPath(photo).with_suffix("")) for photo in part_of}
    orphans: dict[str, str] = {}
    for place, part in {str(PurePosixPath(photo).parent): part for photo, part in part_of.items()}.items():
        labels = PurePosixPath(_label_path(f"{place}/any")).parent
        if not (folder / place).is_dir() or "labels" not in labels.parts:
            continue
        known |= {f"{place}/{path.stem}" for path in (folder / place).iterdir() if is_picture(path.name)}
        files = sorted(path.stem for path in (folder / labels).glob("*.txt") if visible(path.name))
        orphans |= {f"{place}/{stem}{ANY_ENDING}": part for stem in files if f"{place}/{stem}" not in known}
    return orphans


def _boxes(file: Path, size: tuple[int, int], *, strict: bool) -> Iterator[tuple[int, Box, str]]:
    for number, line in text_lines(file):
        where = f"{file}:{number}"
        try:
            label, *shares = int(line.split()[0]), *map(float, line.split()[1:])
        except ValueError as error:
            raise LayoutError(f"{where}: expected a category number and shares, got {line[:80]!r}") from error
        if len(shares) == 4:
            x, y, width, height = shares
            corners = x - width / 2, y - height / 2, x + width / 2, y + height / 2
        elif len(shares) >= 6 and len(shares) % 2 == 0:
            corners = min(shares[::2]), min(shares[1::2]), max(shares[::2]), max(shares[1::2])
        else:
            raise LayoutError(f"{where}: expected 4 numbers, or 6 and more in pairs, after the category")
        left, top, right, bottom = corners
        left, top, right, bottom = left * size[0], top * size[1], right * size[0], bottom * size[1]
        box = fitted_box(left, top, right, bottom, size, where, strict=strict)
        yield label, box, where


YOLO = Layout("data.yaml beside folders of images and labels", _detect, _read)
