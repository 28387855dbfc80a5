"""Replies that are kept by idempotency key, so that a write over HTTP that is sent again is not done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shelfwise.accounts.names import short
from shelfwise.accounts.records import Actor, Kept
from shelfwise.accounts.tables import replies
from shelfwise.database import Database, utc_now
from shelfwise.errors import BusyError, EntryError, KeyReusedError

__all__ = ["Replies"]

_KEY: Final = 200
_PATH: Final = 2000
_PURGE_EVERY: Final = timedelta(hours=1)


class Replies:
    """The replies of the last days. A key counts per user: another user's same key is another one.

    Args:
        db: the shop's database.
        keep: how long a key is remembered.
        take_over: after so long without a reply, whoever sends it again does it: the first server may have died.
        now: tells the time.
    """

    def __init__(
        self,
        db: Database,
        *,
        keep: timedelta = timedelta(days=7),
        take_over: timedelta = timedelta(minutes=1),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._keep = keep
        self._take_over = take_over
        self._now = now
        self._purged: datetime | None = None

    def begin(self, actor: Actor, key: str, method: str, path: str, fingerprint: str) -> Kept | None:
        """Ask for the kept reply before a write is done.

        Args:
            actor: who writes.
            key: the idempotency key.
            method: of the request.
            path: of the request.
            fingerprint: SHA-256 of all that makes the request what it is, in hexadecimal.

        Returns:
            the reply to give again; None where the write is to be done, and :meth:`finish` or :meth:`forget` called.

        Raises:
            KeyReusedError: the key was used for another request.
            BusyError: the same request is being answered at the moment.
            EntryError: the key cannot be taken.
        """
        if not 1 <= len(key) <= _KEY or not key.isprintable():
            raise EntryError("Idempotency-Key", f"give 1 to {_KEY} characters that can be printed")
        now = self._now()
        self._purge_at_times(now)
        asked = {"method": short(method, 8), "path": short(path, _PATH), "fingerprint": fingerprint}
        return self._db.write(lambda connection: self._begin(connection, actor.user_id, key, asked, now))

    def _begin(
        self, connection: Connection, user_id: int, key: str, asked: Mapping[str, str], now: datetime
    ) -> Kept | None:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        fresh = insert(replies).values(user_id=user_id, key=key, started_at=now, **asked)
        added = connection.execute(fresh.on_conflict_do_nothing().returning(replies.c.key))
        if added.first() is not None:
            return None
        at = (replies.c.user_id == user_id) & (replies.c.key == key)
        row = connection.execute(select(replies).where(at).with_for_update()).first()
        if row is None:
            # The other one gave up in this moment.
            raise BusyError("this write is being answered already: send it again", 1.0)
        if any(getattr(row, name) != value for name, value in asked.items()):
            raise KeyReusedError(f"the Idempotency-Key {key} was used for another write: take a new one")
        if row.status is not None:
            return Kept(row.status, row.body, row.headers or {})
        waited = now - row.started_at
        if waited < self._take_over:
            left = (self._take_over - waited).total_seconds()
            raise BusyError("this write is being answered already: send it again", min(left, 2.0))
        connection.execute(update(replies).where(at).values(started_at=now))
        return None

    def finish(
        self, actor: Actor, key: str, status: int, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep the reply of a write that was done; the first one that is kept stays."""
        at = (replies.c.user_id == actor.user_id) & (replies.c.key == key) & replies.c.status.is_(None)
        done = update(replies).where(at).values(status=status, body=body, headers=dict(headers or {}))
        self._db.write(lambda connection: connection.execute(done))

    def forget(self, actor: Actor, key: str) -> None:
        """Give the key up: the write was not done, and may be sent again. A kept reply stays."""
        at = (replies.c.user_id == actor.user_id) & (replies.c.key == key) & replies.c.status.is_(None)
        self._db.write(lambda connection: connection.execute(delete(replies).where(at)))

    def forget_unfinished(self) -> int:
        """Give up every key that has no reply yet; returns how many.

        For a server that starts and knows that no other one is at work: whoever was being answered was answered by
        one that is gone, and may ask again at once. Bookings hold their keys in the stock book, too.
        """
        return self._db.write(
            lambda connection: connection.execute(delete(replies).where(replies.c.status.is_(None))).rowcount
        )

    def purge(self) -> int:
        """Forget the keys whose time is over; returns how many. Done by itself about once an hour."""
        old = delete(replies).where(replies.c.started_at < self._now() - self._keep)
        return self._db.write(lambda connection: connection.execute(old).rowcount)

    def _purge_at_times(self, now: datetime) -> None:
        if self._purged is None or now - self._purged >= _PURGE_EVERY:
            self._purged = now
            self.purge()
