"""Categories that people give: names of levels joined by ``/``, each of which can be a folder."""

from __future__ import annotations

from typing import Final

from shelfwise.errors import EntryError
from shelfwise.inventory import names

__all__ = ["clean_category"]

_LEVELS: Final = 8
_LONGEST_LEVEL_BYTES: Final = 200
# What data sets pass over, for file managers leave it behind.
_CLUTTER: Final = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def clean_category(category: str, *, field: str = "category") -> str:
    """A category as the stock book keeps it, each level of which can be a folder.

    Args:
        category: levels joined by ``/``, such as ``fruit/apple``.
        field: what an error names.

    Raises:
        EntryError: it is empty, too long, or one of its levels cannot be a folder's name.
    """
    cleaned = names.clean_category(field, category)
    levels = cleaned.split("/")
    if len(levels) > _LEVELS:
        raise EntryError(field, f"a category has at most {_LEVELS} levels")
    for level in levels:
        if problem := _problem(level):
            raise EntryError(field, f"{level!r} cannot be a category's name: {problem}")
    return cleaned


def _problem(level: str) -> str | None:
    if level.startswith(".") or level.casefold() in _CLUTTER:
        return "names like it are passed over in folders of photos"
    if not level.isprintable() or "\\" in level:
        return "use letters, digits, spaces and hyphens"
    if len(level.encode()) > _LONGEST_LEVEL_BYTES:
        return "it is too long"
    return None
