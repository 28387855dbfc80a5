"""How well what stands on a shelf does for what is planned, for thousands of both.

Most products have nothing to do with most entries. So entries are looked up by what a product is called, and each
distinct pair of an entry and a product is judged once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shelfwise.gtin import gtin_key
from shelfwise.shelf.facings import Guess, Named
from shelfwise.shelf.planned import Entry, Planogram, name_key, same_product

__all__ = ["SURE", "Lacking", "Wanted", "Worths"]

Floats = NDArray[np.float64]

SURE: Final = 2.0
"""It is what is planned."""
_LIKELY: Final = 1.5
"""It is asked about, and the likeliest is what is planned."""
_POSSIBLE: Final = 1.25
"""It is asked about, and what is planned is one of the candidates; or only its category is known, the planned one."""
_UNKNOWN: Final = 0.5
"""It may be anything."""
_DOUBTED: Final = 0.25
"""It is asked about, and what is planned is none of the candidates; these are few."""

_Kind = tuple[str | None, str | None, str | None]


class Wanted:
    """The entries of a planogram, by what they ask for.

    Args:
        planogram: its rows.
    """

    def __init__(self, planogram: Planogram) -> None:
        self._kinds: dict[_Kind, int] = {}
        self._examples: list[Entry] = []
        self._places: list[list[int]] = []
        self._by_name: dict[tuple[str, str], list[int]] = {}
        self._met: dict[_Kind, list[int]] = {}
        entries = [entry for row in planogram.rows for entry in row]
        for number, entry in enumerate(entries):
            kind = self._kinds.setdefault(_kind(entry), len(self._examples))
            if kind == len(self._examples):
                self._examples.append(entry)
                self._places.append([])
                for name in _names(entry):
                    self._by_name.setdefault(name, []).append(kind)
            self._places[kind].append(number)

    def asking_for(self, named: Named) -> list[int]:
        """Numbers of the entries that ask for what a facing is said to be, row by row."""
        return sorted(number for kind in self._asking(_own(named)) for number in self._places[kind])

    def worths(self, seen: Sequence[Named]) -> Worths:
        """What facings of these names are worth to the entries.

        Args:
            seen: what is said of each.
        """
        near: dict[int, dict[int, float]] = {}
        for number, named in enumerate(seen):
            for kind, worth in self._near(named).items():
                near.setdefault(kind, {})[number] = worth
        return Worths(self._kinds, np.array([_rest(named) for named in seen]), near)

    def _near(self, named: Named) -> dict[int, float]:
        """What it is worth to each kind of entry that asks for something that it may be."""
        own = self._asking(_own(named))
        if named.answer == "accept":
            within: list[int] = []
            if named.product is None and named.category is not None:
                names = _wider("any of", named.category)
                within = [kind for name in names for kind in self._by_name.get(name, ())]
            return dict.fromkeys(within, _POSSIBLE) | dict.fromkeys(own, SURE)
        if named.answer == "ask":
            possible = [kind for guess in named.guesses for kind in self._asking(guess)]
            return dict.fromkeys(possible, _POSSIBLE) | dict.fromkeys(own, _LIKELY)
        return {}

    def _asking(self, guess: Guess) -> list[int]:
        """Kinds of entries that ask for a guess."""
        key = _kind(guess)
        if key not in self._met:
            near = {kind for name in _names_for(guess) for kind in self._by_name.get(name, ())}
            self._met[key] = [kind for kind in near if same_product(self._examples[kind], guess)]
        return self._met[key]


class Worths:
    """What facings are worth to the entries of a planogram; :meth:`Wanted.worths` makes it."""

    def __init__(self, kinds: dict[_Kind, int], rest: Floats, near: dict[int, dict[int, float]]) -> None:
        self._kinds = kinds
        self._rest = rest
        self._near = near

    def of(self, row: Sequence[Entry]) -> Floats:
        """The worth of each facing to each entry of a row: an array of shape (entries, facings).

        0 means that it does not do.
        """
        table = np.tile(self._rest, (len(row), 1))
        for line, entry in enumerate(row):
            near = self._near.get(self._kinds[_kind(entry)], {})
            table[line, list(near)] = list(near.values())
        return table


class Lacking:
    """Planned products that lack, by what of them a facing may be.

    Args:
        entries: those that lack; those that ask for any product of a category do not matter.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        products = [entry for entry in entries if entry.product is not None or entry.gtin]
        self._any = any(not entry.category for entry in products)
        self._names: set[tuple[str, str]] = set()
        for category in {entry.category for entry in products if entry.category}:
            self._names.add(("category", _path(category)))
            self._names.update(_wider("any of", category))

    def may_be(self, named: Named) -> bool:
        """Whether a facing of which only the category is known may be one of them.

        It may where one is of its category, of one below it or above it, or where the planogram does not tell the
        category of one: names of categories do not all go equally deep.
        """
        if named.product is not None or named.category is None:
            return False
        if self._any or ("any of", name_key(named.category) + "/") in self._names:
            return True
        return not self._names.isdisjoint(_wider("category", named.category))


def _rest(named: Named) -> float:
    """What it is worth to an entry that asks for nothing that it may be."""
    if named.answer == "accept" or named.settled:
        return 0.0
    return _DOUBTED if named.answer == "ask" and named.guesses else _UNKNOWN


def _own(named: Named) -> Guess:
    return Guess(named.product, named.category, named.confidence, named.gtin)


def _kind(what: Entry | Guess) -> _Kind:
    """Equal for what asks for the same, or is the same."""
    return what.product, what.category, what.gtin


def _names(entry: Entry) -> Iterator[tuple[str, str]]:
    """What an entry is found by."""
    if entry.gtin:
        yield "gtin", gtin_key(entry.gtin)
    if entry.product is not None:
        yield "product", name_key(entry.product)
    if entry.category is not None:
        yield "any of", _path(entry.category)
        if entry.product is None:
            yield "category", _path(entry.category)


def _names_for(guess: Guess) -> Iterator[tuple[str, str]]:
    """What finds all entries that may ask for a guess."""
    if guess.gtin:
        yield "gtin", gtin_key(guess.gtin)
    if guess.product is not None:
        yield "product", name_key(guess.product)
    if guess.category is not None:
        yield from _wider("category", guess.category)


def _path(category: str) -> str:
    """What the names of a planned category and of those below it begin with."""
    return name_key(category).rstrip("/") + "/"


def _wider(kind: str, category: str) -> Iterator[tuple[str, str]]:
    """A category and those that it is below."""
    path = name_key(category) + "/"
    return ((kind, path[:end]) for end, letter in enumerate(path, 1) if letter == "/")
