"""Layout ``coco``: product boxes in COCO's JSON form, one labelled crop per box.

The root is the JSON file, or a folder with JSON files in ``annotations`` or at its top (``instances_train.json``
…) or one in each of ``train``, ``valid`` and ``test``. The words train, val and test in their names give the
set's official parts. Photos are looked for from the JSON file's folder, the root, ``images`` and the part's
folder. Crowd regions are no crops: like images without annotations they are noted. Categories are in the order of
their ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, Field, ValidationError

from shelfwise.datasets.dataset import Box, Dataset, PhotoNote
from shelfwise.datasets.layouts.base import PART_NAMES, Entry, Layout, Reading, build
from shelfwise.datasets.layouts.boxes import fitted_box, picture_sizes
from shelfwise.datasets.layouts.pictures import byte_order, inside, visible
from shelfwise.errors import LayoutError
from shelfwise.text import some

__all__ = ["COCO"]

_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Image(BaseModel):
    id: int | str
    file_name: str
    width: int = 0
    height: int = 0


class _Annotation(BaseModel):
    id: int | str = ""
    image_id: int | str
    category_id: int
    bbox: tuple[_Number, _Number, _Number, _Number]
    iscrowd: int = 0


class _Category(BaseModel):
    id: int
    name: Annotated[str, Field(min_length=1)]
    supercategory: str | None = None


class _Coco(BaseModel):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


class _File(NamedTuple):
    """A COCO file with the part that it tells, and where its photos are."""

    path: Path
    part: str | None
    content: _Coco
    path_of: dict[int | str, str]
    size_of: dict[str, tuple[int, int]]


def _detect(root: Path) -> bool:
    return bool(_json_files(root))


def _json_files(root: Path) -> list[Path]:
    if root.is_file():
        places = [root]
    else:
        folders = [root / "annotations", root, *(root / name for name in PART_NAMES)]
        places = [path for folder in folders for path in folder.glob("*.json") if visible(path.name)]
    files = [path for path in places if path.suffix.lower() == ".json" and _is_coco(path)]
    return sorted(files, key=lambda path: byte_order(str(path)))


def _is_coco(path: Path) -> bool:
    """Whether the three words are there; parsing, which may take long, is for the reader."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return all(word in content for word in (b'"images"', b'"annotations"', b'"categories"'))


def _read(root: Path, how: Reading) -> Dataset:
    files = [root] if root.is_file() else _json_files(root)
    if not files:
        raise LayoutError(f"{root}: no COCO file there (JSON with images, annotations and categories)")
    folder = _home(root)
    parts = [_part(path, folder) for path in files]
    if len(files) > 1 and (None in parts or len(set(parts)) < len(parts)):
        listed = some(path.relative_to(folder).as_posix() for path in files)
        raise LayoutError(f"{root}: several COCO files: {listed}; give one of them")
    contents = [_parse(path) for path in files]
    names = _category_names(contents, files)
    located = [
        _located(folder, path, part if len(files) > 1 else None, content)
        for path, part, content in zip(files, parts, contents, strict=True)
    ]
    entries = [entry for file in located for entry in _entries(file, names, strict=how.strict)]
    notes = [note for file in located for note in _notes(file, strict=how.strict)]
    return build(folder, "coco", entries, list(names.values()), notes=notes, strict=how.strict)


def _home(root: Path) -> Path:
    if root.is_dir():
        return root
    return root.parent.parent if root.parent.name == "annotations" else root.parent


def _part(path: Path, folder: Path) -> str | None:
    """The part that a JSON file's name, or else its folder, tells: ``instances_val2017.json`` is val."""
    words = re.findall(r"[a-z]+", path.stem.lower())
    if path.parent != folder:
        words += [path.parent.name.lower()]
    return next((PART_NAMES[word] for word in words if word in PART_NAMES), None)


def _parse(path: Path) -> _Coco:
    try:
        return _Coco.model_validate_json(path.read_bytes())
    except OSError as error:
        raise LayoutError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "file"
        raise LayoutError(f"{path}: is not COCO at {place}: {first['msg']}") from error


def _category_names(contents: Sequence[_Coco], files: Sequence[Path]) -> dict[int, str]:
    """Names by id, in the order of ids; a name that only groups others and has no box is left out."""
    names: dict[int, str] = {}
    for content, path in zip(contents, files, strict=True):
        for category in content.categories:
            if names.setdefault(category.id, category.name) != category.name:
                raise LayoutError(f"{path}: category id {category.id} has two names")
    used = {annotation.category_id for content in contents for annotation in content.annotations}
    grouping = {category.supercategory for content in contents for category in content.categories}
    names = {number: name for number, name in sorted(names.items()) if number in used or name not in grouping}
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    if twice:
        raise LayoutError(f"{files[0]}: two category ids are named {twice[0]!r}")
    return names


def _located(folder: Path, file: Path, part: str | None, content: _Coco) -> _File:
    base = _photo_folder(folder, file, part, content.images)
    path_of = {image.id: base + _photo_name(file, image) for image in content.images}
    stated = {path_of[image.id]: (image.width, image.height) for image in content.images}
    size_of = {path: size for path, size in stated.items() if min(size) > 0}
    size_of |= picture_sizes(folder, stated.keys() - size_of.keys())
    return _File(file, part, content, path_of, size_of)


def _entries(file: _File, names: dict[int, str], *, strict: bool) -> Iterator[Entry]:
    for annotation in file.content.annotations:
        where = f"{file.path}: annotation {annotation.id}"
        path = file.path_of.get(annotation.image_id)
        if path is None or annotation.category_id not in names:
            what = "image" if path is None else "category"
            number = annotation.image_id if path is None else annotation.category_id
            raise LayoutError(f"{where}: there is no {what} with id {number}")
        if not annotation.iscrowd:
            box = _box(file, annotation, strict=strict)
            yield Entry(path, names[annotation.category_id], box, file.part, where)


def _notes(file: _File, *, strict: bool) -> Iterator[PhotoNote]:
    """Images without annotations, and those with crowd regions."""
    crowds: dict[str, list[Box]] = {}
    marked = set()
    for annotation in file.content.annotations:
        path = file.path_of[annotation.image_id]
        marked.add(path)
        if annotation.iscrowd:
            crowds.setdefault(path, []).append(_box(file, annotation, strict=strict))
    for path in dict.fromkeys(file.path_of.values()):
        if path in crowds or path not in marked:
            yield PhotoNote(path, file.part, tuple(crowds.get(path, ())))


def _box(file: _File, annotation: _Annotation, *, strict: bool) -> Box:
    x, y, width, height = annotation.bbox
    size = file.size_of.get(file.path_of[annotation.image_id])
    where = f"{file.path}: annotation {annotation.id}"
    return fitted_box(x, y, x + width, y + height, size, where, strict=strict)


def _photo_folder(folder: Path, file: Path, part: str | None, images: Sequence[_Image]) -> str:
    """Where photos are, as a prefix from the root: the first likely folder that holds one of them."""
    own = file.parent.relative_to(folder).as_posix()
    words = [file.stem.rpartition("_")[2], *(name for name, ours in PART_NAMES.items() if ours == part)]
    likely = [own, "", "images", *words, *(f"images/{word}" for word in words)]
    prefixes = ["" if place in ("", ".") else f"{place}/" for place in likely]
    for image in images:
        for prefix in prefixes:
            if (folder / f"{prefix}{_photo_name(file, image)}").is_file():
                return prefix
    return prefixes[0]


def _photo_name(file: Path, image: _Image) -> str:
    return inside(image.file_name, f"{file}: image {image.id}")


COCO = Layout("a COCO file: JSON with images, annotations and categories", _detect, _read)
