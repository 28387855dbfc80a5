"""Signing in and out over the API, and who one is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field, SecretStr
from starlette.requests import Request

from shelfwise.accounts.records import Actor, Role
from shelfwise.errors import SignInError
from shelfwise.web.access import Audit, Member, TheConfig, TheShop, address_of, check_origin
from shelfwise.web.api.schemas import PREFIX, Entry, Reply, group, problems
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
    address = address_of(request)
    user = shop.users.check_password(entry.name, entry.password.get_secret_value(), address)
    device = request.headers.get("user-agent", "")[:200]
    made = shop.sessions.start(user, address, device, config.session_lasts)
    set_session_cookie(response, made.secret, config.session_lasts, secure=config.secure)
    return SignedIn(csrf=made.csrf, expires_at=made.expires_at)


@router.delete("/session", status_code=204, summary="Sign out")
def sign_out(request: Request, response: Response, shop: TheShop, actor: Member, config: TheConfig) -> None:
    """End this session. A token is not ended by it: revoke it under `/tokens`."""
    if actor.via == "session":
        shop.sessions.end(request.cookies[SESSION_COOKIE])
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
def change_password(
    entry: NewPassword,
    request: Request,
    response: Response,
    shop: TheShop,
    actor: Member,
    config: TheConfig,
    audit: Audit,
) -> None:
    """Set a new password. All other sessions of the user end; this one goes on under a new cookie."""
    if actor.via != "session":
        raise SignInError("a password is changed by whoever is signed in with it, not by a token")
    address = address_of(request)
    user = shop.users.check_password(actor.name, entry.old.get_secret_value(), address)
    shop.users.set_password(user.id, entry.new.get_secret_value())
    shop.sessions.end_all(user.id)
    made = shop.sessions.start(
        user, address, request.headers.get("user-agent", "")[:200], config.session_lasts
    )
    set_session_cookie(response, made.secret, config.session_lasts, secure=config.secure)
    response.headers["X-CSRF-Token"] = made.csrf
    audit("user.password", f"user {actor.name}")


router.routes.extend(_open.routes)
