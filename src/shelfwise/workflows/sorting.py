"""Copy photos into a folder per category: never moving one, never overwriting one."""

from __future__ import annotations

import filecmp
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from shelfwise.errors import ConfigError
from shelfwise.files import storage_errors
from shelfwise.images.reading import sniff

__all__ = ["Sorter"]

_UNSAFE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_MAX_NAME_BYTES = 120
_SUFFIXES = {"JPEG": ".jpg", "TIFF": ".tif", "HEIF": ".heic"}


class Sorter:
    """Copies photos below ``root``, levels of a category's name becoming folders in folders.

    Args:
        root: made when the first photo is copied.
        categories: all names that may come, so that two of them never share a folder.

    Raises:
        ConfigError: ``root`` is a file.
    """

    def __init__(self, root: Path, categories: Iterable[str]) -> None:
        if root.exists() and not root.is_dir():
            raise ConfigError(f"{root}: is a file, so photos cannot be sorted into it; name a folder")
        self.root = root
        self._folders = _folders(categories)

    def copy(self, source: str | bytes, category: str) -> Path:
        """Copy a photo into its category's folder and return where it is.

        A photo that is there already with the same content is left as it is; one with the same name and other
        content makes the copy ``name-1.jpg``, ``name-2.jpg`` …

        Args:
            source: a path, or the bytes of a picture, which is then called ``picture``.

        Raises:
            StorageError: it cannot be copied (disk full, no permission).
        """
        folder = self.root / self._folders[category]
        if isinstance(source, bytes):
            kind = sniff(source) or ""
            name = Path("picture" + _SUFFIXES.get(kind, f".{kind.lower()}"))
        else:
            name = Path(Path(source).name)
        with storage_errors(folder / name):
            folder.mkdir(parents=True, exist_ok=True)
            temporary = folder / f".{secrets.token_hex(8)}.tmp"
            try:
                _write(source, temporary)
                return _place(temporary, folder, name)
            finally:
                temporary.unlink(missing_ok=True)


def _write(source: str | bytes, target: Path) -> None:
    if isinstance(source, bytes):
        target.write_bytes(source)
    else:
        shutil.copyfile(source, target)
        shutil.copystat(source, target)


def _place(temporary: Path, folder: Path, name: Path) -> Path:
    """Give the copy the first free name, unless its content is there already."""
    for number in count():
        target = folder / (f"{name.stem}-{number}{name.suffix}" if number else name)
        try:
            _rename_to_new(temporary, target)
        except FileExistsError:
            if target.is_file() and filecmp.cmp(temporary, target, shallow=False):
                return target
        else:
            return target
    raise AssertionError("counting never ends")


def _rename_to_new(temporary: Path, target: Path) -> None:
    """Rename, but fail with FileExistsError where a plain rename would replace ``target``."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: claim the name, then replace the empty claim.
        target.touch(exist_ok=False)
        temporary.replace(target)


def _folders(categories: Iterable[str]) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    taken: set[str] = set()
    for category in dict.fromkeys(categories):
        safe = Path(*(_safe(part) for part in category.split("/")))
        path = next(
            each
            for number in count(1)
            if str(each := safe if number == 1 else safe.with_name(f"{safe.name}-{number}")).casefold()
            not in taken
        )
        taken.add(str(path).casefold())
        folders[category] = path
    return folders


def _safe(part: str) -> str:
    """A folder name that every file system takes and that leads nowhere else."""
    text = _UNSAFE.sub("_", part).strip(" ").lstrip(".").rstrip(". ")
    return os.fsencode(text)[:_MAX_NAME_BYTES].decode(errors="ignore") or "_"
