"""Keeping ``levels`` and ``store_levels`` while movements are added, in one transaction with them.

Rows of ``levels`` are locked first, in the order of ``(product, location)``, and numbers of movements are given while
they are: so of two movements of one level, the later booked has the higher number. Then come those of
``store_levels``, in the order of ``(store, product)``. :mod:`shelfwise.inventory.tables` says what a level is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, case, func, insert, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from shelfwise.database import UtcTime
from shelfwise.database.prepared import Prepared
from shelfwise.database.types import QUANTITY_LIMIT
from shelfwise.errors import ConflictError
from shelfwise.inventory.store_upkeep import store_level_after
from shelfwise.inventory.tables import COUNTS, PLACE, levels, movements, store_levels

__all__ = [
    "Entry",
    "Kept",
    "Key",
    "add_one_change",
    "add_to_levels",
    "archived_just_now",
    "check_size",
    "lock_levels",
]

Key = tuple[int, int]
"""Of a level: product and location."""

_CHUNK: Final = 500
_ZERO: Final = Decimal("0.000")


@dataclass(slots=True)
class Entry:
    """A row of ``movements`` to be added; ``paired`` if the next one is the other half of its move."""

    values: dict[str, Any]
    paired: bool = False

    @property
    def key(self) -> Key:
        """Whose level it changes."""
        return self.values["product_id"], self.values["location_id"]

    @property
    def is_count(self) -> bool:
        """Whether it is a count, or undoes one."""
        return bool(self.values["kind"] == "counted")

    @property
    def order(self) -> tuple[datetime, int]:
        """Where it stands among the movements of its level; it has its number."""
        return self.values["at"], self.values["undoes_id"] or self.values["id"]


@dataclass(slots=True)
class Kept:
    """A row of ``levels``, locked."""

    store_id: int
    quantity: Decimal
    count_id: int | None
    count_at: datetime | None
    last_at: datetime | None

    def behind_count(self, order: tuple[datetime, int]) -> bool:
        """Whether a movement comes after the last count, and so changes the level."""
        return self.count_at is None or self.count_id is None or order > (self.count_at, self.count_id)


_at: Final = bindparam("at", type_=UtcTime)
_by: Final = bindparam("by", type_=levels.c.quantity.type)
_this_level: Final = and_(
    levels.c.product_id == bindparam("product"), levels.c.location_id == bindparam("location")
)
_this_store: Final = and_(
    store_levels.c.store_id == bindparam("store"), store_levels.c.product_id == bindparam("product")
)

_CHANGE_LEVEL: Final = Prepared(
    lambda _: (
        update(levels)
        .where(_this_level)
        .values(
            quantity=levels.c.quantity
            + case((or_(levels.c.count_at.is_(None), levels.c.count_at <= _at), _by), else_=0),
            last_at=case((levels.c.last_at > _at, levels.c.last_at), else_=_at),
        )
        .returning(levels.c.count_at, levels.c.quantity)
    )
)
_SET_LEVEL: Final = (
    update(levels)
    .where(_this_level)
    .values(
        quantity=bindparam("new_quantity"),
        count_id=bindparam("new_count_id"),
        count_at=bindparam("new_count_at"),
        last_at=bindparam("new_last_at"),
    )
)
_change_store_level: Final = update(store_levels).where(_this_store).values(store_level_after(_by, _at))
_CHANGE_STORE_LEVEL: Final = Prepared(lambda _: _change_store_level)
_ADD: Final = insert(movements)
_ADD_ONE: Final = Prepared(
    lambda _: (
        insert(movements)
        .values({name: bindparam(name) for name in movements.c.keys() if name != "id"})  # noqa: SIM118
        .returning(movements.c.id)
    )
)
_ADD_LEVEL: Final = {
    "sqlite": sqlite_insert(levels).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(levels).on_conflict_do_nothing(),
}
_LOCKED: Final = (
    levels.c.product_id,
    levels.c.location_id,
    levels.c.store_id,
    levels.c.quantity,
    levels.c.count_id,
    levels.c.count_at,
    levels.c.last_at,
)
_NUMBERS: Final = select(func.nextval("movements_id_seq")).select_from(
    func.generate_series(1, bindparam("wanted"))
)
_LAST_NUMBER: Final = select(func.coalesce(func.max(movements.c.id), 0))


def add_one_change(connection: Connection, entry: Entry) -> int:
    """Add a single movement that is no count and undoes nothing: the quick way, without reading the level first.

    Returns:
        its number.

    Raises:
        ConflictError: the product was archived meanwhile.
    """
    values = entry.values
    product, location = entry.key
    by, at, store = values["quantity"], values["at"], values["store_id"]
    given = {"product": product, "location": location, "store": store, "at": at, "by": by}
    rows = _CHANGE_LEVEL.rows(connection, given)
    if not rows:
        _make_levels(connection, {entry.key: store})
        rows = _CHANGE_LEVEL.rows(connection, given)
    ((count_at, quantity),) = rows
    check_size(quantity)
    ((number,),) = _ADD_ONE.rows(connection, values)
    # Its number is higher than a count's of the same moment: the level was locked when it was given.
    given["by"] = by if count_at is None or count_at <= at else _ZERO
    if not _CHANGE_STORE_LEVEL.count(connection, given):
        raise archived_just_now()
    return int(number)


def lock_levels(connection: Connection, stores: Mapping[Key, int]) -> dict[Key, Kept]:
    """Lock levels until the transaction ends; those that are missing are made.

    Args:
        connection: of the transaction.
        stores: the store of each level's location.
    """
    kept: dict[Key, Kept] = {}
    for keys in _chunks(sorted(stores)):
        found = _lock(connection, keys)
        if missing := {key: stores[key] for key in keys if key not in found}:
            _make_levels(connection, missing)
            found |= _lock(connection, list(missing))
        kept |= found
    return kept


def add_to_levels(connection: Connection, entries: Sequence[Entry], kept: Mapping[Key, Kept]) -> None:
    """Add movements to levels that are locked; the entries get their numbers.

    Raises:
        ConflictError: a product was archived meanwhile.
    """
    for entry, number in zip(entries, _numbers(connection, len(entries)), strict=True):
        entry.values["id"] = number
    for entry, other in pairwise(entries):
        if entry.paired:
            entry.values["other_id"], other.values["other_id"] = other.values["id"], entry.values["id"]
    connection.execute(_ADD, [entry.values for entry in entries])
    by_key: defaultdict[Key, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_key[entry.key].append(entry)
    by_store: dict[Key, tuple[Decimal, datetime]] = {}
    for key, added in by_key.items():
        level = kept[key]
        before = level.quantity
        _follow(connection, key, level, added)
        store = (level.store_id, key[0])
        latest = max(entry.values["at"] for entry in added)
        by, at = by_store.get(store, (_ZERO, latest))
        by_store[store] = (by + level.quantity - before, max(at, latest))
    connection.execute(_SET_LEVEL, [_as_set(key, kept[key]) for key in sorted(by_key)])
    _change_stores(connection, by_store)


def _follow(connection: Connection, key: Key, level: Kept, added: Sequence[Entry]) -> None:
    """Bring one level to what it is with the movements that were just added."""
    latest_before = level.last_at
    latest = max(entry.values["at"] for entry in added)
    level.last_at = latest if latest_before is None else max(latest_before, latest)
    if any(entry.is_count for entry in added):
        (first, *others) = added
        newest = latest_before is None or first.values["at"] > latest_before
        if newest and not others:
            values = first.values
            level.quantity, level.count_id, level.count_at = values["quantity"], values["id"], values["at"]
        else:
            _reckon(connection, key, level)
        return
    for entry in added:
        if level.behind_count(entry.order):
            level.quantity += entry.values["quantity"]


def _reckon(connection: Connection, key: Key, level: Kept) -> None:
    """Bring one level to what its movements tell."""
    product, location = key
    own = and_(movements.c.product_id == product, movements.c.location_id == location)
    undoing = movements.alias()
    count = connection.execute(
        select(movements.c.id, movements.c.at, movements.c.quantity)
        .where(own, text(COUNTS))  # as text: with a parameter, SQLite does without the counts' index
        .where(~select(undoing.c.id).where(undoing.c.undoes_id == movements.c.id).exists())
        .order_by(movements.c.at.desc(), movements.c.id.desc())
        .limit(1)
    ).first()
    changes = select(func.sum(movements.c.quantity)).where(own, movements.c.kind != "counted")
    if count is None:
        level.quantity = connection.execute(changes).scalar() or _ZERO
        level.count_id = level.count_at = None
        return
    behind = and_(movements.c.at == count.at, count.id < PLACE)
    changed = connection.execute(
        changes.where(movements.c.at >= count.at, or_(movements.c.at > count.at, behind))
    ).scalar()
    level.quantity = count.quantity + (changed or _ZERO)
    level.count_id, level.count_at = count.id, count.at


def _change_stores(connection: Connection, changes: Mapping[Key, tuple[Decimal, datetime]]) -> None:
    given = [
        {"store": store, "product": product, "by": by, "at": at}
        for (store, product), (by, at) in sorted(changes.items())
    ]
    if connection.execute(_change_store_level, given).rowcount != len(given):
        raise archived_just_now()


def archived_just_now() -> ConflictError:
    """What to raise if a product has no row in ``store_levels`` any more."""
    # Without its row the store's sum would miss this change once the product is restored.
    return ConflictError("a product was archived just now: restore it to book")


def _make_levels(connection: Connection, stores: Mapping[Key, int]) -> None:
    connection.execute(
        _ADD_LEVEL[connection.dialect.name],
        [
            {"product_id": product, "location_id": location, "store_id": store, "quantity": _ZERO}
            for (product, location), store in sorted(stores.items())
        ],
    )


def _lock(connection: Connection, keys: Collection[Key]) -> dict[Key, Kept]:
    query = select(*_LOCKED).order_by(levels.c.product_id, levels.c.location_id)
    if connection.dialect.name == "postgresql":
        pairs = tuple_(levels.c.product_id, levels.c.location_id).in_(list(keys))
        query = query.where(pairs).with_for_update()
    else:
        # SQLite reads the whole table for pairs; a product is at few locations, and nobody else is writing.
        query = query.where(levels.c.product_id.in_({product for product, _ in keys}))
    wanted = set(keys)
    rows = connection.execute(query)
    return {(row[0], row[1]): Kept(*row[2:]) for row in rows if (row[0], row[1]) in wanted}


def _numbers(connection: Connection, wanted: int) -> list[int]:
    """Numbers for new movements, rising. Of a sequence there may be gaps between them."""
    if connection.dialect.name == "postgresql":
        return sorted(connection.execute(_NUMBERS, {"wanted": wanted}).scalars())
    last: int = connection.execute(_LAST_NUMBER).scalar_one()
    return list(range(last + 1, last + 1 + wanted))


def check_size(quantity: Decimal) -> None:
    """Refuse a level that a column would not hold.

    Raises:
        ConflictError: it is too large.
    """
    if abs(quantity) >= QUANTITY_LIMIT:
        raise ConflictError(f"the level would be {quantity:.6g}: more than a book can hold")


def _as_set(key: Key, level: Kept) -> dict[str, Any]:
    check_size(level.quantity)
    return {
        "product": key[0],
        "location": key[1],
        "new_quantity": level.quantity,
        "new_count_id": level.count_id,
        "new_count_at": level.count_at,
        "new_last_at": level.last_at,
    }


def _chunks(keys: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
