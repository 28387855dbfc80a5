"""Words for messages: names as they may be shown, some of many names, the name that was meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

__all__ = ["many", "nearest", "printable", "readable", "some"]

_JOINED: Final = re.compile(r"(?<=[^\W\d_])[-_]+(?=[^\W\d_])")


def readable(label: str) -> str:
    """A model's label as people write it: ``royal-gala`` is ``Royal gala``. For the eye alone: it names nothing."""
    text = _JOINED.sub(" ", label)
    return text[:1].upper() + text[1:] if text == text.lower() else text


def printable(text: str) -> str:
    """Replace what would move a terminal's cursor or is no valid text; a file name may hold anything."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def some(names: Iterable[str], limit: int = 5) -> str:
    """The first few names, and how many more there are, for a message."""
    listed = list(names)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more


def many(count: int, what: str, several: str | None = None) -> str:
    """A number with its noun: ``1 facing``, ``2,000 facings``; ``several`` where that is no added s."""
    return f"{count:,} {what if count == 1 else several or what + 's'}"


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice most like ``word``, or None where none is like it; case, ``-`` and ``_`` do not count."""
    known = {_plain(choice): choice for choice in choices}
    found = difflib.get_close_matches(_plain(word), known, n=1, cutoff=0.5)
    return known[found[0]] if found else None


def _plain(word: str) -> str:
    return word.casefold().replace("-", "_")
