"""Which of the stock book's categories a model means: shops and models write and divide them differently."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from sqlalchemy import select

from shelfwise.database import Database
from shelfwise.inventory.names import name_key
from shelfwise.inventory.tables import categories

__all__ = ["StockCategories", "levels_of", "meant", "within"]

_LEVELS: Final = "/"
_CATEGORIES: Final = select(categories.c.id, categories.c.name).where(categories.c.archived_at.is_(None))


class StockCategories:
    """The stock book's categories, without archived ones. They are read once: make one for each request.

    Args:
        database: the stock book.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._meant: dict[str, Sequence[int]] = {}

    def meant_by(self, category: str) -> Sequence[int]:
        """Ids of the categories that mean one of the model's, as :func:`meant` tells."""
        if category not in self._meant:
            self._meant[category] = meant(category, self._stock)
        return self._meant[category]

    def are_wider(self, category: str) -> bool:
        """Whether what means one of the model's categories is only the nearest above, which holds more."""
        levels, numbers = levels_of(category), set(self.meant_by(category))
        return bool(numbers) and all(
            within(levels, each) and levels != each for number, each in self._stock if number in numbers
        )

    @cached_property
    def _stock(self) -> list[tuple[int, tuple[str, ...]]]:
        with self._database.read() as connection:
            return [(number, levels_of(name)) for number, name in connection.execute(_CATEGORIES)]


def levels_of(category: str) -> tuple[str, ...]:
    """The levels of a category, folded for comparing."""
    return tuple(name_key(level) for level in category.split(_LEVELS))


def within(category: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a category is the other one or below it."""
    return category[: len(other)] == other


def meant(category: str, stock: Sequence[tuple[int, tuple[str, ...]]]) -> list[int]:
    """The stock book's categories that mean one of the model's.

    That is the same one with what is below it; else those whose last level has the same name; else the nearest above.

    Args:
        category: the model's.
        stock: the stock book's: ids and levels.
    """
    levels = levels_of(category)
    same = [number for number, each in stock if within(each, levels)]
    if same:
        return same
    alike = [number for number, each in stock if each[-1] == levels[-1]]
    if alike:
        return alike
    above = [(len(each), number) for number, each in stock if within(levels, each)]
    return [max(above)[1]] if above else []
