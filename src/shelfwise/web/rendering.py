"""Pages from templates, and the files that they use, under addresses that change with their content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import shelfwise
from shelfwise.accounts.records import Actor
from shelfwise.errors import ShelfwiseError
from shelfwise.inventory.records import Store
from shelfwise.text import readable
from shelfwise.web.cookies import SESSION_COOKIE, form_secret, form_token, set_form_cookie

__all__ = ["STATIC", "TEMPLATES", "Static", "render", "static_url", "visible_stores"]

STATIC: Final = Path(__file__).parent / "static"
TEMPLATES: Final = Path(__file__).parent / "templates"
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


@cache
def static_url(name: str) -> str:
    """Address of a file in ``static/`` with a hash of its content: browsers keep it for as long as it is the same."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


class Static(StaticFiles):
    """The files of pages. With a hash in the address they are kept for a year, without one asked for anew."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve one file."""
        response = await super().get_response(path, scope)
        asked = scope.get("query_string", b"").startswith(b"v=")
        response.headers["Cache-Control"] = _FOR_A_YEAR if asked else "no-cache"
        return response


@cache
def environment() -> Environment:
    """The templates, where everything that is put into a page is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = static_url
    made.globals["version"] = shelfwise.__version__
    made.filters["readable"] = readable
    return made


def visible_stores(request: Request, actor: Actor) -> Sequence[Store]:
    """The stores that somebody may see, by name; read once a request."""
    known: Sequence[Store] | None = getattr(request.state, "stores", None)
    if known is None:
        may_see = actor.stores()
        everything = request.app.state.shop.catalogue.stores()
        known = [store for store in everything if may_see is None or store.id in may_see]
        request.state.stores = known
    return known


def render(request: Request, template: str, status_code: int = 200, **context: Any) -> HTMLResponse:
    """Make a page. Reads the database: call it in a plain ``def`` endpoint.

    The template gets, besides ``context``: ``request``, ``path``, ``actor`` (None when nobody is signed in),
    ``csrf`` (for forms and scripts), ``stores`` (those that the actor may see), ``static`` (address of a static
    file) and ``version``.
    """
    actor: Actor | None = getattr(request.state, "actor", None)
    values: dict[str, Any] = {"request": request, "path": request.url.path, "actor": actor}
    secret = None
    if actor is not None and actor.via == "session":
        values["csrf"] = request.app.state.shop.sessions.csrf(request.cookies[SESSION_COOKIE])
        values["stores"] = _stores_if_reachable(request, actor)
    else:
        secret = form_secret(request)
        values["csrf"] = form_token(secret)
        values["stores"] = []
    page = environment().get_template(template).render({**values, **context})
    response = HTMLResponse(page, status_code)
    if secret is not None:
        set_form_cookie(response, secret, secure=request.app.state.config.secure)
    return response


def _stores_if_reachable(request: Request, actor: Actor) -> Sequence[Store]:
    # The page that tells of a database which does not answer must not ask it.
    try:
        return visible_stores(request, actor)
    except ShelfwiseError:
        return []
