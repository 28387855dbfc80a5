"""The audit log: who did what, when and from where. Entries are added and read, never changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select

from shelfwise.accounts.names import NAME_LENGTH, short
from shelfwise.accounts.records import AuditEntry
from shelfwise.accounts.tables import audit_log
from shelfwise.database import Database, utc_now
from shelfwise.inventory.paging import Cursors, after, page_limit
from shelfwise.inventory.records import Page

__all__ = ["AuditLog", "record_in"]

_TEXT: Final = 1000
_ITEMS: Final = 100
_SECRET_WORDS: Final = ("password", "secret", "csrf")
_CURSORS: Final = Cursors("audit", (datetime, int))


def record_in(
    connection: Connection,
    at: datetime,
    actor_name: str,
    action: str,
    subject: str = "",
    details: Mapping[str, object] | None = None,
    address: str | None = None,
) -> None:
    """Add an entry in the transaction of what it tells of, so that neither is there without the other.

    Args:
        actor_name: who did it, "" for nobody who is signed in.
        action: the sort of thing and what was done, as in ``product.change``.
        subject: which one, for people.
        details: what else is worth knowing. What is named like a secret is left out, and long values are cut.
        address: the network address that it came from.
    """
    connection.execute(
        audit_log.insert().values(
            at=at,
            user_name=short(actor_name, NAME_LENGTH),
            action=short(action, 64),
            subject=short(subject, _TEXT),
            details=_plain(dict(details or {})),
            address=None if address is None else short(address, 64),
        )
    )


class AuditLog:
    """Adds entries and reads them, newest first.

    Args:
        db: the shop's database.
        now: tells the time.
    """

    def __init__(self, db: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._now = now

    def record(
        self,
        actor_name: str,
        action: str,
        subject: str = "",
        details: Mapping[str, object] | None = None,
        address: str | None = None,
    ) -> None:
        """Add an entry in a transaction of its own. See :func:`record_in`."""
        at = self._now()
        self._db.write(
            lambda connection: record_in(connection, at, actor_name, action, subject, details, address)
        )

    def record_in(
        self,
        connection: Connection,
        actor_name: str,
        action: str,
        subject: str = "",
        details: Mapping[str, object] | None = None,
        address: str | None = None,
    ) -> None:
        """Add an entry in the caller's transaction. See :func:`record_in`."""
        record_in(connection, self._now(), actor_name, action, subject, details, address)

    def entries(
        self,
        user: str | None = None,
        action: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AuditEntry]:
        """Entries, newest first.

        Args:
            user: only this user's.
            action: only this action, such as ``product.change``; ``product.`` means all whose name begins so.
            since: not before.
            until: before.
            cursor: the ``next`` of the page before.
            limit: entries a page, 1 to 500.

        Raises:
            EntryError: the cursor or the limit cannot be used.
        """
        place = _CURSORS.decode(cursor)
        at, number = audit_log.c.at, audit_log.c.id
        wanted = select(audit_log).order_by(at.desc(), number.desc()).limit(page_limit(limit) + 1)
        if user is not None:
            wanted = wanted.where(audit_log.c.user_name == short(user, NAME_LENGTH))
        action = None if action is None else short(action, 64)
        if action is not None and action.endswith("."):
            wanted = wanted.where(audit_log.c.action.startswith(action, autoescape=True))
        elif action is not None:
            wanted = wanted.where(audit_log.c.action == action)
        if since is not None:
            wanted = wanted.where(at >= since)
        if until is not None:
            wanted = wanted.where(at < until)
        if place is not None:
            wanted = wanted.where(after([at, number], place, descending=True))
        with self._db.read() as connection:
            rows = connection.execute(wanted).all()
        entries = tuple(
            AuditEntry(row.id, row.at, row.user_name, row.action, row.subject, row.details, row.address)
            for row in rows[:limit]
        )
        last = entries[-1] if len(rows) > limit else None
        return Page(entries, None if last is None else _CURSORS.encode((last.at, last.id)))


def _plain(value: Any, depth: int = 0) -> Any:
    """What JSON can hold of a value, without secrets and without end."""
    if depth > 5:
        return "…"
    if isinstance(value, Mapping):
        return {
            short(str(key), 64): "(left out)" if _is_secret(str(key)) else _plain(each, depth + 1)
            for key, each in list(value.items())[:_ITEMS]
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=str) if isinstance(value, (set, frozenset)) else list(value)
        return [_plain(each, depth + 1) for each in items[:_ITEMS]]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if json.dumps(value) not in ("NaN", "Infinity", "-Infinity") else str(value)
    return short(str(value), _TEXT)


def _is_secret(key: str) -> bool:
    return any(word in key.casefold() for word in _SECRET_WORDS)
