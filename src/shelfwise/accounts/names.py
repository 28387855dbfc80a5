"""Names that people give: tidied, checked, and the key by which two of them are the same."""

from __future__ import annotations

import unicodedata
from typing import Final

from shelfwise.errors import EntryError
from shelfwise.text import printable

__all__ = ["NAME_LENGTH", "clean_name", "name_key", "short"]

NAME_LENGTH: Final = 64
_KEY_LENGTH: Final = 4 * NAME_LENGTH


def clean_name(name: str, field: str = "name") -> str:
    """A name without outer and double spaces.

    Args:
        field: what an error calls it.

    Raises:
        EntryError: it is empty, longer than 64 characters, or has characters that cannot be printed.
    """
    tidy = " ".join(unicodedata.normalize("NFC", name).split())
    if not tidy:
        raise EntryError(field, "give a name")
    if len(tidy) > NAME_LENGTH:
        raise EntryError(field, f"a name has at most {NAME_LENGTH} characters")
    if not tidy.isprintable():
        raise EntryError(field, "a name has only characters that can be printed")
    if len(name_key(tidy)) > _KEY_LENGTH:
        raise EntryError(field, "this name has too many signs that stand for whole words")
    return tidy


def name_key(name: str) -> str:
    """What is equal for names that differ in capitals, spaces or forms of the same letters only.

    Any text has one; what no name can hold, and no database takes, is replaced.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return printable(" ".join(unicodedata.normalize("NFKC", folded).split()))


def short(text: str, limit: int) -> str:
    """What may be kept and shown of a text from outside: printable, and at most ``limit`` characters."""
    return printable(text[:limit]).strip()
