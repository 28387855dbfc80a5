"""Signing in and out over the API, and who one is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Response
from pydantic import Field, SecretStr
from starlette.requests import Request

from shelfwise.accounts.records import Actor, Role, Session
from shelfwise.errors import EntryError, SignInError
from shelfwise.web.access import (
    Audit,
    Member,
    Person,
    TheConfig,
    TheShop,
    address_of,
    check_origin,
    check_password,
)
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.schemas import PREFIX, Entry, PageOf, Reply, each, group, problems
from shelfwise.web.cookies import SESSION_COOKIE, drop_session_cookie, set_session_cookie

__all__ = ["router"]

router = group("Session")
# Signing in has nobody yet whose key it could be.
_open = APIRouter(prefix=PREFIX, tags=["Session"], responses=problems(400, 401, 403, 413, 422, 429, 503))

Password = Annotated[SecretStr, Field(max_length=1000)]


class SignIn(Entry):
    """A name and a password."""

    name: Annotated[str, Field(max_length=200, examples=["Ada"])]
    password: Password


class SignedIn(Reply):
    """A session just started; its secret is in the cookie."""

    csrf: str = Field(description="Send it as `X-CSRF-Token` with each write of this session.")
    expires_at: datetime


class Me(Reply):
    """Who makes the request, and what they may do."""

    user_id: int
    name: str
    admin: bool
    roles: Mapping[int, Role] = Field(description="The role in each store, by the store's number.")
    scopes: list[str] | None = Field(
        description="What a token may do; null for a session: all its roles allow."
    )
    via: str = Field(examples=["session"])
    csrf: str | None = Field(description="The session's CSRF token; null for a token.")


class SessionOut(Reply):
    """A browser that somebody is signed in with."""

    id: int
    device: str = Field(description="What the browser calls itself.")
    address: str
    created_at: datetime
    last_used: datetime
    expires_at: datetime
    current: bool = Field(description="Whether it is the one that asks.")

    @classmethod
    def of(cls, session: Session, current: int | None) -> Self:
        """A session as it is shown to its user."""
        return cls(
            id=session.id,
            device=session.device,
            address=session.address,
            created_at=session.created_at,
            last_used=session.last_used,
            expires_at=session.expires_at,
            current=session.id == current,
        )


class NewPassword(Entry):
    """A new password for oneself."""

    old: Password
    new: Password


@_open.post("/session", status_code=201, summary="Sign in")
def sign_in(
    entry: SignIn, request: Request, response: Response, shop: TheShop, config: TheConfig
) -> SignedIn:
    """Start a session, kept in a cookie that no script can read. Too many wrong tries have to wait (429)."""
    check_origin(request)
    user = check_password(request, entry.name, entry.password.get_secret_value())
    device = request.headers.get("user-agent", "")[:200]
    made = shop.sessions.start(user, address_of(request), device, config.session_lasts)
    set_session_cookie(response, made.secret, config.session_lasts, secure=config.secure)
    return SignedIn(csrf=made.csrf, expires_at=made.expires_at)


@router.delete("/session", status_code=204, summary="Sign out")
def sign_out(
    request: Request, response: Response, shop: TheShop, actor: Member, config: TheConfig, audit: Audit
) -> None:
    """End this session. A token is not ended by it: revoke it under `/tokens`."""
    if actor.via == "session":
        shop.sessions.end(request.cookies[SESSION_COOKIE])
        audit("session.end", actor.name)
        drop_session_cookie(response, secure=config.secure)


@router.get("/me", summary="Who one is")
def me(request: Request, shop: TheShop, actor: Member) -> Me:
    """The name, the roles and, for a session, the CSRF token."""
    return Me(
        user_id=actor.user_id,
        name=actor.name,
        admin=actor.admin,
        roles=actor.roles,
        scopes=None if actor.scopes is None else sorted(actor.scopes),
        via=actor.via,
        csrf=_csrf(request, shop, actor),
    )


def _csrf(request: Request, shop: TheShop, actor: Actor) -> str | None:
    return shop.sessions.csrf(request.cookies[SESSION_COOKIE]) if actor.via == "session" else None


@router.post("/me/password", status_code=204, summary="Change one's password")
def change_password(entry: NewPassword, request: Request, shop: TheShop, actor: Person) -> None:
    """Set a new password. All other sessions of the user end."""
    try:
        check_password(request, actor.name, entry.old.get_secret_value())
    except SignInError:
        # Who is signed in stays so: it is one field that is wrong.
        raise EntryError("old", "this is not your password") from None
    try:
        shop.users.set_password(
            actor.user_id, entry.new.get_secret_value(), but_session=actor.session_id, by=actor.name
        )
    except EntryError as error:
        raise EntryError("new", error.message) from error


@router.get("/me/sessions", summary="List one's sessions")
def sessions(shop: TheShop, actor: Person) -> PageOf[SessionOut]:
    """Browsers that one is signed in with, the last used first."""
    return each(shop.sessions.list(actor.user_id), lambda session: SessionOut.of(session, actor.session_id))


@router.delete("/me/sessions", status_code=204, summary="Sign out everywhere else")
def end_other_sessions(shop: TheShop, actor: Person, audit: Audit) -> None:
    """End all of one's sessions but this one."""
    ended = shop.sessions.end_all(actor.user_id, but_session=actor.session_id)
    audit("session.end", actor.name, others=ended)


@router.delete("/me/sessions/{session_id}", status_code=204, summary="End a session", responses=problems(404))
def end_session(session_id: PathId, shop: TheShop, actor: Person, audit: Audit) -> None:
    """End one of one's sessions, such as that of a lost telephone."""
    shop.sessions.end_one(actor.user_id, session_id)
    audit("session.end", actor.name, session=session_id)


router.routes.extend(_open.routes)
