"""A large stock book, made in bulk: products, two years of movements, and the levels that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, create_engine, insert, text
from sqlalchemy.engine import Engine

from shelfwise.database import Database
from shelfwise.inventory.names import name_key, words_in
from shelfwise.inventory.store_upkeep import add_store_levels
from shelfwise.inventory.tables import (
    bookings,
    categories,
    levels,
    locations,
    movements,
    product_words,
    products,
    stores,
)

__all__ = ["Filled", "fill"]

STORES: Final = 3
AISLES: Final = 20
SHELVES: Final = 10
DEPARTMENTS: Final = 20
KINDS: Final = ("sold", "received", "counted", "wasted", "corrected")
_SHARES: Final = (0.80, 0.13, 0.03, 0.03, 0.01)
_UNDONE: Final = 0.001
_LINES: Final = 5
_PLACE: Final = 7
_DAYS: Final = 730
_CHUNK: Final = 200_000
_ADJECTIVES: Final = ("red", "fresh", "organic", "dried", "sweet", "smoked", "whole", "fine", "dark", "light")
_NOUNS: Final = (
    *("apple", "bread", "cheese", "coffee", "juice", "milk", "noodle", "onion", "pepper", "rice"),
    *("sauce", "soap", "soup", "sugar", "tea", "tomato", "vinegar", "water", "wine", "yoghurt"),
)
_MOVEMENT: Final = (
    *("id", "booking_id", "kind", "product_id", "store_id", "location_id", "quantity", "at", "booked_at"),
    *("user_name", "undoes_id"),
)
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a book was filled with.

    Attributes:
        store_ids: its stores.
        root_ids: their root locations.
        aisle_ids: the locations below the roots.
        shelves: for each store, the locations below its aisles, where the products are.
        department_ids: the categories at the top; each has others below it.
        products: numbers of the products are 1 to this.
        movements: how many there are.
        until: time of the last movement.
    """

    store_ids: Sequence[int]
    root_ids: Sequence[int]
    aisle_ids: Sequence[int]
    shelves: Sequence[Sequence[int]]
    department_ids: Sequence[int]
    products: int
    movements: int
    until: datetime

    def shelf(self, product: int, store: int) -> int:
        """Where most of a product lies in a store."""
        return self.shelves[store - 1][_PLACE * product % len(self.shelves[store - 1])]


@dataclass(frozen=True, slots=True)
class _Moved:
    """Columns of the movements, in the order of their numbers; times in microseconds since 1970."""

    kind: Ints
    product: Ints
    store: Ints
    location: Ints
    quantity: Ints
    at: Ints
    undoes: Ints
    """Number of the movement that is undone, 0 for none."""


def fill(database: Database, product_count: int, movement_count: int, until: datetime) -> Filled:
    """Fill an empty book; the same for the same numbers and time."""
    random = np.random.default_rng(0)
    engine = _bulk_engine(database)
    until = until.astimezone(UTC).replace(microsecond=0)
    with engine.begin() as connection:
        if database.dialect == "postgresql":
            # Nothing here refers to what is not there: a million checks of it are left out.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        roots, aisles, shelves = _add_places(connection, until)
        departments = _add_products(connection, product_count, until)
        moved = _draw(random, product_count, movement_count, shelves, until)
        _add_movements(connection, moved, until)
        _add_levels(connection, moved)
        add_store_levels(connection, range(1, product_count + 1))
    if database.dialect == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    if engine is not database.engine:
        engine.dispose()
    return Filled(
        store_ids=range(1, STORES + 1),
        root_ids=roots,
        aisle_ids=aisles,
        shelves=shelves,
        department_ids=departments,
        products=product_count,
        movements=len(moved.kind),
        until=until,
    )


def _bulk_engine(database: Database) -> Engine:
    """Without the safety that a book in use needs and a file that is only being made does not."""
    if database.dialect == "postgresql":
        return database.engine
    database.close()
    engine = create_engine(database.url)
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1048576", "threads = 2"):
            raw.execute(f"PRAGMA {pragma}")
    return engine


def _add_places(connection: Connection, now: datetime) -> tuple[list[int], list[int], list[list[int]]]:
    """The stores and their locations; the roots, the aisles, and each store's shelves."""
    connection.execute(
        insert(stores),
        [
            {"id": i, "name": f"Store {i}", "name_key": f"store {i}", "created_at": now, "created_by": "bulk"}
            for i in range(1, STORES + 1)
        ],
    )
    rows: list[dict[str, Any]] = []

    def add(store: int, parent: dict[str, Any] | None, name: str) -> dict[str, Any]:
        number = len(rows) + 1
        path = f"{parent['path']} / {name}" if parent and parent["path"] else name
        row = {
            "id": number,
            "store_id": store,
            "parent_id": parent["id"] if parent else None,
            "name": name,
            "path": path,
            "path_key": path.casefold(),
            "trail": f"{parent['trail'] if parent else '/'}{number}/",
        }
        rows.append(row)
        return row

    roots, aisle_ids, shelves = [], [], []
    for store in range(1, STORES + 1):
        root = add(store, None, "")
        aisles = [add(store, root, f"Aisle {number + 1}") for number in range(AISLES)]
        roots.append(root["id"])
        aisle_ids += [aisle["id"] for aisle in aisles]
        shelves.append(
            [add(store, aisle, f"Shelf {i + 1}")["id"] for aisle in aisles for i in range(SHELVES)]
        )
    connection.execute(insert(locations), rows)
    for store, root_id in enumerate(roots, start=1):
        connection.execute(
            text("UPDATE stores SET root_id = :root WHERE id = :store"), {"root": root_id, "store": store}
        )
    _count_on(connection, stores, locations)
    return roots, aisle_ids, shelves


def _add_products(connection: Connection, count: int, now: datetime) -> list[int]:
    """The categories and the products with their words; the numbers of the categories at the top."""
    names = [f"department {i + 1}" for i in range(DEPARTMENTS)]
    names += [f"department {i + 1}/{noun}" for i in range(DEPARTMENTS) for noun in _NOUNS[:10]]
    connection.execute(
        insert(categories),
        [{"id": i, "name": name, "name_key": name} for i, name in enumerate(names, start=1)],
    )
    for start in range(1, count + 1, _CHUNK):
        rows, words = [], []
        for number in range(start, min(start + _CHUNK, count + 1)):
            noun = _NOUNS[number % len(_NOUNS)]
            name = f"{_ADJECTIVES[number // 7 % len(_ADJECTIVES)]} {noun} no. {number}"
            category = DEPARTMENTS + 1 + number % (len(names) - DEPARTMENTS)
            rows.append(
                {
                    "id": number,
                    "name": name,
                    "name_key": name_key(name),
                    "category_id": category,
                    "unit": "piece",
                    "pack_size": Decimal(6),
                    "minimum": Decimal(10) if number % 3 else None,
                    "target": Decimal(40) if number % 3 else None,
                    "version": 1,
                    "created_at": now,
                    "changed_at": now,
                }
            )
            words += [
                {"word": word, "product_id": number} for word in sorted(words_in(name, names[category - 1]))
            ]
        connection.execute(insert(products), rows)
        connection.execute(insert(product_words), words)
    _count_on(connection, categories, products)
    return list(range(1, DEPARTMENTS + 1))


def _draw(
    random: np.random.Generator,
    product_count: int,
    movement_count: int,
    shelves: Sequence[Sequence[int]],
    until: datetime,
) -> _Moved:
    """Movements at times that go on; some products move more than others."""
    undone_count = int(movement_count * _UNDONE)
    count = movement_count - undone_count
    weights = 1 / np.arange(10, product_count + 10) ** 0.6
    busy = random.permutation(product_count)
    product = 1 + busy[np.searchsorted(np.cumsum(weights / weights.sum())[:-1], random.random(count))]
    store = random.integers(0, len(shelves), count)
    # Most of a product lies on one shelf, some on another.
    shelf = (_PLACE * product + np.where(random.random(count) < 0.1, 13, 0)) % len(shelves[0])
    kind = random.choice(len(KINDS), count, p=_SHARES)
    pieces = np.select(
        [kind == 0, kind == 1, kind == 2, kind == 3],
        [
            -random.integers(1, 6, count),
            random.integers(6, 31, count),
            random.integers(0, 61, count),
            -random.integers(1, 3, count),
        ],
        1,
    )
    span = int(timedelta(days=_DAYS).total_seconds()) * 1_000_000
    end = int(until.timestamp()) * 1_000_000
    at = np.sort(end - random.integers(0, span, count))
    undone = np.sort(random.choice(np.flatnonzero(kind == 0), undone_count, replace=False))
    drawn = (kind, product, store + 1, np.array(shelves)[store, shelf], 1000 * pieces, at)
    kind, product, store, location, quantity, at = (
        np.concatenate([each, each[undone]]).astype(np.int64) for each in drawn
    )
    quantity[count:] *= -1
    undoes = np.concatenate([np.zeros(count, np.int64), undone + 1])
    return _Moved(kind, product, store, location, quantity, at, undoes)


def _add_movements(connection: Connection, moved: _Moved, until: datetime) -> None:
    count = len(moved.kind)
    indexes = [index for table in (movements, bookings) for index in table.indexes]
    for index in indexes:
        index.drop(connection)
    booked = ((i, "clerk", at) for i, at in enumerate(moved.at[::_LINES].tolist(), start=1))
    _insert(connection, bookings, ("id", "user_name", "booked_at"), booked)
    _insert(connection, movements, _MOVEMENT, _rows(moved, count))
    for index in indexes:
        index.create(connection)
    _count_on(connection, bookings, movements)


def _rows(moved: _Moved, count: int) -> Iterator[tuple[Any, ...]]:
    for start in range(0, count, _CHUNK):
        part = slice(start, min(start + _CHUNK, count))
        columns = (
            each[part].tolist() for each in (moved.product, moved.store, moved.location, moved.quantity)
        )
        rows = zip(
            moved.kind[part].tolist(),
            *columns,
            moved.at[part].tolist(),
            moved.undoes[part].tolist(),
            strict=True,
        )
        for number, (kind, product, store, location, quantity, at, undoes) in enumerate(rows, start + 1):
            yield (
                *(number, (number - 1) // _LINES + 1, KINDS[kind], product, store, location, quantity),
                *(at, at, "clerk", undoes or None),
            )


def _add_levels(connection: Connection, moved: _Moved) -> None:
    """The latest count of each product at each location, and the changes since; what was undone cancels out."""
    places = int(moved.location.max()) + 1
    pairs, pair = np.unique(moved.product * places + moved.location, return_inverse=True)
    # A counter-movement stands where the movement stands that it undoes.
    order = np.where(moved.undoes > 0, moved.undoes - 1, np.arange(len(pair)))
    counted = np.flatnonzero(moved.kind == KINDS.index("counted"))
    last = np.full(len(pairs), -1)
    np.maximum.at(last, pair[counted], counted)
    since = (moved.kind != KINDS.index("counted")) & (order > last[pair])
    # Sums of thousandths are far below 2^53: they are exact.
    level = np.bincount(pair[since], moved.quantity[since], len(pairs)).astype(np.int64)
    level += np.where(last >= 0, moved.quantity[last], 0)
    last_at = np.zeros(len(pairs), np.int64)
    np.maximum.at(last_at, pair, moved.at)
    store = np.zeros(len(pairs), np.int64)
    store[pair] = moved.store
    rows = (
        (product, location, of_store, quantity, count_id or None, count_at or None, moved_at)
        for product, location, of_store, quantity, count_id, count_at, moved_at in zip(
            (pairs // places).tolist(),
            (pairs % places).tolist(),
            store.tolist(),
            level.tolist(),
            (last + 1).tolist(),
            np.where(last >= 0, moved.at[last], 0).tolist(),
            last_at.tolist(),
            strict=True,
        )
    )
    _insert(connection, levels, tuple(column.name for column in levels.columns), rows)


def _insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]
) -> None:
    """Add rows as fast as the database takes them; times in microseconds, quantities in thousandths."""
    cursor: Any = connection.connection.cursor()
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        holders = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({holders})", rows)
        return
    times = [i for i, name in enumerate(columns) if name in ("at", "booked_at", "count_at", "last_at")]
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            values = ["\\N" if value is None else str(value) for value in row]
            for i in times:
                if row[i] is not None:
                    values[i] = datetime.fromtimestamp(row[i] / 1_000_000, UTC).isoformat()
            copy.write("\t".join(values) + "\n")


def _count_on(connection: Connection, *tables: Table) -> None:
    """Let PostgreSQL's numbers go on after those that were given."""
    if connection.dialect.name == "postgresql":
        for table in tables:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'),"
                    f" (SELECT max(id) FROM {table.name}))"
                )
            )
