"""Statements on users that several classes of this room share; each runs on a connection that it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from shelfwise.accounts.names import clean_name, name_key
from shelfwise.accounts.records import STORE_ROLES, Role, User
from shelfwise.accounts.tables import invitations, sessions, user_roles, users
from shelfwise.errors import ConflictError, EntryError, NotFoundError
from shelfwise.inventory.tables import stores

__all__ = [
    "add_user",
    "check_roles",
    "end_links_by",
    "end_links_of",
    "end_sessions",
    "has_admin",
    "keep_an_admin",
    "put_roles",
    "read_user",
    "read_users",
    "refuse_taken",
    "refuse_unknown_stores",
    "set_hash",
]

_IDS: Final = range(1, 2**63)


def read_users(connection: Connection, *where: ColumnElement[bool]) -> list[User]:
    """The users that ``where`` holds for, by name, with their roles; one query."""
    rows = connection.execute(
        select(users, user_roles.c.store_id, user_roles.c.role)
        .select_from(users.outerjoin(user_roles, user_roles.c.user_id == users.c.id))
        .where(*where)
        .order_by(users.c.name_key, user_roles.c.store_id)
    )
    found: dict[int, tuple[Row[Any], dict[int, Role]]] = {}
    for row in rows:
        _, roles = found.setdefault(row.id, (row, {}))
        if row.store_id is not None:
            roles[row.store_id] = row.role
    return [_user(row, roles) for row, roles in found.values()]


def read_user(connection: Connection, user_id: int) -> User:
    """One user.

    Raises:
        NotFoundError: there is none of this id.
    """
    found = read_users(connection, users.c.id == user_id)
    if not found:
        raise NotFoundError(f"there is no user {user_id}")
    return found[0]


def _user(row: Row[Any], roles: Mapping[int, Role]) -> User:
    return User(
        id=row.id,
        name=row.name,
        admin=row.admin,
        roles=roles,
        disabled=row.disabled_at is not None,
        created_at=row.created_at,
        last_seen=row.last_seen,
        has_password=row.password is not None,
    )


def add_user(
    connection: Connection,
    name: str,
    password_hash: str | None,
    admin: bool,
    roles: Mapping[int, Role],
    at: datetime,
) -> int:
    """Add a user, and return the id.

    Raises:
        ConflictError: somebody has the name.
        EntryError: the name or a role cannot be taken.
    """
    tidy = clean_name(name)
    refuse_taken(connection, tidy)
    added = connection.execute(
        insert(users)
        .values(name=tidy, name_key=name_key(tidy), password=password_hash, admin=admin, created_at=at)
        .returning(users.c.id)
    )
    user_id = int(added.scalar_one())
    put_roles(connection, user_id, roles)
    return user_id


def refuse_taken(connection: Connection, name: str, but: int | None = None) -> None:
    """Raise if somebody other than the user ``but`` has the name.

    Raises:
        ConflictError: so it is.
    """
    taken = connection.execute(
        select(users.c.id, users.c.name).where(users.c.name_key == name_key(name))
    ).first()
    if taken is not None and taken.id != but:
        raise ConflictError(f"there is a user {taken.name} already: take another name", "name")


def check_roles(connection: Connection, roles: Mapping[int, str]) -> None:
    """Refuse roles that nobody can have in a store, and stores that are not there.

    Raises:
        EntryError: at ``roles``.
    """
    for role in roles.values():
        if role == "admin":
            raise EntryError("roles", "an admin is one in all stores: set admin instead")
        if role not in STORE_ROLES:
            raise EntryError("roles", f"{role} is no role: take one of {', '.join(STORE_ROLES)}")
    refuse_unknown_stores(connection, roles, "roles")


def refuse_unknown_stores(connection: Connection, store_ids: Iterable[int], field: str) -> None:
    """Raise if one of the stores is not there.

    Raises:
        EntryError: at ``field``: so it is.
    """
    wanted = sorted(set(store_ids))
    # Numbers beyond the database's own would be an error there.
    possible = [each for each in wanted if each in _IDS]
    known = set(connection.execute(select(stores.c.id).where(stores.c.id.in_(possible))).scalars())
    for each in wanted:
        if each not in known:
            raise EntryError(field, f"there is no store {each}")


def put_roles(connection: Connection, user_id: int, roles: Mapping[int, Role]) -> None:
    """Give a user these roles and no others.

    Raises:
        EntryError: a role or a store is not known.
    """
    check_roles(connection, roles)
    connection.execute(delete(user_roles).where(user_roles.c.user_id == user_id))
    if roles:
        rows = [
            {"user_id": user_id, "store_id": store, "role": role} for store, role in sorted(roles.items())
        ]
        connection.execute(insert(user_roles), rows)


def has_admin(connection: Connection) -> bool:
    """Whether there is an admin who can sign in."""
    can = users.c.admin & users.c.disabled_at.is_(None) & users.c.password.is_not(None)
    return bool(connection.execute(select(func.count()).select_from(users).where(can)).scalar_one())


def keep_an_admin(connection: Connection, user_id: int) -> None:
    """Refuse to go on where this user is the last admin who can sign in.

    All admins' rows are locked in the order of their ids, so that two who disable each other cannot both succeed.

    Raises:
        ConflictError: so it is.
    """
    admins = connection.execute(
        select(users.c.id, users.c.password)
        .where(users.c.admin, users.c.disabled_at.is_(None))
        .order_by(users.c.id)
        .with_for_update()
    ).all()
    others = [row for row in admins if row.id != user_id and row.password is not None]
    if not others and any(row.id == user_id for row in admins):
        raise ConflictError("this is the last admin who can sign in: make somebody else one first")


def set_hash(connection: Connection, user_id: int, password_hash: str) -> None:
    """Put a password's hash.

    Raises:
        NotFoundError: there is no such user.
    """
    put = update(users).where(users.c.id == user_id).values(password=password_hash)
    if connection.execute(put).rowcount == 0:
        raise NotFoundError(f"there is no user {user_id}")


def end_sessions(connection: Connection, user_id: int, but: int | None = None) -> int:
    """End a user's sessions, all but the one of the id ``but``; returns how many."""
    gone = delete(sessions).where(sessions.c.user_id == user_id)
    if but is not None:
        gone = gone.where(sessions.c.id != but)
    return connection.execute(gone).rowcount


def end_links_of(connection: Connection, user_id: int) -> None:
    """Take back the links by which this user could set a password, as far as they are not used yet."""
    unused = invitations.c.used_at.is_(None) & (invitations.c.user_id == user_id)
    connection.execute(delete(invitations).where(unused))


def end_links_by(connection: Connection, user: User) -> None:
    """Take back the links that this user has made or could use, as far as they are not used yet."""
    connection.execute(
        delete(invitations).where(
            invitations.c.used_at.is_(None),
            (invitations.c.created_by == user.name) | (invitations.c.user_id == user.id),
        )
    )
