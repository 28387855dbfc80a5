"""What a level was at a time: the latest count before it, and the changes since.

Movements stand in the order of ``(at, place)`` (:mod:`shelfwise.inventory.tables`). A moment of a product at a
location is a row of *moments*: ``product_id``, ``location_id``, ``at`` and ``place``; what stands before ``(at,
place)`` has happened by then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
)

from shelfwise.database import Quantity, UtcTime
from shelfwise.inventory.tables import COUNTS, movements, place_of

__all__ = ["AFTER_ALL", "BEFORE_ALL", "is_count", "levels_at"]

AFTER_ALL: Final = 2**63 - 1
"""A place after all movements of a moment: what happened at that moment has happened."""

BEFORE_ALL: Final = datetime(1, 1, 2, tzinfo=UTC)
"""A time before all movements, that has a date in every time zone."""


def is_count(table: Any) -> ColumnElement[bool]:
    """That a row of ``movements``, or of a named alias of it, is a count that is not undone."""
    undoing = movements.alias()
    # In the words of the indexes of counts, without parameters: else SQLite could not tell that they fit.
    words = COUNTS.replace("kind", f"{table.name}.kind").replace("undoes_id", f"{table.name}.undoes_id")
    return and_(text(words), ~exists().where(undoing.c.undoes_id == table.c.id))


def levels_at(moments: FromClause) -> Select[Any]:
    """The levels at moments.

    Args:
        moments: a subquery with ``product_id``, ``location_id``, ``at`` and ``place``, and what else is wanted.

    Returns:
        a query of all columns of ``moments``, ``quantity``, and ``count_at``: when the count was that it rests on,
        None without one.
    """
    latest = select(moments, _latest_count(moments).label("count_id")).subquery("latest")
    counted = movements.alias("counted")
    quantity = func.coalesce(counted.c.quantity, 0) + func.coalesce(_changes(latest, counted), 0)
    return select(
        *(column for column in latest.c if column.key != "count_id"),
        type_coerce(quantity, Quantity).label("quantity"),
        counted.c.at.label("count_at"),
    ).select_from(latest.outerjoin(counted, counted.c.id == latest.c.count_id))


def _latest_count(moments: FromClause) -> Any:
    count = movements.alias("count")
    return (
        select(count.c.id)
        .where(
            is_count(count),
            count.c.product_id == moments.c.product_id,
            count.c.location_id == moments.c.location_id,
            count.c.at <= moments.c.at,
            or_(count.c.at < moments.c.at, count.c.id < moments.c.place),
        )
        .order_by(count.c.at.desc(), count.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def _changes(latest: FromClause, counted: Any) -> Any:
    """The sum of the changes after a count and before a moment."""
    changed = movements.alias("changed")
    count_at = func.coalesce(counted.c.at, literal(BEFORE_ALL, UtcTime))
    return (
        select(func.sum(changed.c.quantity))
        .where(
            changed.c.product_id == latest.c.product_id,
            changed.c.location_id == latest.c.location_id,
            changed.c.kind != "counted",
            changed.c.at >= count_at,
            changed.c.at <= latest.c.at,
            or_(changed.c.at > count_at, place_of(changed) > func.coalesce(counted.c.id, 0)),
            or_(changed.c.at < latest.c.at, place_of(changed) < latest.c.place),
        )
        .scalar_subquery()
    )
