"""Which products a list is about: conditions on products, and those that all of them leave if they are few.

A condition knows the products that it leaves by an index of its own, and how to try one product. Where few are left,
a list looks these up and sorts them; where many are left, it walks in its order and tries each.

Putting a query together takes longer than answering it. So conditions have a *form*, of which queries are made and
kept, and values, which are the queries' parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    func,
    intersect,
    literal_column,
    select,
)

from shelfwise.database.lists import among
from shelfwise.errors import NotFoundError, ProductError
from shelfwise.gtin import gtin_key, parse_gtin
from shelfwise.inventory.names import words_in
from shelfwise.inventory.part import checked_id
from shelfwise.inventory.tables import KEY, categories, levels, locations, product_words, products
from shelfwise.inventory.words import LAST, MOST_WORDS

__all__ = [
    "FEW",
    "SUBTREE",
    "Condition",
    "Form",
    "Left",
    "all_begin",
    "begins",
    "few_left",
    "holds",
    "in_categories",
    "in_locations",
    "left_by_all",
    "meant_by",
    "subtree_of",
    "subtree_of_category",
]

FEW: Final = 2000
"""Products that are looked up by their numbers."""

_below = locations.alias("below")
SUBTREE: Final = select(_below.c.id).where(
    _below.c.trail >= bindparam("trail", type_=KEY), _below.c.trail < bindparam("trail_end", type_=KEY)
)
"""The numbers of a location and of those below it; its parameters are those of :func:`subtree_of`."""


_NONE: Final[ColumnElement[int]] = literal_column("0")
"""Offset of a subquery of which PostgreSQL is to make no join, for that would read all that a condition leaves."""


class Form(NamedTuple):
    """What a condition is of, and which of its kind: two words have two forms."""

    kind: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on products: its form, and the parameters of queries with it."""

    form: Form
    values: Mapping[str, Any]


def subtree_of(trail: str) -> dict[str, str]:
    """The parameters of :data:`SUBTREE` for the location of this trail."""
    # "/1/5/" and all that begins so; "0" is the character after "/".
    return {"trail": trail, "trail_end": trail[:-1] + "0"}


def in_locations(trail: str) -> Condition:
    """It is, or was, at the location of this trail or below it."""
    return Condition(Form("locations"), subtree_of(trail))


def in_categories(ids: Sequence[int]) -> Condition:
    """It belongs to one of these categories."""
    return Condition(Form("categories"), {"category_ids": list(ids)})


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
            return [Condition(Form("gtin"), {"gtin": key})]
    words = sorted(words_in(query), key=len, reverse=True)[:MOST_WORDS]
    if query.strip() and not words:
        return None
    return [
        Condition(Form("word", number), {f"word_{number}": word, f"word_{number}_end": word + LAST})
        for number, word in enumerate(words)
    ]


@functools.lru_cache(maxsize=64)
def _chosen(form: Form) -> tuple[Select[Any], ColumnElement[Any]]:
    """The numbers of the products that a condition leaves, some perhaps more than once; and their column."""
    name = f"{form.kind}_{form.number}"
    if form.kind == "word":
        words = product_words.alias(name)
        return select(words.c.product_id).where(begins(words.c.word, form)), words.c.product_id
    if form.kind == "locations":
        there = levels.alias(name)
        return select(there.c.product_id).where(there.c.location_id.in_(SUBTREE)), there.c.product_id
    chosen = products.alias(name)
    if form.kind == "gtin":
        fits = chosen.c.gtin_key == bindparam("gtin", type_=String())
    else:
        fits = among(chosen.c.category_id, "category_ids")
    return select(chosen.c.id).where(fits), chosen.c.id


def holds(form: Form, product_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """That a condition leaves the product of this number; tried of each product that comes along."""
    if form.kind == "locations":
        # An expression, or the product would be looked for at each of many locations: it is at few.
        there = levels.alias(f"{form.kind}_{form.number}")
        here = (there.c.location_id + literal_column("0")).in_(SUBTREE.offset(_NONE))
        query = select(there.c.product_id).where(there.c.product_id == product_id, here)
    else:
        query, column = _chosen(form)
        query = query.where(column == product_id)
    return query.offset(_NONE).exists()


@functools.lru_cache(maxsize=256)
def left_by_all(forms: tuple[Form, ...]) -> Select[Any]:
    """The products that all conditions leave, found by the first."""
    first, *others = forms
    query, column = _chosen(first)
    return query.where(*(holds(other, column) for other in others))


@functools.lru_cache(maxsize=256)
def _some_left(forms: tuple[Form, ...]) -> Select[Any]:
    return left_by_all(forms).limit(bindparam("some", type_=Integer))


@functools.lru_cache(maxsize=256)
def _all_left(forms: tuple[Form, ...]) -> Select[Any]:
    """Some of the products that all conditions leave, where each condition leaves few: all are read, and compared."""
    each = intersect(*(_chosen(form)[0] for form in forms)).subquery()
    return select(each).limit(bindparam("some", type_=Integer))


@functools.lru_cache(maxsize=64)
def _counted(form: Form) -> Select[Any]:
    return select(func.count()).select_from(_some_left((form,)).subquery())


@dataclass(frozen=True, slots=True)
class Left:
    """Products that are to be looked up.

    Attributes:
        ids: their numbers; None where they are many, and those of :func:`left_by_all` are meant.
        forms: of the conditions: those still to be tried of each product, or without numbers all of them.
        most: how many the first of all forms leaves at most; where there are no numbers, exactly.
    """

    ids: list[int] | None
    forms: tuple[Form, ...]
    most: int


def few_left(connection: Connection, conditions: Sequence[Condition], most: int) -> Left | None:
    """The products that all conditions leave, if a condition leaves at most ``most``; else None."""
    counts = {
        each.form: connection.scalar(_counted(each.form), {**each.values, "some": most + 1}) or 0
        for each in conditions
    }
    ordered = sorted(conditions, key=lambda each: counts[each.form])
    forms = tuple(each.form for each in ordered)
    if counts[forms[0]] <= FEW:
        return Left(sorted(_ids(connection, ordered[0], FEW)), forms[1:], FEW)
    narrow = [each for each in ordered if counts[each.form] <= most]
    if len(narrow) > 1:
        together = tuple(each.form for each in narrow)
        values = {name: value for each in narrow for name, value in each.values.items()}
        left = connection.scalars(_all_left(together), {**values, "some": FEW + 1}).all()
        if len(left) <= FEW:
            return Left(sorted(left), forms[len(narrow) :], FEW)
    return Left(None, forms, counts[forms[0]]) if narrow else None


def begins(text: ColumnElement[str], form: Form) -> ColumnElement[bool]:
    """That a name or a word begins with what a condition of this form asks for."""
    start, end = (bindparam(f"word_{form.number}{which}", type_=KEY) for which in ("", "_end"))
    return (text >= start) & (text < end)


def all_begin(connection: Connection, word: Condition, count: int) -> bool:
    """Whether the products that a word leaves, so many, are those whose names begin with it.

    A name that begins with a word has it; so it is enough that there are as many.
    """
    named: int | None = connection.scalar(_named(word.form), {**word.values, "some": count + 1})
    return named == count


@functools.lru_cache(maxsize=64)
def _named(form: Form) -> Select[Any]:
    some = select(products.c.id).where(begins(products.c.name_key, form))
    return select(func.count()).select_from(some.limit(bindparam("some", type_=Integer)).subquery())


def _ids(connection: Connection, condition: Condition, most: int) -> set[int]:
    query = _some_left((condition.form,))
    return set(connection.scalars(query, {**condition.values, "some": most}))


def subtree_of_category(connection: Connection, category_id: int) -> list[int]:
    """The numbers of a category and of those below it by path.

    Raises:
        NotFoundError: there is none of this number.
    """
    own = connection.scalar(_CATEGORY, {"id": checked_id("category", category_id)})
    if own is None:
        raise NotFoundError(f"there is no category {category_id}")
    # "fruit/" and all that begins so; "0" is the character after "/".
    return list(connection.scalars(_CATEGORIES, {"own": own, "below": own + "/", "end": own + "0"}))


_CATEGORY: Final = select(categories.c.name_key).where(categories.c.id == bindparam("id"))
_CATEGORIES: Final = select(categories.c.id).where(
    (categories.c.name_key == bindparam("own"))
    | ((categories.c.name_key >= bindparam("below")) & (categories.c.name_key < bindparam("end")))
)
