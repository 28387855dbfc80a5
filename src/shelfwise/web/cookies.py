"""The cookies: one for a session, and one for the forms of those who are not signed in yet."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from shelfwise.errors import ForbiddenError

__all__ = [
    "FORM_COOKIE",
    "SESSION_COOKIE",
    "check_form_token",
    "drop_session_cookie",
    "form_secret",
    "form_token",
    "set_form_cookie",
    "set_session_cookie",
]

SESSION_COOKIE: Final = "shelfwise_session"
FORM_COOKIE: Final = "shelfwise_form"


def set_session_cookie(response: Response, secret: str, lasts: timedelta, *, secure: bool) -> None:
    """Sign the browser in: no script reads the cookie, and no other site's form brings it along."""
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure,
        path="/",
    )


def drop_session_cookie(response: Response, *, secure: bool) -> None:
    """Make the browser forget the session."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax", secure=secure)


def form_secret(request: Request) -> str:
    """The secret of this browser's forms before anybody has signed in; a new one where it has none."""
    kept = request.cookies.get(FORM_COOKIE, "")
    return kept if len(kept) >= 32 else secrets.token_urlsafe(32)


def form_token(secret: str) -> str:
    """What a form shows for the secret in the cookie. Another site can read neither."""
    return hashlib.sha256(b"shelfwise form:" + secret.encode()).hexdigest()


def set_form_cookie(response: Response, secret: str, *, secure: bool) -> None:
    """Keep the secret of the forms in the browser, until it is closed."""
    response.set_cookie(FORM_COOKIE, secret, httponly=True, samesite="strict", secure=secure, path="/")


def check_form_token(request: Request, token: str) -> None:
    """Whether a form of somebody who is not signed in is ours.

    Raises:
        ForbiddenError: it is not, or the browser keeps no cookies.
    """
    kept = request.cookies.get(FORM_COOKIE, "")
    if not kept or not hmac.compare_digest(form_token(kept).encode(), token.encode()):
        raise ForbiddenError("this form is too old, or cookies are blocked: load the page again")
