"""Layout ``folders``: a folder per category; the folder that directly holds photos is the category.

Nested folders give a hierarchy (``Fruit/Apple/Granny-Smith``). Where the top level consists of ``train``,
``val`` and ``test`` (or ``valid``, ``validation``), these become the set's official parts. A lone ``images``
folder at the top is not a level. A folder with nothing in it is a category without photos.
"""

from __future__ import annotations

from pathlib import Path

from shelfwise.datasets.dataset import LEVEL_SEPARATOR, Dataset
from shelfwise.datasets.layouts.base import PART_NAMES, Entry, Layout, Reading, build
from shelfwise.datasets.layouts.pictures import PictureFolder, byte_order, visible, walk_pictures
from shelfwise.errors import LayoutError
from shelfwise.text import some

__all__ = ["FOLDERS"]


def _detect(root: Path) -> bool:
    if not root.is_dir():
        return False
    try:
        return any(folder.levels and folder.pictures for folder in walk_pictures(root))
    except LayoutError:
        return True  # the reader will say what is wrong, which helps more than "no known layout"


def _read(root: Path, how: Reading) -> Dataset:
    if not root.is_dir():
        raise LayoutError(f"{root}: is a file; the folders layout needs a folder")
    above = _above(root)
    folders = [folder for folder in walk_pictures(root) if folder.pictures or folder.empty]
    parted = _has_parts(root, folders, above)
    entries: list[Entry] = []
    categories: set[str] = set()
    for folder in folders:
        levels = folder.levels[above:]
        part = PART_NAMES[levels[0].lower()] if parted and levels else None
        levels = levels[1:] if parted else levels
        if not levels:
            _refuse_unlabelled(root, folder)
            continue
        category = LEVEL_SEPARATOR.join(levels)
        categories.add(category)
        place = "/".join(folder.levels)
        entries += [Entry(f"{place}/{name}", category, part=part, where=place) for name in folder.pictures]
    return build(root, "folders", entries, sorted(categories, key=byte_order), strict=how.strict)


def _above(root: Path) -> int:
    """How many top folders stand above the categories: one where all lies in ``images``."""
    names = [path.name for path in root.iterdir() if path.is_dir() and visible(path.name)]
    return 1 if [name.lower() for name in names] == ["images"] else 0


def _has_parts(root: Path, folders: list[PictureFolder], above: int) -> bool:
    tops = sorted({folder.levels[above] for folder in folders if len(folder.levels) > above}, key=byte_order)
    parts = [name for name in tops if name.lower() in PART_NAMES]
    found = {PART_NAMES[name.lower()] for name in parts}
    if len(found) < len(parts):
        raise LayoutError(f"{root}: two folders mean the same part: {some(parts)}; join them")
    if "train" not in found or (len(found) == 1 and len(tops) > 1):
        return False
    others = [name for name in tops if name not in parts]
    if others:
        raise LayoutError(
            f"{root}: beside {some(parts)} lie other folders with photos: {some(others)}; "
            "move them elsewhere, or write list files"
        )
    return True


def _refuse_unlabelled(root: Path, folder: PictureFolder) -> None:
    if folder.pictures:
        raise LayoutError(
            f"{root.joinpath(*folder.levels)}: photos in no category's folder: {some(folder.pictures)}; "
            "move each into the folder of its category"
        )


FOLDERS = Layout("a folder per category, holding photos", _detect, _read)
