"""Fixtures for the tests of accounts: a clock that stands still, quick passwords, two stores."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert

from shelfwise.accounts.audit import AuditLog
from shelfwise.accounts.invitations import Invitations
from shelfwise.accounts.passwords import Passwords
from shelfwise.accounts.records import Actor, User
from shelfwise.accounts.sessions import Sessions
from shelfwise.accounts.tokens import Tokens
from shelfwise.accounts.users import Users
from shelfwise.database import Database
from shelfwise.inventory.tables import stores

GOOD = "seven green bottles"


class Clock:
    """Tells the time that it is set to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def go(self, **passed: float) -> None:
        """Let time pass."""
        self.time += timedelta(**passed)


@dataclass
class Accounts:
    """All classes of the room on one database."""

    db: Database
    clock: Clock
    passwords: Passwords
    users: Users
    sessions: Sessions
    tokens: Tokens
    invitations: Invitations
    audit: AuditLog
    stores: tuple[int, int]

    def user(self, name: str = "Ana", **rights: Any) -> User:
        return self.users.add(name, GOOD, **rights)

    def session_of(self, user: User) -> str:
        return self.sessions.start(user, "10.0.0.7", "Firefox on Android").secret

    def actions(self) -> list[str]:
        return [entry.action for entry in self.audit.entries().items][::-1]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def accounts(database: Database, clock: Clock, passwords: Passwords) -> Accounts:
    def add_stores(connection: Connection) -> tuple[int, int]:
        first, second = (
            connection.execute(
                insert(stores)
                .values(name=name, name_key=name.casefold(), created_at=clock(), created_by="")
                .returning(stores.c.id)
            ).scalar_one()
            for name in ("Main street", "Harbour")
        )
        return first, second

    return Accounts(
        database,
        clock,
        passwords,
        Users(database, passwords=passwords, now=clock),
        Sessions(database, now=clock),
        Tokens(database, now=clock),
        Invitations(database, passwords=passwords, now=clock),
        AuditLog(database, now=clock),
        database.write(add_stores),
    )


@pytest.fixture
def statements(accounts: Accounts) -> Callable[[], list[str]]:
    """The statements sent to the database since the last call."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(accounts.db.engine, "before_cursor_execute", note)

    def since() -> list[str]:
        taken = [each for each in sent if not each.startswith(("BEGIN", "SAVEPOINT", "RELEASE"))]
        sent.clear()
        return taken

    return since


@pytest.fixture
def anyone() -> Actor:
    return Actor("Ana", 1, admin=False)
