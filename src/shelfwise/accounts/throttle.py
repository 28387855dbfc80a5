"""Slowing down who guesses passwords: tries are counted per name and per address, in the database.

A try is counted before the password is looked at, so that many at the same moment are no way around it. After the
free tries each one has to wait twice as long as the one before. The right password gives the tries of its name back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from shelfwise.accounts.secrecy import digest
from shelfwise.accounts.tables import throttles
from shelfwise.database import Database, utc_now
from shelfwise.errors import ThrottledError

__all__ = ["ADDRESS", "NAME", "Limit", "Throttle"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries are free and how long the waits become.

    Attributes:
        free: tries without a wait.
        longest: seconds; waits grow no further.
        forget: after so long without a try, counting begins anew.
    """

    free: int
    longest: float
    forget: timedelta

    def wait(self, tries: int) -> float:
        """Seconds to wait after so many tries."""
        return min(self.longest, 2.0 ** min(tries - self.free, 30)) if tries >= self.free else 0.0


# Kept short for a name: who guesses somebody's password must not lock them out for long.
NAME: Final = Limit(free=5, longest=300, forget=timedelta(days=1))
# All tills of a shop may have one address.
ADDRESS: Final = Limit(free=20, longest=900, forget=timedelta(hours=1))


class Throttle:
    """Counts tries to sign in.

    Args:
        db: the shop's database.
        now: tells the time.
    """

    def __init__(self, db: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._now = now

    def admit(self, key: str, address: str | None) -> None:
        """Count a try.

        Args:
            key: the key of the name, known or not.
            address: where it comes from; None for this machine's own terminal.

        Raises:
            ThrottledError: it comes too early; this one is not counted.
        """
        now = self._now()
        limits = _subjects(key, address)
        wait = self._db.write(lambda connection: _admit(connection, limits, now))
        if wait > 0:
            raise ThrottledError(f"too many tries to sign in: wait {_for_people(wait)}", wait)

    def succeeded(self, key: str, address: str | None) -> None:
        """Take the tries of this name back, and the one try of this address."""
        now = self._now()

        def work(connection: Connection) -> None:
            for subject, limit in _subjects(key, address).items():
                at = throttles.c.subject == subject
                if limit is NAME:
                    connection.execute(delete(throttles).where(at))
                    continue
                # Not to none: else an attacker's own account would make all their guesses free.
                connection.execute(
                    update(throttles)
                    .where(at, throttles.c.tries > 0)
                    .values(tries=throttles.c.tries - 1, blocked_until=now)
                )

        self._db.write(work)


def _subjects(key: str, address: str | None) -> dict[str, Limit]:
    """The rows of a try in the order in which they are locked. Names are hashed: some type their password there."""
    limits = {digest(f"name:{key}"): NAME}
    if address is not None:
        limits[digest(f"address:{address}")] = ADDRESS
    return dict(sorted(limits.items()))


def _admit(connection: Connection, limits: dict[str, Limit], now: datetime) -> float:
    connection.execute(delete(throttles).where(throttles.c.last_at < now - NAME.forget))
    fresh = [{"subject": each, "tries": 0, "last_at": now, "blocked_until": now} for each in limits]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(throttles).on_conflict_do_nothing(), fresh)
    rows = connection.execute(
        select(throttles)
        .where(throttles.c.subject.in_(list(limits)))
        .order_by(throttles.c.subject)
        .with_for_update()
    ).all()
    wait = max(((row.blocked_until - now).total_seconds() for row in rows), default=0.0)
    if wait > 0:
        return wait
    for row in rows:
        limit = limits[row.subject]
        tries = 1 if now - row.last_at > limit.forget else row.tries + 1
        connection.execute(
            update(throttles)
            .where(throttles.c.subject == row.subject)
            .values(tries=tries, last_at=now, blocked_until=now + timedelta(seconds=limit.wait(tries)))
        )
    return 0.0


def _for_people(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} second{'' if whole == 1 else 's'}" if whole < 90 else f"{round(whole / 60)} minutes"
