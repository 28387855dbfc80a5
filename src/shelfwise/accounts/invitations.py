"""One-time links: for the first admin, for new users, and to set a password anew. They expire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, text, update

from shelfwise.accounts.audit import record_in
from shelfwise.accounts.names import clean_name, name_key
from shelfwise.accounts.passwords import Passwords
from shelfwise.accounts.records import Invitation, LinkKind, Role, User
from shelfwise.accounts.secrecy import digest, new_secret
from shelfwise.accounts.tables import invitations
from shelfwise.accounts.user_rows import (
    add_user,
    check_roles,
    end_links_of,
    end_sessions,
    has_admin,
    read_user,
    refuse_taken,
    set_hash,
)
from shelfwise.database import Database, utc_now
from shelfwise.errors import ConflictError, EntryError, ForbiddenError, NotFoundError

__all__ = ["LASTS", "Invitations"]

LASTS: Final[Mapping[LinkKind, timedelta]] = {
    "first": timedelta(days=1),
    "invite": timedelta(days=7),
    "reset": timedelta(days=1),
}
"""How long each kind of link can be used."""

_KEPT: Final = timedelta(days=30)
_GONE: Final = "this link was used, has expired or was taken back: ask for a new one"


class Invitations:
    """One-time links of a shop.

    Args:
        db: the shop's database.
        passwords: hashes what new users choose.
        now: tells the time.
    """

    def __init__(
        self, db: Database, *, passwords: Passwords | None = None, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._db = db
        self._passwords = passwords or Passwords()
        self._now = now

    def first_admin(self) -> str | None:
        """The secret of a link that makes the first admin, or None where there is one who can sign in.

        A link of this kind that was made before no longer works.
        """
        secret, now = new_secret(), self._now()

        def work(connection: Connection) -> str | None:
            _alone(connection)
            if has_admin(connection):
                return None
            connection.execute(
                delete(invitations).where(invitations.c.kind == "first", invitations.c.used_at.is_(None))
            )
            _put(connection, secret, "first", now, admin=True, by="")
            return secret

        return self._db.write(work)

    def invite(
        self,
        name: str | None,
        roles: Mapping[int, Role] | None = None,
        by: str = "",
        *,
        admin: bool = False,
    ) -> str:
        """Make a link for a new user, and return its secret.

        Args:
            name: the new user's name; None where they choose it.
            roles: the role in each store, by the store's id.
            by: who invites, for the audit log and for the one who is invited.
            admin: the new user holds all stores, users and models.

        Raises:
            ConflictError: somebody has the name.
            EntryError: the name or a role cannot be taken.
        """
        secret, now, given = new_secret(), self._now(), dict(roles or {})
        tidy = None if name is None else clean_name(name)

        def work(connection: Connection) -> None:
            if tidy is not None:
                refuse_taken(connection, tidy)
            check_roles(connection, given)
            _put(connection, secret, "invite", now, name=tidy, admin=admin, roles=given, by=by)
            details = {"kind": "invite", "admin": admin, "roles": given}
            record_in(connection, now, by, "link.make", tidy or "", details)

        self._db.write(work)
        return secret

    def reset(self, user_id: int, by: str = "", address: str | None = None) -> str:
        """Make a link by which a user sets their password, and return its secret; earlier ones no longer work.

        For one who never had a password it is an invitation, and lasts as long.

        Raises:
            NotFoundError: there is no such user.
            ForbiddenError: the user is disabled.
        """
        secret, now = new_secret(), self._now()

        def work(connection: Connection) -> None:
            user = read_user(connection, user_id)
            if user.disabled:
                raise ForbiddenError(f"the user {user.name} is disabled: enable them first")
            end_links_of(connection, user_id)
            kind: LinkKind = "reset" if user.has_password else "invite"
            _put(connection, secret, kind, now, name=user.name, user_id=user_id, by=by)
            record_in(connection, now, by, "link.make", user.name, {"kind": kind}, address)

        self._db.write(work)
        return secret

    def open_until(self) -> dict[int, datetime]:
        """Until when a link by which they set a password works, by the id of each user that has one."""
        with self._db.read() as connection:
            rows = connection.execute(
                select(invitations.c.user_id, func.max(invitations.c.expires_at).label("until"))
                .where(
                    invitations.c.user_id.is_not(None),
                    invitations.c.used_at.is_(None),
                    invitations.c.expires_at > self._now(),
                )
                .group_by(invitations.c.user_id)
            )
            return {row.user_id: row.until for row in rows}

    def peek(self, secret: str) -> Invitation:
        """What a link is for, without using it.

        Raises:
            NotFoundError: it cannot be used (any more).
        """
        with self._db.read() as connection:
            row = connection.execute(
                select(invitations).where(
                    invitations.c.secret_hash == digest(secret),
                    invitations.c.used_at.is_(None),
                    invitations.c.expires_at > self._now(),
                )
            ).first()
            if row is None:
                raise NotFoundError(_GONE)
            # A user may have been renamed since.
            name = row.name if row.user_id is None else read_user(connection, row.user_id).name
        return Invitation(
            kind=row.kind,
            name=name,
            admin=row.admin,
            roles=_roles(row),
            user_id=row.user_id,
            created_by=row.created_by,
            created_at=row.created_at,
            expires_at=row.expires_at,
        )

    def accept(self, secret: str, name: str | None, password: str, address: str | None = None) -> User:
        """Use a link: add the user, or set the password anew and end the user's sessions.

        Args:
            name: the name that they choose; where the link is for a certain name, None or that one.
            password: what they will sign in with.
            address: for the audit log.

        Raises:
            NotFoundError: the link cannot be used (any more).
            EntryError: the name or the password cannot be taken; the link can be used again.
            ConflictError: somebody has the name, or there is an admin already.
        """
        link = self.peek(secret)
        if link.name is None and name is None:
            raise EntryError("name", "give a name")
        tidy = clean_name(link.name if name is None else name)  # type: ignore[arg-type]  # one of them is there
        if link.name is not None and name_key(tidy) != name_key(link.name):
            raise EntryError("name", f"this link is for {link.name}")
        self._passwords.check(password, tidy)
        kept, now = self._passwords.hash(password), self._now()

        def work(connection: Connection) -> User:
            row = _use(connection, secret, now)
            user_id = row.user_id
            if user_id is not None:
                if read_user(connection, user_id).disabled:
                    raise NotFoundError(_GONE)
                set_hash(connection, user_id, kept)
                end_sessions(connection, user_id)
            else:
                if row.kind == "first":
                    _alone(connection)
                    if has_admin(connection):
                        raise ConflictError("there is an admin already: ask them for an invitation")
                user_id = add_user(connection, tidy, kept, row.admin, _roles(row), now)
            user = read_user(connection, user_id)
            details = {"kind": row.kind, "invited_by": row.created_by}
            record_in(connection, now, user.name, "link.use", user.name, details, address)
            return user

        return self._db.write(work)


def _use(connection: Connection, secret: str, now: datetime) -> Row[Any]:
    """Mark a link as used; of several who try at once, one gets it."""
    used = connection.execute(
        update(invitations)
        .where(
            invitations.c.secret_hash == digest(secret),
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(invitations)
    ).first()
    if used is None:
        raise NotFoundError(_GONE)
    return used


def _put(
    connection: Connection,
    secret: str,
    kind: LinkKind,
    now: datetime,
    *,
    name: str | None = None,
    user_id: int | None = None,
    admin: bool = False,
    roles: Mapping[int, Role] | None = None,
    by: str,
) -> None:
    connection.execute(delete(invitations).where(invitations.c.expires_at < now - _KEPT))
    connection.execute(
        insert(invitations).values(
            secret_hash=digest(secret),
            kind=kind,
            name=name,
            user_id=user_id,
            admin=admin,
            roles={str(store): role for store, role in (roles or {}).items()},
            created_by=by,
            created_at=now,
            expires_at=now + LASTS[kind],
        )
    )


def _roles(row: Row[Any]) -> dict[int, Role]:
    return {int(store): role for store, role in row.roles.items()}


def _alone(connection: Connection) -> None:
    """Let nobody else look for the first admin in this moment; on SQLite only one writes anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE invitations IN SHARE ROW EXCLUSIVE MODE"))
