"""Who makes a request, and whether they may: dependencies for endpoints and pages.

A request is signed in by ``Authorization: Bearer`` with a token, or by the session's cookie. A write by cookie must
bring the session's CSRF token in ``X-CSRF-Token``, which no other site can know; a bearer token needs none, since
no browser sends it by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlsplit

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from shelfwise.accounts.records import Actor, Role, Scope, User
from shelfwise.errors import ForbiddenError, SignInError
from shelfwise.inventory.differences import Record, entry_of
from shelfwise.web.config import WebConfig
from shelfwise.web.cookies import SESSION_COOKIE
from shelfwise.web.metrics import Metrics
from shelfwise.web.rates import Rates

if TYPE_CHECKING:
    from shelfwise.workflows.shop import Shop
else:
    # The shop brings the classifier; the schema and the command's help need none.
    Shop = Any

__all__ = [
    "Admin",
    "Audit",
    "Classifying",
    "Clerk",
    "Manager",
    "Member",
    "Numbers",
    "Person",
    "Reader",
    "TheConfig",
    "TheShop",
    "Trail",
    "address_of",
    "check_csrf",
    "check_origin",
    "check_password",
    "identify",
    "require",
    "shop_of",
    "signed_in",
    "spend",
]

CSRF_HEADER: Final = "x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})

_COOKIE: Final = APIKeyCookie(
    name=SESSION_COOKIE,
    scheme_name="session",
    description="A signed-in browser. Its writes need the header `X-CSRF-Token` too.",
    auto_error=False,
)
_BEARER: Final = HTTPBearer(
    scheme_name="token", description="A token of the API, issued under /api/v1/tokens.", auto_error=False
)


def shop_of(request: Request) -> Shop:
    """The open shop that the server is for."""
    shop: Shop = request.app.state.shop
    return shop


async def _the_shop(request: Request) -> Any:
    shop: Shop = request.app.state.shop
    return shop


async def _the_config(request: Request) -> Any:
    return request.app.state.config


async def _the_metrics(request: Request) -> Any:
    return request.app.state.metrics


TheShop = Annotated[Shop, Depends(_the_shop)]
"""The shop, for an endpoint's parameter."""
TheConfig = Annotated[WebConfig, Depends(_the_config)]
"""The server's settings."""
Numbers = Annotated[Metrics, Depends(_the_metrics)]
"""The server's figures: ``numbers.booked("sold", 3)``."""


def address_of(request: Request) -> str:
    """The address that the request comes from."""
    return request.client.host if request.client is not None else "unknown"


def identify(request: Request) -> Actor:
    """Who makes the request, found once a request. Does not look at the CSRF token.

    Raises:
        SignInError: nobody is signed in, or their session or token has ended.
        ThrottledError: they ask too often.
    """
    known: Actor | None = getattr(request.state, "actor", None)
    if known is not None:
        return known
    rates: Rates = request.app.state.rates
    try:
        actor = _sender(request)
    except SignInError:
        rates.take("anonymous requests", address_of(request))
        raise
    rates.take("requests", f"user {actor.user_id}")
    request.state.actor = actor
    return actor


def check_password(request: Request, name: str, password: str) -> User:
    """Whose name and password these are; tries are limited by address and name.

    Raises:
        SignInError: nobody's.
        ThrottledError: there were too many tries.
    """
    rates: Rates = request.app.state.rates
    address = address_of(request)
    rates.take("sign-ins", address)
    return shop_of(request).users.check_password(name, password, address)


def _sender(request: Request) -> Actor:
    shop = shop_of(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise SignInError("the header Authorization must be: Bearer, a space and a token")
        return shop.tokens.actor(secret.strip(), address_of(request))
    secret = request.cookies.get(SESSION_COOKIE, "")
    if not secret:
        raise SignInError("nobody is signed in: sign in first, or send a token")
    return shop.sessions.actor(secret, address_of(request))


def signed_in(request: Request) -> Actor:
    """Who makes the request; a write by cookie must bring its CSRF token.

    Raises:
        SignInError: nobody is signed in.
        ForbiddenError: the CSRF token is missing or wrong.
    """
    actor = identify(request)
    if request.method not in _SAFE:
        check_csrf(request, actor, request.headers.get(CSRF_HEADER, ""))
    request.state.checked = actor
    return actor


def check_csrf(request: Request, actor: Actor, token: str) -> None:
    """Whether a write really comes from our own pages; a bearer token's always does.

    Raises:
        ForbiddenError: it does not.
    """
    if actor.via == "token":
        return
    check_origin(request)
    if not shop_of(request).sessions.csrf_ok(request.cookies.get(SESSION_COOKIE, ""), token):
        raise ForbiddenError(
            "the header X-CSRF-Token is missing or wrong: load the page again, or send a token instead"
        )


def check_origin(request: Request) -> None:
    """Whether the page that sent a write, where the browser says so, is one of ours.

    Raises:
        ForbiddenError: it is another site's.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return
    config: WebConfig = request.app.state.config
    ours = {request.headers.get("host", "").lower()}
    if config.public_address is not None:
        ours.add(urlsplit(config.public_address).netloc.lower())
    # Cut off rather than parsed: what is no address is nobody's of ours either.
    if origin.partition("://")[2].lower() not in ours:
        raise ForbiddenError("this write comes from another site's page")


async def _member(
    request: Request,
    _cookie: Annotated[Any, Security(_COOKIE)] = None,
    _bearer: Annotated[Any, Security(_BEARER)] = None,
) -> Actor:
    # The API's routes have asked already, before they read the body.
    known: Actor | None = getattr(request.state, "checked", None)
    return known if known is not None else await run_in_threadpool(signed_in, request)


def require(role: Role, scope: Scope | None = None) -> Callable[..., Awaitable[Actor]]:
    """A dependency: somebody who holds at least ``role`` in some store, and whose token has ``scope``.

    Where a store is concerned, the endpoint asks besides: ``actor.require("clerk", store_id)``.

    Args:
        role: the least role.
        scope: what a token must list; by default the role's own (read, book, manage, admin).
    """

    async def dependency(actor: Annotated[Actor, Depends(_member)]) -> Actor:
        actor.require(role, scope=scope)
        return actor

    return dependency


Member = Annotated[Actor, Depends(_member)]
"""Anybody who is signed in, whatever their roles; an endpoint about themselves."""
Reader = Annotated[Actor, Depends(require("reader"))]
"""May read in some store."""
Classifying = Annotated[Actor, Depends(require("clerk", "classify"))]
"""May have photos answered and judge answers in some store."""
Clerk = Annotated[Actor, Depends(require("clerk"))]
"""May book in some store."""
Manager = Annotated[Actor, Depends(require("manager"))]
"""May change products and places in some store."""
Admin = Annotated[Actor, Depends(require("admin"))]
"""May change stores, users and models."""


async def _from_browser(actor: Member) -> Actor:
    if actor.via != "session":
        raise ForbiddenError("this is for people who are signed in: a token may not do it")
    return actor


Person = Annotated[Actor, Depends(_from_browser)]
"""Somebody signed in by password, not by a token: for passwords and tokens themselves."""


def spend(request: Request, actor: Actor, kind: str, count: int) -> None:
    """Take from a user's allowance; ``kind`` is ``photos``.

    Raises:
        ThrottledError: it is used up for now.
    """
    rates: Rates = request.app.state.rates
    rates.take(kind, f"user {actor.user_id}", count)


@dataclass(frozen=True, slots=True)
class Trail:
    """Writes to the audit log in the name of who makes the request."""

    shop: Shop
    actor: Actor
    address: str

    def __call__(self, action: str, subject: str, **details: object) -> None:
        """Record that something was done: ``audit("product.change", "product 3", name="Tea")``."""
        self.shop.audit.record(self.actor.name, action, subject, details, self.address)

    def change(self, connection: Connection, before: Record | None, after: Record) -> None:
        """Record in its own transaction that something of the catalogue was added or changed."""
        action, subject, details = entry_of(before, after)
        self.shop.audit.record_in(connection, self.actor.name, action, subject, details, self.address)


async def _trail(request: Request, actor: Member) -> Trail:
    return Trail(shop_of(request), actor, address_of(request))


Audit = Annotated[Trail, Depends(_trail)]
"""The audit log, for an endpoint's parameter."""
