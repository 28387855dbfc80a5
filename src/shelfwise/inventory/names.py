"""Names as people write them: cleaned for keeping, folded for comparing, taken apart for searching."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from shelfwise.errors import EntryError

__all__ = ["clean_category", "clean_name", "clean_text", "name_key", "words_in"]

_LONGEST_NAME: Final = 200
_LONGEST_WORD: Final = 60
_LONGEST_KEY: Final = 1200  # bytes: what every database can hold in an index
_WORD: Final = re.compile(r"\w+")
_CONTROL: Final = frozenset({"Cc", "Cs"})  # control characters and halves of surrogate pairs


def clean_text(field: str, text: object, longest: int) -> str:
    """A text without blanks around it.

    Raises:
        EntryError: it is no text, too long, or holds control characters other than line breaks and tabs.
    """
    if not isinstance(text, str):
        raise EntryError(field, "give a text")
    kept = unicodedata.normalize("NFC", text.strip())
    if len(kept) > longest:
        raise EntryError(field, f"it has {len(kept)} characters, at most {longest} will do")
    if any(unicodedata.category(each) in _CONTROL and each not in "\n\r\t" for each in kept):
        raise EntryError(field, "it holds characters that cannot be shown: write it anew")
    return kept


def clean_name(field: str, text: object) -> str:
    """A name: one line, single blanks, not empty.

    Raises:
        EntryError: it is no text, empty, too long or holds control characters.
    """
    name = " ".join(clean_text(field, text, 5 * _LONGEST_NAME).split())
    if not name:
        raise EntryError(field, "give a name")
    if len(name) > _LONGEST_NAME:
        raise EntryError(field, f"it has {len(name)} characters, at most {_LONGEST_NAME} will do")
    if len(name_key(name).encode()) > _LONGEST_KEY:
        raise EntryError(field, "it has too many signs that stand for whole words: write them out, or fewer")
    return name


def clean_category(field: str, text: object) -> str:
    """A category's name, which may be a path: ``fruit / apple`` becomes ``fruit/apple``.

    Raises:
        EntryError: like :func:`clean_name`, or a part of the path is empty.
    """
    parts = [part.strip() for part in clean_name(field, text).split("/")]
    if not all(parts):
        raise EntryError(field, "a part of the path is empty: write it like fruit/apple")
    return "/".join(parts)


def name_key(name: str) -> str:
    """What two spellings of one name share: case and kinds of blanks do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def words_in(*texts: str | None) -> set[str]:
    """The words to find something by: small letters without accents, and digits."""
    words: set[str] = set()
    for text in texts:
        if text is not None:
            apart = unicodedata.normalize("NFKD", text).casefold()
            plain = "".join(each for each in apart if not unicodedata.combining(each))
            words.update(word[:_LONGEST_WORD] for word in _WORD.findall(plain))
    return words
