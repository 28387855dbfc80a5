"""Booking: movements are added, all of a booking or none, and levels follow in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import ReturningInsert

from shelfwise.database import utc_now
from shelfwise.database.prepared import Prepared
from shelfwise.errors import ConflictError, KeyReusedError, NotFoundError
from shelfwise.inventory.at_once import book_at_once
from shelfwise.inventory.facts import Facts, read_facts
from shelfwise.inventory.history import as_given, read_booking, read_movement
from shelfwise.inventory.lines import check_key, check_reason, check_user, checked_lines, fingerprint
from shelfwise.inventory.part import Part, checked_id
from shelfwise.inventory.records import Booking, Line, Movement
from shelfwise.inventory.tables import bookings, movements
from shelfwise.inventory.upkeep import (
    Entry,
    add_one_change,
    add_to_levels,
    archived_just_now,
    check_size,
    lock_levels,
)

__all__ = ["Ledger", "book_in", "booked_before", "undo_in"]


def _opening(dialect: str) -> ReturningInsert[Any]:
    insertion = sqlite_insert(bookings) if dialect == "sqlite" else postgresql_insert(bookings)
    columns = ("key", "fingerprint", "user_name", "booked_at")
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return insertion.values(values).on_conflict_do_nothing(index_elements=["key"]).returning(bookings.c.id)


_OPEN: Final = Prepared(_opening)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who books, when, and by which key."""

    user: str
    key: str | None
    fingerprint: str | None
    now: datetime

    @property
    def values(self) -> dict[str, Any]:
        """The columns of ``bookings``."""
        return {
            "key": self.key,
            "fingerprint": self.fingerprint,
            "user_name": self.user,
            "booked_at": self.now,
        }


class Ledger(Part):
    """Books movements. What is booked stays; a mistake is undone by a movement more."""

    def book(self, lines: Sequence[Line], *, user: str, key: str | None = None) -> Booking:
        """Book movements, all or none. They are on the disk when this returns.

        Args:
            lines: what moved.
            user: who books.
            key: idempotency key: what is booked twice with one key is booked once.

        Returns:
            the booking; ``repeated`` if the key had been booked before.

        Raises:
            EntryError: a field is wrong, or its product or location is missing or archived; ``lines.0.quantity``.
            KeyReusedError: the key was used for something else.
        """
        asked, checked = _asked(lines, user, key)
        return self._database.write(lambda connection: _book(connection, checked, asked))

    def undo(
        self, movement_id: int, *, user: str, reason: str | None = None, key: str | None = None
    ) -> Booking:
        """Undo a movement, both halves of a move, by adding what takes it back at the same time.

        Args:
            movement_id: the movement.
            user: who undoes it.
            reason: why.
            key: idempotency key.

        Raises:
            NotFoundError: there is no such movement.
            ConflictError: it is undone already, is itself an undoing, or its product or location is archived.
            KeyReusedError: the key was used for something else.
            EntryError: a field is wrong.
        """
        why, asked = _asked_to_undo(movement_id, user, reason, key)
        return self._database.write(lambda connection: _undo(connection, movement_id, why, asked))

    def movement(self, movement_id: int) -> Movement:
        """One movement.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._database.read() as connection:
            return read_movement(connection, movement_id)

    def booking(self, booking_id: int) -> Booking:
        """One booking with its movements.

        Raises:
            NotFoundError: there is none of this number.
        """
        with self._database.read() as connection:
            return read_booking(connection, booking_id)


def book_in(
    connection: Connection,
    lines: Sequence[Line],
    *,
    user: str,
    key: str | None = None,
    content: Sequence[object] | None = None,
) -> Booking:
    """:meth:`Ledger.book` within a transaction that others began.

    Args:
        connection: its.
        lines, user, key: as there.
        content: plain values that tell this booking from another one with the same key, where its lines depend on
            what the book has; by default the lines do. Ask :func:`booked_before` first then.
    """
    asked, checked = _asked(lines, user, key, content)
    return _book(connection, checked, asked)


def booked_before(
    connection: Connection, *, user: str, key: str | None, content: Sequence[object]
) -> Booking | None:
    """What was booked with a key and this content already, within a transaction that others began; else None.

    Raises:
        KeyReusedError: the key was used for something else.
        EntryError: the user or the key cannot be taken.
    """
    name, once = check_user(user), check_key(key)
    row = None if once is None else connection.execute(_with_key(once)).one_or_none()
    return None if row is None else _told_again(connection, row, fingerprint(name, *content))


def undo_in(
    connection: Connection, movement_id: int, *, user: str, reason: str | None = None, key: str | None = None
) -> Booking:
    """:meth:`Ledger.undo` within a transaction that others began."""
    why, asked = _asked_to_undo(movement_id, user, reason, key)
    return _undo(connection, movement_id, why, asked)


def _asked_to_undo(
    movement_id: int, user: str, reason: str | None, key: str | None
) -> tuple[str | None, _Asked]:
    name, why, once = check_user(user), check_reason("reason", reason), check_key(key)
    mark = None if once is None else fingerprint(name, "undo", movement_id, why)
    return why, _Asked(name, once, mark, utc_now())


def _asked(
    lines: Sequence[Line], user: str, key: str | None, content: Sequence[object] | None = None
) -> tuple[_Asked, list[Line]]:
    now = utc_now()
    name, once = check_user(user), check_key(key)
    checked = checked_lines(lines, now)
    mark = None if once is None else fingerprint(name, *(checked if content is None else content))
    return _Asked(name, once, mark, now), checked


def _book(connection: Connection, lines: Sequence[Line], asked: _Asked) -> Booking:
    opened: int | Booking | None = None
    if (
        connection.dialect.name == "postgresql"
        and len(lines) == 1
        and lines[0].kind not in ("counted", "moved")
    ):
        opened = _book_at_once(connection, lines[0], asked)
    if opened is None:
        opened = _open(connection, asked)
    if isinstance(opened, Booking):
        return opened
    places = {line.location_id for line in lines}
    places |= {line.to_location_id for line in lines if line.to_location_id is not None}
    facts = read_facts(connection, {line.product_id for line in lines}, places)
    facts.check(lines)
    entries = [entry for line in lines for entry in _entries(line, facts, opened, asked)]
    if len(entries) == 1 and not entries[0].is_count:
        entries[0].values["id"] = add_one_change(connection, entries[0])
    else:
        _add(connection, entries)
    return _booking(opened, asked, entries, facts)


def _book_at_once(connection: Connection, line: Line, asked: _Asked) -> int | Booking | None:
    """The booking; or its number, if the movement is still to be added; or None if the key was used before."""
    values = _values(line, line.location_id, _change(line), asked)
    done = book_at_once(connection, values | asked.values)
    if done is None or done.movement_id is None:
        return None if done is None else done.booking_id
    check_size(done.level)
    if not done.in_store:
        raise archived_just_now()
    values["id"], values["booking_id"] = done.movement_id, done.booking_id
    return _booking(done.booking_id, asked, [Entry(values)], done.facts)


def _open(connection: Connection, asked: _Asked) -> int | Booking:
    """A new booking's number; or the booking that its key was used for."""
    # Somebody else's booking with this key that is not committed yet is waited for here.
    for (number,) in _OPEN.rows(connection, asked.values):
        return int(number)
    return _told_again(connection, connection.execute(_with_key(asked.key)).one(), asked.fingerprint)


def _with_key(key: str | None) -> Select[Any]:
    return select(bookings.c.id, bookings.c.fingerprint).where(bookings.c.key == key)


def _told_again(connection: Connection, row: Row[Any], mark: str | None) -> Booking:
    """The booking of a row of :func:`_with_key`, if it is what is asked for now."""
    if row.fingerprint != mark:
        raise KeyReusedError(
            "this idempotency key was used for another booking: give each booking a key of its own"
        )
    return read_booking(connection, row.id, repeated=True)


def _entries(line: Line, facts: Facts, booking_id: int, asked: _Asked) -> list[Entry]:
    halves = [(line.location_id, _change(line))]
    if line.to_location_id is not None:
        halves.append((line.to_location_id, line.quantity))
    entries = [Entry(_values(line, location_id, change, asked)) for location_id, change in halves]
    for entry in entries:
        entry.values["booking_id"] = booking_id
        entry.values["store_id"] = facts.locations[entry.values["location_id"]].store_id
    entries[0].paired = len(entries) > 1
    return entries


def _change(line: Line) -> Decimal:
    """What it changes at its location; for a count, what was counted."""
    return -line.quantity if line.kind in ("sold", "wasted", "moved") else line.quantity


def _values(line: Line, location_id: int, change: Decimal, asked: _Asked) -> dict[str, Any]:
    """The columns of ``movements``, but for what the database tells."""
    return {
        "kind": line.kind,
        "product_id": line.product_id,
        "location_id": location_id,
        "quantity": change,
        "at": asked.now if line.at is None else line.at,
        "booked_at": asked.now,
        "user_name": asked.user,
        "reason": line.reason,
        "photo": line.photo,
        "model": line.model,
        "confidence": line.confidence,
        "undoes_id": None,
        "other_id": None,
    }


def _undo(connection: Connection, movement_id: int, reason: str | None, asked: _Asked) -> Booking:
    opened = _open(connection, asked)
    if isinstance(opened, Booking):
        return opened
    rows = _with_other_half(connection, movement_id)
    if any(row.undoes_id is not None for row in rows):
        raise ConflictError("this movement undoes another one: book what is right instead")
    facts = read_facts(connection, {row.product_id for row in rows}, {row.location_id for row in rows})
    product = facts.products[rows[0].product_id]
    if product.archived_at is not None:
        raise ConflictError(f"{product.name} is archived: restore it to undo this")
    for place in facts.locations.values():
        if place.archived_at is not None or place.store_archived_at is not None:
            where = place.store if place.store_archived_at is not None else place.path
            raise ConflictError(f"{where} is archived: restore it to undo this")
    entries = [_counter(row, reason, opened, asked) for row in rows]
    entries[0].paired = len(entries) > 1
    _add(connection, entries)
    return _booking(opened, asked, entries, facts)


def _with_other_half(connection: Connection, movement_id: int) -> list[Any]:
    number = checked_id("movement", movement_id)
    row = connection.execute(select(movements).where(movements.c.id == number)).first()
    if row is None:
        raise NotFoundError(f"there is no movement {movement_id}")
    if row.other_id is None:
        return [row]
    other = connection.execute(select(movements).where(movements.c.id == row.other_id)).one()
    return sorted((row, other), key=lambda half: half.id)


def _counter(row: Any, reason: str | None, booking_id: int, asked: _Asked) -> Entry:
    values = dict(row._mapping)
    del values["id"]
    values |= {
        "booking_id": booking_id,
        "quantity": row.quantity if row.kind == "counted" else -row.quantity,
        "booked_at": asked.now,
        "user_name": asked.user,
        "reason": reason,
        "undoes_id": row.id,
        "other_id": None,
    }
    return Entry(values)


def _add(connection: Connection, entries: Sequence[Entry]) -> None:
    kept = lock_levels(connection, {entry.key: entry.values["store_id"] for entry in entries})
    undone = [entry.values["undoes_id"] for entry in entries if entry.values["undoes_id"] is not None]
    # Asked while the levels are locked: two who undo the same cannot both find it not undone.
    if undone and connection.execute(select(movements.c.id).where(movements.c.undoes_id.in_(undone))).first():
        raise ConflictError("this movement is undone already")
    add_to_levels(connection, entries, kept)


def _booking(booking_id: int, asked: _Asked, entries: Sequence[Entry], facts: Facts) -> Booking:
    where = {entry.values["id"]: entry.values["location_id"] for entry in entries}
    booked = tuple(_movement(entry.values, facts, where) for entry in entries)
    return Booking(booking_id, asked.key, asked.user, asked.now, booked)


def _movement(values: dict[str, Any], facts: Facts, where: dict[int, int]) -> Movement:
    location = facts.locations[values["location_id"]]
    kind, change, undoes = values["kind"], values["quantity"], values["undoes_id"]
    return Movement(
        id=values["id"],
        booking_id=values["booking_id"],
        kind=kind,
        product_id=values["product_id"],
        product=facts.products[values["product_id"]].name,
        store_id=location.store_id,
        store=location.store,
        location_id=values["location_id"],
        location=location.path,
        quantity=as_given(kind, change, undoes),
        change=None if kind == "counted" else change,
        at=values["at"],
        booked_at=values["booked_at"],
        user=values["user_name"],
        reason=values["reason"],
        photo=values["photo"],
        model=values["model"],
        confidence=values["confidence"],
        undoes=undoes,
        other_location_id=where.get(values["other_id"] or 0),
    )
