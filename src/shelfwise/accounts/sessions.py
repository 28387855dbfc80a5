"""Sessions: signed-in browsers. They end after a time without use, at the latest after a fixed time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from shelfwise.accounts.audit import record_in
from shelfwise.accounts.names import short
from shelfwise.accounts.records import Actor, NewSession, Session, User
from shelfwise.accounts.secrecy import csrf_of, digest, new_secret, same
from shelfwise.accounts.tables import sessions, user_roles, users
from shelfwise.accounts.user_rows import end_sessions
from shelfwise.database import Database, utc_now
from shelfwise.errors import BusyError, NotFoundError, SignInError, StorageError

__all__ = ["SEEN_EVERY", "Sessions"]

SEEN_EVERY: Final = timedelta(minutes=1)
"""How often a use is written down, so that most requests only read."""


class Sessions:
    """The sessions of a shop's users.

    Args:
        db: the shop's database.
        idle: a session ends after so long without a request.
        lasts: a session ends after so long at the latest.
        now: tells the time.
    """

    def __init__(
        self,
        db: Database,
        *,
        idle: timedelta = timedelta(hours=12),
        lasts: timedelta = timedelta(days=14),
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._idle = idle
        self._lasts = lasts
        self._now = now

    def start(
        self, user: User, address: str | None = None, device: str = "", lasts: timedelta | None = None
    ) -> NewSession:
        """Start a session for a user whose password was right, and tell the audit log.

        Args:
            address: where it was started from.
            device: what the browser calls itself; at most 200 characters of it are kept for the user's own list.
            lasts: ends after so long at the latest, where it is not the usual time.

        Raises:
            SignInError: the user was disabled meanwhile.
        """
        now, secret = self._now(), new_secret()
        expires = now + (self._lasts if lasts is None else lasts)
        place = "" if address is None else short(address, 64)

        def work(connection: Connection) -> int:
            connection.execute(
                delete(sessions).where(
                    (sessions.c.expires_at <= now) | (sessions.c.last_used <= now - self._idle)
                )
            )
            # Locked, so that who is disabled at this moment does not keep a session.
            there = select(users.c.id).where(users.c.id == user.id, users.c.disabled_at.is_(None))
            if connection.execute(there.with_for_update()).first() is None:
                raise SignInError("wrong name or password")
            added = connection.execute(
                insert(sessions)
                .values(
                    user_id=user.id,
                    secret_hash=digest(secret),
                    device=short(device, 200),
                    address=place,
                    created_at=now,
                    last_used=now,
                    expires_at=expires,
                )
                .returning(sessions.c.id)
            )
            connection.execute(update(users).where(users.c.id == user.id).values(last_seen=now))
            record_in(connection, now, user.name, "session.start", user.name, {"device": device}, address)
            return int(added.scalar_one())

        return NewSession(self._db.write(work), secret, csrf_of(secret), expires)

    def actor(self, secret: str, address: str | None = None) -> Actor:
        """Who makes a request with this secret; one query, and at most once a minute a write.

        Args:
            secret: what the cookie holds.
            address: where the request comes from; kept as the session's last one.

        Raises:
            SignInError: there is no such session, or it has ended.
        """
        now = self._now()
        wanted = (
            select(
                sessions.c.id,
                sessions.c.user_id,
                sessions.c.last_used,
                users.c.name,
                users.c.admin,
                user_roles.c.store_id,
                user_roles.c.role,
            )
            .select_from(
                sessions.join(users, users.c.id == sessions.c.user_id).outerjoin(
                    user_roles, user_roles.c.user_id == sessions.c.user_id
                )
            )
            .where(
                sessions.c.secret_hash == digest(secret),
                sessions.c.expires_at > now,
                sessions.c.last_used > now - self._idle,
                users.c.disabled_at.is_(None),
            )
        )
        with self._db.read() as connection:
            rows = connection.execute(wanted).all()
        if not rows:
            raise SignInError("you are not signed in, or your session has ended: sign in")
        first = rows[0]
        if now - first.last_used >= SEEN_EVERY:
            self._touch(first.id, first.user_id, now, address)
        return Actor(
            name=first.name,
            user_id=first.user_id,
            admin=first.admin,
            roles={row.store_id: row.role for row in rows if row.store_id is not None},
            session_id=first.id,
        )

    def _touch(self, session_id: int, user_id: int, now: datetime, address: str | None) -> None:
        values: dict[str, object] = {"last_used": now}
        if address is not None:
            values["address"] = short(address, 64)

        def work(connection: Connection) -> None:
            connection.execute(update(sessions).where(sessions.c.id == session_id).values(values))
            connection.execute(update(users).where(users.c.id == user_id).values(last_seen=now))

        # A full disk is no reason not to show what is in the book.
        with contextlib.suppress(StorageError, BusyError):
            self._db.write(work)

    @staticmethod
    def csrf(secret: str) -> str:
        """The token that pages of this session carry, and send with every write."""
        return csrf_of(secret)

    @staticmethod
    def csrf_ok(secret: str, token: str) -> bool:
        """Whether a write's token is the session's."""
        return same(csrf_of(secret), token)

    def end(self, secret: str) -> None:
        """Sign out; a session that has ended already stays so."""
        gone = delete(sessions).where(sessions.c.secret_hash == digest(secret))
        self._db.write(lambda connection: connection.execute(gone))

    def end_one(self, user_id: int, session_id: int) -> None:
        """End one of a user's sessions, such as that of a lost telephone.

        Raises:
            NotFoundError: this user has no such session.
        """
        gone = delete(sessions).where(sessions.c.id == session_id, sessions.c.user_id == user_id)
        if self._db.write(lambda connection: connection.execute(gone).rowcount) == 0:
            raise NotFoundError(f"there is no session {session_id}: it may have ended")

    def end_all(self, user_id: int, *, but_session: int | None = None) -> int:
        """End a user's sessions, but the one of the id ``but_session``; returns how many ended."""
        return self._db.write(lambda connection: end_sessions(connection, user_id, but=but_session))

    def list(self, user_id: int) -> list[Session]:
        """A user's sessions that have not ended, the last used first."""
        now = self._now()
        wanted = (
            select(sessions)
            .where(
                sessions.c.user_id == user_id,
                sessions.c.expires_at > now,
                sessions.c.last_used > now - self._idle,
            )
            .order_by(sessions.c.last_used.desc(), sessions.c.id.desc())
        )
        with self._db.read() as connection:
            return [
                Session(
                    id=row.id,
                    user_id=row.user_id,
                    device=row.device,
                    address=row.address,
                    created_at=row.created_at,
                    last_used=row.last_used,
                    expires_at=row.expires_at,
                )
                for row in connection.execute(wanted)
            ]
