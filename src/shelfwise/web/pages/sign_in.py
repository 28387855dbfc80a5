"""The forms of those who are not signed in: sign in, the first start, an invitation; and signing out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shelfwise.accounts.records import User
from shelfwise.errors import EntryError, NotFoundError, ShelfwiseError, SignInError, ThrottledError
from shelfwise.web.access import (
    TheConfig,
    TheShop,
    address_of,
    check_csrf,
    check_origin,
    check_password,
    identify,
)
from shelfwise.web.config import WebConfig
from shelfwise.web.cookies import (
    SESSION_COOKIE,
    check_form_token,
    drop_session_cookie,
    set_session_cookie,
)
from shelfwise.web.entry_words import sentence
from shelfwise.web.pages import page_router
from shelfwise.web.problems import found
from shelfwise.web.rendering import render

__all__ = ["router"]

router = page_router()

Text = Annotated[str, Form(max_length=1000)]


@router.get("/sign-in")
def sign_in_page(request: Request, shop: TheShop, next: str = "/") -> Response:  # noqa: A002
    """The form to sign in with; who is signed in already goes on."""
    try:
        identify(request)
    except SignInError:
        started = shop.users.have_admin()
        return render(request, "sign_in.html", error=None, name="", next=_inside(next), started=started)
    return RedirectResponse(_inside(next), 303)


@router.post("/sign-in")
def sign_in(
    request: Request,
    shop: TheShop,
    config: TheConfig,
    name: Text = "",
    password: Text = "",
    next: Text = "/",  # noqa: A002
    csrf: Text = "",
) -> Response:
    """Check the password and start a session."""
    _check(request, csrf)
    try:
        user = check_password(request, name, password)
    except (SignInError, ThrottledError) as error:
        started = shop.users.have_admin()
        return _again(request, "sign_in.html", error, name=name, next=_inside(next), started=started)
    return _start(request, user, shop, config, _inside(next))


@router.post("/sign-out")
def sign_out(request: Request, shop: TheShop, config: TheConfig, csrf: Text = "") -> Response:
    """End the session."""
    response = RedirectResponse("/sign-in", 303)
    try:
        actor = identify(request)
    except SignInError:
        return response
    check_csrf(request, actor, csrf)
    shop.sessions.end(request.cookies[SESSION_COOKIE])
    shop.audit.record(actor.name, "session.end", actor.name, {}, address_of(request))
    drop_session_cookie(response, secure=config.secure)
    return response


@router.get("/first/{secret}")
def first_page(request: Request, shop: TheShop, secret: str) -> Response:
    """The form that makes the first admin."""
    _peek(shop, secret, first=True)
    return render(request, "first.html", error=None, field=None, name="", secret=secret)


@router.post("/first/{secret}")
def first(
    request: Request,
    shop: TheShop,
    config: TheConfig,
    secret: str,
    name: Text = "",
    password: Text = "",
    csrf: Text = "",
) -> Response:
    """Make the first admin and sign them in."""
    _check(request, csrf)
    _peek(shop, secret, first=True)
    return _accept(request, shop, config, "first.html", secret, name, password)


@router.get("/invitation/{secret}")
def invitation_page(request: Request, shop: TheShop, secret: str) -> Response:
    """The form for who was invited, or sets a password anew."""
    invitation = _peek(shop, secret)
    return render(
        request,
        "invitation.html",
        error=None,
        field=None,
        name=invitation.name or "",
        secret=secret,
        invitation=invitation,
    )


@router.post("/invitation/{secret}")
def invitation(
    request: Request,
    shop: TheShop,
    config: TheConfig,
    secret: str,
    name: Text = "",
    password: Text = "",
    csrf: Text = "",
) -> Response:
    """Make the user, or set their password, and sign them in."""
    _check(request, csrf)
    invitation = _peek(shop, secret)
    return _accept(
        request,
        shop,
        config,
        "invitation.html",
        secret,
        invitation.name or name,
        password,
        invitation=invitation,
    )


def _check(request: Request, csrf: str) -> None:
    check_origin(request)
    check_form_token(request, csrf)


def _peek(shop: TheShop, secret: str, *, first: bool = False) -> Any:
    invitation = shop.invitations.peek(secret)
    if first != (invitation.kind == "first"):
        raise NotFoundError("this link is not for this page: open it as it was sent")
    return invitation


def _accept(
    request: Request,
    shop: TheShop,
    config: WebConfig,
    template: str,
    secret: str,
    name: str,
    password: str,
    **context: object,
) -> Response:
    try:
        user = shop.invitations.accept(secret, name, password, address_of(request))
    except ShelfwiseError as error:
        if isinstance(error, NotFoundError):
            raise
        return _again(request, template, error, name=name, secret=secret, **context)
    return _start(request, user, shop, config, "/")


def _start(request: Request, user: User, shop: TheShop, config: WebConfig, then: str) -> Response:
    """A new session, whatever cookie came along: a session is never carried over a sign-in."""
    old = request.cookies.get(SESSION_COOKIE)
    if old:
        shop.sessions.end(old)
    device = request.headers.get("user-agent", "")[:200]
    made = shop.sessions.start(user, address_of(request), device, config.session_lasts)
    response = RedirectResponse(then, 303)
    set_session_cookie(response, made.secret, config.session_lasts, secure=config.secure)
    return response


def _again(request: Request, template: str, error: ShelfwiseError, **context: object) -> Response:
    """The form once more, with what was wrong at its field."""
    problem = found(error)
    field = error.field if isinstance(error, EntryError) else None
    message = sentence(error.message if isinstance(error, EntryError) else str(error))
    response = render(request, template, problem.status, error=message, field=field, **context)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(int(problem.retry_after) + 1)
    return response


def _inside(address: str) -> str:
    """An address within this site; anything else is the start page (no open redirect)."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if plain and address.isprintable() and "\\" not in address else "/"
