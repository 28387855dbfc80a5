"""What the accounts' room hands out: users, who is acting, sessions, tokens, links, audit entries, kept replies.

Roles are ordered: ``reader`` < ``clerk`` < ``manager`` < ``admin``. The first three are held per store; an admin
holds all stores, users and models. A token has scopes besides: it may do only what its scopes list, and never more
than its user may do at the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from shelfwise.errors import ForbiddenError

__all__ = [
    "ROLES",
    "SCOPES",
    "STORE_ROLES",
    "Actor",
    "AuditEntry",
    "Invitation",
    "Kept",
    "LinkKind",
    "NewSession",
    "NewToken",
    "Role",
    "Scope",
    "Session",
    "Token",
    "User",
]

Role = Literal["admin", "manager", "clerk", "reader"]
Scope = Literal["read", "classify", "book", "manage", "admin"]
LinkKind = Literal["first", "invite", "reset"]

ROLES: Final[tuple[Role, ...]] = ("reader", "clerk", "manager", "admin")
STORE_ROLES: Final[tuple[Role, ...]] = ("reader", "clerk", "manager")
SCOPES: Final[tuple[Scope, ...]] = ("read", "classify", "book", "manage", "admin")

# The scope that a token needs for what a role is asked for, where the caller names none.
_SCOPE_OF: Final[Mapping[Role, Scope]] = {
    "reader": "read",
    "clerk": "book",
    "manager": "manage",
    "admin": "admin",
}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in.

    Attributes:
        admin: holds all stores, users and models.
        roles: the role in each store, by the store's id; empty for most admins.
        disabled: may not sign in, and their sessions and tokens do not work.
        last_seen: last request, to the minute; None before the first.
        has_password: False until the link was used by which they set one.
    """

    id: int
    name: str
    admin: bool
    roles: Mapping[int, Role]
    disabled: bool
    created_at: datetime
    last_seen: datetime | None = None
    has_password: bool = True


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a request, and what they may do.

    Attributes:
        admin: may do what admins do. False for an admin's token that has not the scope ``admin``.
        roles: the role in each store, by the store's id.
        scopes: what a token may do at most; None for a session, which may do all that its roles allow.
        everywhere: the role in every store that ``roles`` does not name (admins and their tokens).
        owner: what a token's user may do themselves; None for a session.
        limited: whether it is a token for particular stores. It has no part in what is of no store, though its user
            may have made that: nobody knows which store that is about.
    """

    name: str
    user_id: int
    admin: bool
    roles: Mapping[int, Role] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    via: Literal["session", "token"] = "session"
    session_id: int | None = None
    token_id: int | None = None
    everywhere: Role | None = None
    owner: Actor | None = None
    limited: bool = False

    def role(self, store_id: int) -> Role | None:
        """The role in a store; None where they have none."""
        return "admin" if self.admin else self.roles.get(store_id, self.everywhere)

    def stores(self) -> frozenset[int] | None:
        """The ids of the stores that they may see; None for all."""
        return None if self.admin or self.everywhere is not None else frozenset(self.roles)

    def allows(self, role: Role, store_id: int | None = None, *, scope: Scope | None = None) -> bool:
        """Whether they may do what ``role`` may do.

        Args:
            role: the least role that may do it.
            store_id: in this store; None asks whether they may in any.
            scope: what a token must list for it; by default ``read``, ``book``, ``manage``, ``admin`` for
                reader, clerk, manager, admin. Classifying asks for clerk with the scope ``classify``.
        """
        if self.scopes is not None and (scope or _SCOPE_OF[role]) not in self.scopes:
            return False
        return self._rank(store_id) >= ROLES.index(role)

    def require(self, role: Role, store_id: int | None = None, *, scope: Scope | None = None) -> None:
        """As :meth:`allows`, but raises.

        Raises:
            ForbiddenError: the role, or the token's scopes or stores, do not allow it. Where the user themselves may
                do it, it says what the token lacks.
        """
        if self.allows(role, store_id, scope=scope):
            return
        needed = scope or _SCOPE_OF[role]
        if (self.owner or self)._rank(store_id) < ROLES.index(role):
            where = "" if store_id is None else " in this store"
            raise ForbiddenError(f"this needs the role {role}{where}: ask an admin for it")
        if self.scopes is not None and needed not in self.scopes:
            raise ForbiddenError(f"this token lacks the scope {needed}: issue one that has it")
        if store_id is not None:
            raise ForbiddenError("this token is not for this store: issue one that is")
        raise ForbiddenError(
            f"this needs the role {role} in one of this token's stores: issue one for another store"
        )

    def _rank(self, store_id: int | None) -> int:
        """Place of the role in :data:`ROLES`, -1 for none."""
        if store_id is not None:
            held = self.role(store_id)
            return -1 if held is None else ROLES.index(held)
        if self.admin:
            return ROLES.index("admin")
        held_anywhere = [*self.roles.values(), *([self.everywhere] if self.everywhere else [])]
        return max(map(ROLES.index, held_anywhere), default=-1)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser, as its user sees it in a list; the secret is not kept."""

    id: int
    user_id: int
    device: str
    address: str
    created_at: datetime
    last_used: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just started. ``secret`` goes into the cookie, ``csrf`` into the pages; neither is kept."""

    id: int
    secret: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token of the API, without its secret.

    Attributes:
        store_ids: the stores that it may touch; None for all of its user's.
        expires_at: None for never.
        last_used: to the minute; None before the first use.
    """

    id: int
    user_id: int
    user: str
    name: str
    scopes: frozenset[str]
    store_ids: frozenset[int] | None
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just issued, with the secret that is shown this once."""

    secret: str
    token: Token


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a one-time link is for.

    Attributes:
        kind: ``first`` makes the first admin, ``invite`` is for who signs in for the first time, ``reset`` sets a
            user's password anew.
        name: the name that it is for; None where whoever uses it chooses one.
        user_id: whose password is set; None where the link makes the user.
    """

    kind: LinkKind
    name: str | None
    admin: bool
    roles: Mapping[int, Role]
    user_id: int | None
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log.

    Attributes:
        user: who did it; "" where nobody was signed in.
        action: what was done to which sort of thing, such as ``product.change``.
        subject: to which one, for people.
        details: what else is worth knowing; never a secret.
    """

    id: int
    at: datetime
    user: str
    action: str
    subject: str
    details: Mapping[str, object]
    address: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """The reply that a write with this idempotency key got the first time."""

    status: int
    body: bytes
    headers: Mapping[str, str]
