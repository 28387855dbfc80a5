"""Which products a list is about: conditions on products, and those that all of them leave if they are few.

A condition knows the products that it leaves by an index of its own, and how to try one product. Where few are left,
a list looks these up and sorts them; where many are left, it walks in its order and tries each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, select

from shelfwise.errors import NotFoundError, ProductError
from shelfwise.gtin import gtin_key, parse_gtin
from shelfwise.inventory.names import words_in
from shelfwise.inventory.tables import categories, levels, locations, product_words, products
from shelfwise.inventory.words import begins_with

__all__ = [
    "Condition",
    "few_left",
    "in_categories",
    "in_locations",
    "subtree",
    "subtree_of_category",
]

_MOST_WORDS: Final = 12
_FEW: Final = 2000
_LOOKED_THROUGH: Final = 20_000
"""Products that are looked up one by one, rather than walking through a list and trying each."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on products.

    Attributes:
        chosen: the numbers of the products that it leaves, some perhaps more than once.
        column: the query's column of these.
    """

    chosen: Select[Any]
    column: ColumnElement[Any]

    def holds(self, product_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """That it leaves the product of this number."""
        return self.chosen.where(self.column == product_id).exists()


def meant_by(connection: Connection, query: str) -> list[Condition] | None:
    """The conditions of what somebody typed: beginnings of words in the name or category; or a GTIN.

    Returns:
        the conditions, all of which must hold; None if nothing can be meant by it.
    """
    try:
        key = gtin_key(parse_gtin(query))
    except ProductError:
        pass
    else:
        if connection.scalar(select(products.c.id).where(products.c.gtin_key == key)) is not None:
            return [Condition(select(products.c.id).where(products.c.gtin_key == key), products.c.id)]
    words = sorted(words_in(query), key=len, reverse=True)[:_MOST_WORDS]
    if query.strip() and not words:
        return None
    return [_word_begins(word) for word in words]


def _word_begins(beginning: str) -> Condition:
    words = product_words.alias()
    return Condition(
        select(words.c.product_id).where(begins_with(words.c.word, beginning)), words.c.product_id
    )


def in_categories(ids: Sequence[int]) -> Condition:
    """It belongs to one of these categories."""
    chosen = products.alias()
    return Condition(select(chosen.c.id).where(chosen.c.category_id.in_(ids)), chosen.c.id)


def in_locations(trail: str) -> Condition:
    """It is, or was, at a location of this trail or below it."""
    there = levels.alias()
    chosen = select(there.c.product_id).where(there.c.location_id.in_(subtree(trail)))
    return Condition(chosen, there.c.product_id)


def subtree(trail: str) -> Select[Any]:
    """The numbers of the location of this trail and of those below it."""
    # "/1/5/" and all that begins so; "0" is the character after "/".
    below = locations.alias()
    return select(below.c.id).where(below.c.trail >= trail, below.c.trail < trail[:-1] + "0")


def subtree_of_category(connection: Connection, category_id: int) -> list[int]:
    """The numbers of a category and of those below it by path.

    Raises:
        NotFoundError: there is none of this number.
    """
    key = categories.c.name_key
    own = connection.scalar(select(key).where(categories.c.id == category_id))
    if own is None:
        raise NotFoundError(f"there is no category {category_id}")
    # "fruit/" and all that begins so; "0" is the character after "/".
    below = (key >= own + "/") & (key < own + "0")
    return list(connection.scalars(select(categories.c.id).where((key == own) | below)))


def few_left(connection: Connection, conditions: Sequence[Condition]) -> Sequence[int] | Select[Any] | None:
    """The products that all conditions leave: their numbers, or where these are many, a query of them.

    Returns:
        None where there is no condition, or each leaves more than are worth looking up.
    """
    if not conditions:
        return None
    counted = [(_count(connection, condition), condition) for condition in conditions]
    counted.sort(key=lambda pair: pair[0])
    (count, first), *others = counted
    if count == _LOOKED_THROUGH:
        return None
    query = first.chosen
    for _, other in others:
        query = query.where(other.holds(first.column))
    if count <= _FEW or others:
        found = connection.scalars(query.limit(_FEW + 1)).all()
        if len(found) <= _FEW:
            return sorted(set(found))
    return query


def _count(connection: Connection, condition: Condition) -> int:
    rows = condition.chosen.limit(_LOOKED_THROUGH).subquery()
    return connection.scalar(select(func.count()).select_from(rows)) or 0
