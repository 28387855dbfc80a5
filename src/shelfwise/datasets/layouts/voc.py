"""Layout ``voc``: Pascal VOC, an XML file of boxes for each photo, one labelled crop per box.

``Annotations/NAME.xml`` describes ``JPEGImages/NAME.jpg`` (or any picture ending; ``images`` may stand for
``JPEGImages``); ``ImageSets/Main/train.txt``, ``val.txt`` and ``test.txt`` list names and give the set's
official parts. Pixel columns and rows are counted from 1 and the last one is inside the box, as in the
devkit of VOC 2012.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shelfwise.datasets.dataset import Dataset, PhotoNote
from shelfwise.datasets.layouts.base import Entry, Layout, Reading, build
from shelfwise.datasets.layouts.boxes import fitted_box, picture_sizes
from shelfwise.datasets.layouts.pictures import (
    ANY_ENDING,
    byte_order,
    inside,
    is_picture,
    refuse_missing,
    text_lines,
    visible,
)
from shelfwise.errors import LayoutError
from shelfwise.extras import require

__all__ = ["VOC"]

_PHOTO_FOLDERS = ("JPEGImages", "images")
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


def _detect(root: Path) -> bool:
    return any((root / "Annotations").glob("*.xml")) and _photo_folder(root) is not None


def _photo_folder(root: Path) -> str | None:
    return next((name for name in _PHOTO_FOLDERS if (root / name).is_dir()), None)


def _read(root: Path, how: Reading) -> Dataset:
    place = _photo_folder(root)
    files = sorted((root / "Annotations").glob("*.xml"), key=lambda path: byte_order(path.name))
    files = [path for path in files if visible(path.name)]
    if place is None or not files:
        raise LayoutError(f"{root}: no Annotations/*.xml with {' or '.join(_PHOTO_FOLDERS)} beside it")
    photos = {Path(path.name).stem: f"{place}/{path.name}" for path in _pictures(root / place)}
    missing = [path.stem for path in files if path.stem not in photos]
    if how.strict:
        refuse_missing(root / place, missing)
    photos |= {stem: f"{place}/{stem}{ANY_ENDING}" for stem in missing}
    parts = _parts(root, set(photos))
    entries = [
        entry
        for path in files
        for entry in _entries(root, path, photos[path.stem], parts.get(path.stem), strict=how.strict)
    ]
    marked = {entry.path for entry in entries}
    stems = [path.stem for path in files if photos[path.stem] not in marked]
    notes = [PhotoNote(photos[stem], parts.get(stem)) for stem in stems]
    return build(root, "voc", entries, notes=notes, strict=how.strict)


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        (path for path in folder.iterdir() if is_picture(path.name)), key=lambda path: byte_order(path.name)
    )


def _parts(root: Path, known: set[str]) -> dict[str, str]:
    """Part of each photo's name. ``trainval`` is train where there is no ``train``."""
    folder = root / "ImageSets" / "Main"
    part_of: dict[str, str] = {}
    whole = "trainval" if not (folder / "train.txt").is_file() else "train"
    for part, stem in (("train", whole), ("val", "val"), ("test", "test")):
        file = folder / f"{stem}.txt"
        for number, name in text_lines(file) if file.is_file() else ():
            if inside(name, f"{file}:{number}") not in known:
                raise LayoutError(f"{file}:{number}: there is no photo named {name!r}")
            if part_of.setdefault(name, part) != part:
                raise LayoutError(f"{file}:{number}: {name} is in {part_of[name]} already; leave it in one")
    return part_of


def _entries(root: Path, file: Path, photo: str, part: str | None, *, strict: bool) -> Iterator[Entry]:
    annotation = _parse(file)
    objects = annotation.findall("object")
    if not objects:
        return
    size = _size(annotation, file) or picture_sizes(root, [photo]).get(photo)
    for number, item in enumerate(objects, start=1):
        where = f"{file}: object {number}"
        name = (item.findtext("name") or "").strip()
        if not name:
            raise LayoutError(f"{where}: has no name")
        try:
            corners = [float(item.findtext(f"bndbox/{corner}") or "") for corner in _CORNERS]
        except ValueError as error:
            raise LayoutError(f"{where}: bndbox needs {', '.join(_CORNERS)} as numbers") from error
        left, top, right, bottom = corners
        box = fitted_box(left - 1, top - 1, right, bottom, size, where, strict=strict)
        yield Entry(photo, name, box, part, where)


def _parse(file: Path) -> Any:
    trees = require("defusedxml.ElementTree", what="Reading a Pascal VOC dataset", extra="train")
    defused = require("defusedxml", what="Reading a Pascal VOC dataset", extra="train")
    try:
        return trees.fromstring(file.read_bytes())
    except OSError as error:
        raise LayoutError(f"{file}: cannot be read ({error.strerror})") from error
    except (trees.ParseError, defused.DefusedXmlException) as error:
        raise LayoutError(f"{file}: is not plain XML: {error}") from error


def _size(annotation: Any, file: Path) -> tuple[int, int] | None:
    """Width and height that the file states, or None where it states none."""
    try:
        width, height = (int(annotation.findtext(f"size/{side}") or 0) for side in ("width", "height"))
    except ValueError as error:
        raise LayoutError(f"{file}: the size of the picture is not in whole numbers") from error
    return (width, height) if width > 0 and height > 0 else None


VOC = Layout("Annotations/*.xml beside JPEGImages", _detect, _read)
