"""Finding photos and reading text under a dataset's root, without ever leaving it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from shelfwise.errors import LayoutError
from shelfwise.images.reading import PICTURE_SUFFIXES
from shelfwise.text import some

__all__ = [
    "ANY_ENDING",
    "PictureFolder",
    "byte_order",
    "inside",
    "is_picture",
    "missing_photos",
    "read_text",
    "refuse_missing",
    "text_lines",
    "visible",
    "walk_pictures",
]

ANY_ENDING = ".*"
"""Stands for the ending of a photo that is missing and known by its label file only."""
_DRIVE = re.compile(r"[A-Za-z]:/")
_CLUTTER = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def byte_order(name: str) -> bytes:
    """Sort key that is the same on every machine: the bytes of the name, whatever the locale."""
    return os.fsencode(name)


def visible(name: str) -> bool:
    """False for hidden files and for what file managers leave behind (``Thumbs.db``, ``__MACOSX``)."""
    return not name.startswith(".") and name.lower() not in _CLUTTER


def is_picture(name: str) -> bool:
    """True where a visible file's name ends like a picture's, in any case."""
    return visible(name) and PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES


class PictureFolder:
    """One folder met by :func:`walk_pictures`.

    Attributes:
        levels: names of the folders from the root down to it; empty for the root.
        pictures: its own photos' names, in byte order.
        empty: True where it holds nothing at all that is visible.
    """

    __slots__ = ("empty", "levels", "pictures")

    def __init__(self, levels: tuple[str, ...], pictures: list[str], *, empty: bool) -> None:
        self.levels = levels
        self.pictures = pictures
        self.empty = empty


def walk_pictures(root: Path) -> Iterator[PictureFolder]:
    """Every visible folder at or below ``root``, in byte order. Linked folders are not entered.

    Raises:
        LayoutError: a folder cannot be read, or a name is not UTF-8, which no report could show.
    """
    for place, folders, files in os.walk(root, onerror=_cannot_list):
        folders[:] = sorted(filter(visible, folders), key=byte_order)
        files = list(filter(visible, files))
        for name in (*folders, *files):
            if any("\udc80" <= letter <= "\udcff" for letter in name):
                raise LayoutError(f"{place}: the name {os.fsencode(name)!r} is not UTF-8; rename the file")
        yield PictureFolder(
            Path(place).relative_to(root).parts,
            sorted(filter(is_picture, files), key=byte_order),
            empty=not folders and not files,
        )


def _cannot_list(error: OSError) -> None:
    raise LayoutError(f"{error.filename}: the folder cannot be read ({error.strerror})") from error


def inside(relative: str, where: str) -> str:
    """A path given by a dataset's file, made plain, if it stays under the dataset's root.

    Backslashes are taken for slashes, ``./`` is dropped.

    Args:
        relative: the path as written.
        where: the file and line it stands in, for the error.

    Raises:
        LayoutError: it is empty, absolute or climbs out with ``..``.
    """
    plain = relative.replace("\\", "/")
    path = PurePosixPath(plain)
    if not path.parts or "\0" in plain:
        raise LayoutError(f"{where}: {relative!r} is not a path")
    if path.is_absolute() or _DRIVE.match(plain) or ".." in path.parts:
        raise LayoutError(
            f"{where}: {relative!r} leads out of the dataset's folder; "
            "give paths relative to that folder, without '..'"
        )
    return str(path)


def missing_photos(root: Path, paths: Iterable[str]) -> list[str]:
    """Those of the photos that are no files under ``root``.

    Raises:
        LayoutError: a photo is a link that leads out of ``root``.
    """
    home = os.path.realpath(root)
    missing: list[str] = []
    folders: set[Path] = set()
    for path in dict.fromkeys(paths):
        photo = root / path
        mode = _mode(photo)
        if photo.parent not in folders or stat.S_ISLNK(mode):
            # Unlike Path.resolve, realpath does not raise where links go in a circle.
            if not Path(os.path.realpath(photo)).is_relative_to(home):
                raise LayoutError(f"{photo}: a link that leads out of {root}; copy the photo into the folder")
            folders.add(photo.parent)
        if not stat.S_ISREG(mode) and not (stat.S_ISLNK(mode) and photo.is_file()):
            missing.append(path)
    return missing


def refuse_missing(root: Path, missing: Sequence[str]) -> None:
    """Raise LayoutError where photos are missing; the first few are named, with the count."""
    if missing:
        raise LayoutError(f"{root}: missing photos ({len(missing)}): {some(missing)}")


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except (OSError, ValueError):
        return 0


def read_text(path: Path) -> str:
    """A text file's content, UTF-8 with or without a byte order mark.

    Raises:
        LayoutError: it cannot be read or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LayoutError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise LayoutError(f"{path}: is not UTF-8 text; save it as UTF-8") from error


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file that are not blank, stripped, each with its number from 1. Raises LayoutError."""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", read_text(path)), start=1):
        if line.strip():
            yield number, line.strip()
