"""File names as they may be shown."""

from __future__ import annotations

__all__ = ["printable"]


def printable(text: str) -> str:
    """Replace what would move a terminal's cursor or is no valid text; a file name may hold anything."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
