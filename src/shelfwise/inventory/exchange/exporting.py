"""From the book into files, row by row, so that ten million movements need no more memory than ten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from sqlalchemy import Connection, and_, or_, select

from shelfwise.database import Database
from shelfwise.inventory.exchange.columns import COLUMNS, Table
from shelfwise.inventory.exchange.writing import Format, write_table
from shelfwise.inventory.product_rows import check_store
from shelfwise.inventory.tables import categories, levels, locations, movements, products, store_levels

__all__ = ["Slice", "export_file"]

_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class Slice:
    """Which movements to export: from ``since`` on and before ``until``; None for no limit."""

    since: datetime | None = None
    until: datetime | None = None


def export_file(
    database: Database,
    table: Table,
    kind: Format,
    store_id: int,
    out: IO[bytes],
    part: Slice = Slice(),  # frozen
) -> int:
    """Write a table of a store to a file and return how many rows it has.

    ``counts`` is a sheet to count with: what the book says is at each place, to be corrected and imported again. In
    ``movements`` a move is one row, from its place to the other; one to another store has no row that imports can
    read, so its halves are written as ``corrected``.

    Raises:
        NotFoundError: there is no such store.
    """
    headings = [column.name for column in COLUMNS[table]]
    with database.read(snapshot=True) as connection:
        check_store(connection, store_id)
        rows = _ROWS[table](connection, store_id, part)
        return write_table(out, kind, table, headings, rows)


def _products(connection: Connection, store_id: int, _: Slice) -> Iterator[Sequence[Any]]:
    query = (
        select(
            products.c.name,
            categories.c.name,
            products.c.gtin,
            products.c.unit,
            products.c.pack_size,
            products.c.minimum,
            products.c.target,
            store_levels.c.quantity,
            products.c.archived_at.is_not(None),
        )
        .select_from(
            products.outerjoin(categories, categories.c.id == products.c.category_id).outerjoin(
                store_levels,
                and_(store_levels.c.product_id == products.c.id, store_levels.c.store_id == store_id),
            )
        )
        .where(products.c.archived_at.is_(None))
        .order_by(products.c.name_key)
    )
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        yield (*row[:-1], bool(row[-1]))


def _counts(connection: Connection, store_id: int, _: Slice) -> Iterator[Sequence[Any]]:
    query = (
        select(products.c.name, products.c.gtin, locations.c.path, levels.c.quantity)
        .select_from(
            levels.join(products, products.c.id == levels.c.product_id).join(
                locations, locations.c.id == levels.c.location_id
            )
        )
        .where(
            levels.c.store_id == store_id,
            products.c.archived_at.is_(None),
            locations.c.archived_at.is_(None),
        )
        .order_by(locations.c.path_key, products.c.name_key)
    )
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        # Less than nothing cannot be counted.
        yield (*row[:3], max(row.quantity, 0), None, None)


def _movements(connection: Connection, store_id: int, part: Slice) -> Iterator[Sequence[Any]]:
    other = movements.alias()
    target = locations.alias()
    query = (
        select(
            movements,
            products.c.name.label("product"),
            products.c.gtin,
            locations.c.path,
            target.c.path.label("target"),
            target.c.store_id.label("target_store"),
        )
        .select_from(
            movements.join(products, products.c.id == movements.c.product_id)
            .join(locations, locations.c.id == movements.c.location_id)
            .outerjoin(other, other.c.id == movements.c.other_id)
            .outerjoin(target, target.c.id == other.c.location_id)
        )
        .where(movements.c.store_id == store_id)
        .order_by(movements.c.id)
    )
    if part.since is not None:
        query = query.where(movements.c.at >= part.since)
    if part.until is not None:
        query = query.where(movements.c.at < part.until)
    inner = or_(movements.c.other_id.is_(None), movements.c.id < movements.c.other_id)
    query = query.where(or_(inner, target.c.store_id != store_id))
    for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
        yield _movement(row, store_id)


def _movement(row: Any, store_id: int) -> Sequence[Any]:
    counted = row.kind == "counted"
    elsewhere = row.kind == "moved" and row.target_store != store_id
    given = row.quantity if counted or row.kind == "corrected" or elsewhere else abs(row.quantity)
    if row.kind == "corrected" and row.undoes_id is not None:
        given = -row.quantity
    return (
        row.id,
        "corrected" if elsewhere else row.kind,
        row.product,
        row.gtin,
        row.path,
        None if elsewhere else row.target,
        given,
        row.at,
        row.reason,
        row.user_name,
        row.booked_at,
        None if counted else row.quantity,
        row.undoes_id,
        row.photo,
        row.model,
        row.confidence,
    )


_ROWS: Final = {"products": _products, "counts": _counts, "movements": _movements}
