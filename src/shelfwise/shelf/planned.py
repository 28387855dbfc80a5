"""A planogram: what should stand on a shelf, row by row."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from shelfwise.errors import PlanogramError
from shelfwise.gtin import gtin_key
from shelfwise.shelf.facings import Guess

__all__ = [
    "MAX_ENTRIES",
    "MAX_FACINGS",
    "MAX_NAME",
    "MAX_ROWS",
    "Entry",
    "Planogram",
    "name_key",
    "same_category",
    "same_product",
]

MAX_ROWS: Final = 100
MAX_ENTRIES: Final = 500
"""Entries of a row, at most."""
MAX_FACINGS: Final = 1000
"""Facings of a row, at most."""
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of a row.

    Attributes:
        product: its name; None: anything of ``category``.
        facings: how many of it are seen from the front, those that stand on others too.
        category: its category, or None.
        gtin: its GTIN, or None.
    """

    product: str | None
    facings: int
    category: str | None = None
    gtin: str | None = None

    @property
    def label(self) -> str:
        """What it is called in sentences."""
        return self.product or self.category or self.gtin or ""


@dataclass(frozen=True, slots=True)
class Planogram:
    """What should stand on a shelf.

    Attributes:
        rows: top to bottom; each has its entries from left to right, one at least.
        name: what it is called, or None.

    Raises:
        PlanogramError: it has no row, an empty one, more than fits, or an entry without name or facings.
    """

    rows: tuple[tuple[Entry, ...], ...]
    name: str | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.rows) <= MAX_ROWS:
            raise PlanogramError(f"a planogram has 1 to {MAX_ROWS} rows, not {len(self.rows)}")
        for number, row in enumerate(self.rows, 1):
            _check_row(number, row)

    @property
    def facings(self) -> int:
        """How many facings it has."""
        return sum(entry.facings for row in self.rows for entry in row)


def _check_row(number: int, row: tuple[Entry, ...]) -> None:
    if not 0 < len(row) <= MAX_ENTRIES:
        raise PlanogramError(f"row {number} of the planogram has {len(row)} entries: give 1 to {MAX_ENTRIES}")
    for position, entry in enumerate(row, 1):
        if not entry.label:
            raise PlanogramError(
                f"row {number}, position {position} of the planogram names neither product nor category"
            )
        if entry.facings < 1:
            raise PlanogramError(
                f"row {number}, position {position} of the planogram has {entry.facings} facings: give 1 or more"
            )
    if (count := sum(entry.facings for entry in row)) > MAX_FACINGS:
        raise PlanogramError(
            f"row {number} of the planogram has {count} facings: at most {MAX_FACINGS} fit; divide it"
        )


def same_product(entry: Entry, guess: Guess) -> bool:
    """Whether a guess is what the entry asks for: by GTIN where both have one, else by name, else by category.

    Capitals and blanks do not count. An entry without product is met by everything of its category and the ones
    below it: ``drinks`` by ``drinks/juice``.
    """
    if entry.gtin and guess.gtin:
        return gtin_key(entry.gtin) == gtin_key(guess.gtin)
    if entry.product is not None:
        return guess.product is not None and name_key(entry.product) == name_key(guess.product)
    return entry.category is not None and same_category(entry.category, guess.category)


def same_category(wanted: str, found: str | None) -> bool:
    """Whether a category is the wanted one or below it."""
    return found is not None and (name_key(found) + "/").startswith(name_key(wanted).rstrip("/") + "/")


@lru_cache(maxsize=8192)  # a comparison asks for the same few names thousands of times
def name_key(name: str) -> str:
    """Equal for names that differ in capitals and blanks alone."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
