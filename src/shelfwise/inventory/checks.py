"""Checking that what is kept beside the movements is what they tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)

from shelfwise.database import Database
from shelfwise.inventory.names import words_in
from shelfwise.inventory.store_upkeep import derived_store_levels
from shelfwise.inventory.tables import (
    categories,
    levels,
    movements,
    place_of,
    product_words,
    products,
    store_levels,
)

__all__ = ["Problem", "check_book", "derived_levels"]

_SHOWN: Final = 100
"""Problems of one sort that are told."""

_CHUNK: Final = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the book that is not as its movements and products tell.

    Attributes:
        table: where it is.
        row: the row's key, such as ``product 5, location 3``.
        message: what is wrong.
    """

    table: str
    row: str
    message: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.table}: {self.row}: {self.message}"


def check_book(database: Database) -> tuple[Problem, ...]:
    """Reckon levels, stores' levels, words and moves anew and compare; a hundred problems of each sort are told."""
    with database.read(snapshot=True) as connection:
        return (
            *_levels(connection),
            *_store_levels(connection),
            *_moves(connection),
            *_undone(connection),
            *_words(connection),
        )


def derived_levels() -> Select[Any]:
    """What ``levels`` must hold by the movements: product_id, location_id, store_id, quantity, count_id, …"""
    undoing = movements.alias("undoing")
    key = (movements.c.product_id, movements.c.location_id)
    is_count = and_(movements.c.kind == "counted", movements.c.undoes_id.is_(None), undoing.c.id.is_(None))
    order = (movements.c.at, place_of(movements), movements.c.id)
    placed = (
        select(
            *key,
            movements.c.store_id,
            movements.c.id,
            movements.c.at,
            movements.c.kind,
            movements.c.quantity,
            case((is_count, 1), else_=0).label("is_count"),
            func.row_number().over(partition_by=key, order_by=order).label("nth"),
        )
        .outerjoin_from(movements, undoing, undoing.c.undoes_id == movements.c.id)
        .subquery("placed")
    )
    last_count = func.max(case((placed.c.is_count == 1, placed.c.nth))).over(
        partition_by=(placed.c.product_id, placed.c.location_id)
    )
    told = select(placed, last_count.label("last")).subquery("told")
    last = told.c.nth == told.c.last
    behind = and_(told.c.kind != "counted", or_(told.c.last.is_(None), told.c.nth > told.c.last))
    zero = literal(0, movements.c.quantity.type)
    return select(
        told.c.product_id,
        told.c.location_id,
        func.min(told.c.store_id).label("store_id"),
        func.sum(case((or_(last, behind), told.c.quantity), else_=zero)).label("quantity"),
        func.max(case((last, told.c.id))).label("count_id"),
        func.max(case((last, told.c.at))).label("count_at"),
        func.max(told.c.at).label("last_at"),
    ).group_by(told.c.product_id, told.c.location_id)


def _levels(connection: Connection) -> Iterator[Problem]:
    told = derived_levels().subquery("told")
    same_row = and_(told.c.product_id == levels.c.product_id, told.c.location_id == levels.c.location_id)
    wrong = (
        select(told, levels.c.quantity.label("kept"))
        .outerjoin_from(told, levels, same_row)
        .where(or_(levels.c.product_id.is_(None), _differ(told, levels)))
        .limit(_SHOWN)
    )
    for row in connection.execute(wrong):
        at = f"product {row.product_id}, location {row.location_id}"
        kept = "nothing is kept" if row.kept is None else f"{row.kept} is kept"
        yield Problem("levels", at, f"{kept}, the movements tell {row.quantity}")
    without = (
        select(levels.c.product_id, levels.c.location_id)
        .outerjoin_from(levels, told, same_row)
        .where(told.c.product_id.is_(None))
        .limit(_SHOWN)
    )
    for row in connection.execute(without):
        at = f"product {row.product_id}, location {row.location_id}"
        yield Problem("levels", at, "a level is kept, but nothing moved")


def _store_levels(connection: Connection) -> Iterator[Problem]:
    told = derived_store_levels().subquery("told")
    same_row = and_(
        told.c.store_id == store_levels.c.store_id, told.c.product_id == store_levels.c.product_id
    )
    wrong = (
        select(told, store_levels.c.quantity.label("kept"))
        .outerjoin_from(told, store_levels, same_row)
        .where(or_(store_levels.c.product_id.is_(None), _differ(told, store_levels)))
        .limit(_SHOWN)
    )
    for row in connection.execute(wrong):
        at = f"store {row.store_id}, product {row.product_id}"
        kept = "nothing is kept" if row.kept is None else f"what is kept ({row.kept}) is out of step"
        yield Problem("store_levels", at, f"{kept}, the levels tell {row.quantity}")
    without = (
        select(store_levels.c.store_id, store_levels.c.product_id)
        .outerjoin_from(
            store_levels,
            products,
            and_(products.c.id == store_levels.c.product_id, products.c.archived_at.is_(None)),
        )
        .where(products.c.id.is_(None))
        .limit(_SHOWN)
    )
    for row in connection.execute(without):
        at = f"store {row.store_id}, product {row.product_id}"
        yield Problem("store_levels", at, "a level is kept of a product that is archived")


def _differ(told: Any, kept: Any) -> ColumnElement[bool]:
    names = [column.name for column in kept.columns]
    return or_(*(told.c[name].is_distinct_from(kept.c[name]) for name in names))


def _moves(connection: Connection) -> Iterator[Problem]:
    other = movements.alias("other")
    matches = and_(
        other.c.other_id == movements.c.id,
        other.c.booking_id == movements.c.booking_id,
        other.c.product_id == movements.c.product_id,
        other.c.at == movements.c.at,
        other.c.quantity == -movements.c.quantity,
        other.c.location_id != movements.c.location_id,
    )
    query = (
        select(movements.c.id)
        .outerjoin_from(movements, other, and_(other.c.id == movements.c.other_id, matches))
        .where(movements.c.kind == "moved", other.c.id.is_(None))
        .limit(_SHOWN)
    )
    for number in connection.execute(query).scalars():
        yield Problem("movements", str(number), "the other half of this move is missing or does not fit")


def _undone(connection: Connection) -> Iterator[Problem]:
    undone = movements.alias("undone")
    fits = and_(
        undone.c.kind == movements.c.kind,
        undone.c.product_id == movements.c.product_id,
        undone.c.location_id == movements.c.location_id,
        undone.c.at == movements.c.at,
        undone.c.undoes_id.is_(None),
        or_(movements.c.kind == "counted", undone.c.quantity == -movements.c.quantity),
    )
    query = (
        select(movements.c.id)
        .outerjoin_from(movements, undone, and_(undone.c.id == movements.c.undoes_id, fits))
        .where(movements.c.undoes_id.is_not(None), undone.c.id.is_(None))
        .limit(_SHOWN)
    )
    for number in connection.execute(query).scalars():
        yield Problem("movements", str(number), "it undoes a movement that it does not fit")


def _words(connection: Connection) -> Iterator[Problem]:
    told = 0
    last = 0
    while told < _SHOWN:
        rows = connection.execute(
            select(products.c.id, products.c.name, categories.c.name)
            .outerjoin_from(products, categories, categories.c.id == products.c.category_id)
            .where(products.c.id > last)
            .order_by(products.c.id)
            .limit(_CHUNK)
        ).all()
        if not rows:
            return
        kept: dict[int, set[str]] = {row[0]: set() for row in rows}
        query = select(product_words.c.product_id, product_words.c.word).where(
            product_words.c.product_id > last, product_words.c.product_id <= rows[-1][0]
        )
        for product_id, word in connection.execute(query):
            kept[product_id].add(word)
        for product_id, name, category in rows:
            if kept[product_id] != words_in(name, category):
                told += 1
                yield Problem("product_words", f"product {product_id}", f"{name} is found by other words")
        last = rows[-1][0]
