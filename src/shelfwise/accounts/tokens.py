"""Bearer tokens of the API: for programs, limited to scopes and stores, and never more than their user may do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from shelfwise.accounts.audit import record_in
from shelfwise.accounts.names import clean_name
from shelfwise.accounts.records import SCOPES, Actor, NewToken, Role, Token, User
from shelfwise.accounts.secrecy import digest, new_secret
from shelfwise.accounts.sessions import SEEN_EVERY
from shelfwise.accounts.tables import tokens, user_roles, users
from shelfwise.accounts.user_rows import read_user, refuse_unknown_stores
from shelfwise.database import Database, utc_now
from shelfwise.errors import BusyError, EntryError, ForbiddenError, NotFoundError, SignInError, StorageError

__all__ = ["Tokens"]


class Tokens:
    """The tokens of a shop's users.

    Args:
        db: the shop's database.
        now: tells the time.
    """

    def __init__(self, db: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._db = db
        self._now = now

    def issue(
        self,
        user_id: int,
        name: str,
        scopes: Iterable[str],
        store_ids: Iterable[int] | None = None,
        expires_at: datetime | None = None,
        *,
        by: str | None = None,
        address: str | None = None,
    ) -> NewToken:
        """Issue a token; its secret is in the result and nowhere else.

        Args:
            user_id: whose it is; at each use it may do no more than they may.
            name: what it is for, for people.
            scopes: one or more of read, classify, book, manage, admin; none implies another.
            store_ids: the stores that it may touch; None for all of its user's. Not together with ``admin``.
            expires_at: None for never.
            by: who issues it, for the audit log.
            address: the network address that they do it from, for the audit log.

        Raises:
            NotFoundError: there is no such user.
            EntryError: the name, a scope, a store or the end cannot be taken.
            ForbiddenError: the user is disabled.
        """
        now, secret, tidy = self._now(), new_secret(), clean_name(name)
        wanted = _scopes(scopes)
        limited = None if store_ids is None else sorted(set(store_ids))
        if expires_at is not None and expires_at <= now:
            raise EntryError("expires_at", "give a time to come")

        def work(connection: Connection) -> Token:
            user = read_user(connection, user_id)
            _check(connection, user, wanted, limited)
            added = connection.execute(
                insert(tokens)
                .values(
                    user_id=user_id,
                    name=tidy,
                    secret_hash=digest(secret),
                    scopes=wanted,
                    store_ids=limited,
                    created_at=now,
                    expires_at=expires_at,
                )
                .returning(tokens.c.id)
            )
            token_id = int(added.scalar_one())
            if by is not None:
                details = {"name": tidy, "scopes": wanted, "stores": limited, "expires_at": expires_at}
                record_in(connection, now, by, "token.issue", user.name, {"id": token_id, **details}, address)
            return _token(connection.execute(_all().where(tokens.c.id == token_id)).one())

        return NewToken(secret, self._db.write(work))

    def actor(self, secret: str, address: str | None = None) -> Actor:
        """Who makes a request with this token; one query, and at most once a minute a write.

        Raises:
            SignInError: there is no such token, it was revoked or has expired, or its user is disabled.
        """
        now = self._now()
        wanted = (
            select(
                tokens.c.id,
                tokens.c.user_id,
                tokens.c.scopes,
                tokens.c.store_ids,
                tokens.c.expires_at,
                tokens.c.last_used,
                users.c.name,
                users.c.admin,
                user_roles.c.store_id,
                user_roles.c.role,
            )
            .select_from(
                tokens.join(users, users.c.id == tokens.c.user_id).outerjoin(
                    user_roles, user_roles.c.user_id == tokens.c.user_id
                )
            )
            .where(
                tokens.c.secret_hash == digest(secret),
                tokens.c.revoked_at.is_(None),
                users.c.disabled_at.is_(None),
            )
        )
        with self._db.read() as connection:
            rows = connection.execute(wanted).all()
        if not rows or (rows[0].expires_at is not None and rows[0].expires_at <= now):
            raise SignInError("this token is not known, was revoked or has expired: issue another")
        first = rows[0]
        if first.last_used is None or now - first.last_used >= SEEN_EVERY:
            self._touch(first.id, first.user_id, now)
        roles: dict[int, Role] = {row.store_id: row.role for row in rows if row.store_id is not None}
        return _limited(first, roles)

    def _touch(self, token_id: int, user_id: int, now: datetime) -> None:
        def work(connection: Connection) -> None:
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(last_used=now))
            connection.execute(update(users).where(users.c.id == user_id).values(last_seen=now))

        # A full disk is no reason not to show what is in the book.
        with contextlib.suppress(StorageError, BusyError):
            self._db.write(work)

    def get(self, token_id: int) -> Token:
        """One token.

        Raises:
            NotFoundError: there is none of this id.
        """
        with self._db.read() as connection:
            row = connection.execute(_all().where(tokens.c.id == token_id)).first()
        if row is None:
            raise NotFoundError(f"there is no token {token_id}")
        return _token(row)

    def list(self, user_id: int | None = None, *, revoked: bool = False) -> list[Token]:
        """The tokens of a user, or of all, by user and age; revoked ones only where asked for."""
        wanted = _all().order_by(users.c.name_key, tokens.c.id)
        if user_id is not None:
            wanted = wanted.where(tokens.c.user_id == user_id)
        if not revoked:
            wanted = wanted.where(tokens.c.revoked_at.is_(None))
        with self._db.read() as connection:
            return [_token(row) for row in connection.execute(wanted)]

    def revoke(self, token_id: int, *, by: str | None = None, address: str | None = None) -> None:
        """Make a token useless from now on; one that is revoked already stays so.

        Raises:
            NotFoundError: there is none of this id.
        """
        now = self._now()

        def work(connection: Connection) -> None:
            row = connection.execute(_all().where(tokens.c.id == token_id)).first()
            if row is None:
                raise NotFoundError(f"there is no token {token_id}")
            ends = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
            if connection.execute(ends.values(revoked_at=now)).rowcount and by is not None:
                details = {"id": token_id, "name": row.name}
                record_in(connection, now, by, "token.revoke", row.user_name, details, address)

        self._db.write(work)


def _scopes(given: Iterable[str]) -> list[str]:
    scopes = set(given)
    strange = sorted(scopes - set(SCOPES))
    if strange:
        raise EntryError("scopes", f"{strange[0]} is no scope: take some of {', '.join(SCOPES)}")
    if not scopes:
        raise EntryError("scopes", f"give one or more of {', '.join(SCOPES)}")
    return [scope for scope in SCOPES if scope in scopes]


def _check(connection: Connection, user: User, scopes: list[str], store_ids: list[int] | None) -> None:
    if user.disabled:
        raise ForbiddenError(f"the user {user.name} is disabled: enable them first")
    if "admin" in scopes and not user.admin:
        raise EntryError("scopes", f"the scope admin is for admins, and {user.name} is none")
    if store_ids is None:
        return
    if "admin" in scopes:
        raise EntryError("scopes", "what admins do is not limited to stores: leave out admin or the stores")
    if not store_ids:
        raise EntryError("store_ids", "give one store or more, or none at all for all of them")
    refuse_unknown_stores(connection, store_ids, "store_ids")


def _limited(row: Row[*tuple[Any, ...]], roles: Mapping[int, Role]) -> Actor:
    """What is left of the user's rights at this moment by the token's scopes and stores."""
    scopes = frozenset(row.scopes)
    owner = Actor(row.name, row.user_id, row.admin, roles)
    everywhere: Role | None = "manager" if row.admin else None
    if row.store_ids is not None:
        held = {each: everywhere or roles.get(each) for each in row.store_ids}
        roles = {each: role for each, role in held.items() if role is not None}
        everywhere = None
    return Actor(
        name=row.name,
        user_id=row.user_id,
        admin=row.admin and "admin" in scopes and row.store_ids is None,
        # An admin's own roles in stores are no less than everywhere else.
        roles={} if everywhere else roles,
        scopes=scopes,
        via="token",
        token_id=row.id,
        everywhere=everywhere,
        owner=owner,
        limited=row.store_ids is not None,
    )


def _all() -> Select[Any]:
    return select(tokens, users.c.name.label("user_name")).join(users, users.c.id == tokens.c.user_id)


def _token(row: Row[Any]) -> Token:
    return Token(
        id=row.id,
        user_id=row.user_id,
        user=row.user_name,
        name=row.name,
        scopes=frozenset(row.scopes),
        store_ids=None if row.store_ids is None else frozenset(row.store_ids),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used=row.last_used,
        revoked=row.revoked_at is not None,
    )
