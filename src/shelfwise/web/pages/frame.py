"""What every page for people who are signed in has round it: the store that they look at, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi.responses import HTMLResponse
from starlette.requests import Request

from shelfwise.accounts.records import Actor, Role
from shelfwise.errors import ForbiddenError, NotFoundError
from shelfwise.inventory.records import Location, Store
from shelfwise.web.access import shop_of
from shelfwise.web.rendering import render, visible_stores

__all__ = ["STORE_COOKIE", "NoStoreError", "current_store", "need_store", "no_store_page", "places", "show"]

STORE_COOKIE: Final = "shelfwise_store"
"""Holds the id of the store that this browser looked at last."""
_A_YEAR: Final = 365 * 24 * 3600


class NoStoreError(Exception):
    """A page is about a store, and there is none that its reader may see."""

    def __init__(self, actor: Actor) -> None:
        super().__init__("no store yet")
        self.actor = actor


def current_store(request: Request, actor: Actor) -> Store | None:
    """The store that a page is about: ``?store=``, else the one looked at last, else the first; None where none is.

    Raises:
        NotFoundError: ``?store=`` names one that is not there, or not theirs to see.
    """
    stores = visible_stores(request, actor)
    asked = request.query_params.get("store", "")
    if asked:
        for store in stores:
            if str(store.id) == asked:
                return store
        # Who sees a single store has nothing to choose from there.
        hint = ": choose one at the top of the page" if len(stores) > 1 else ", or not yours to see"
        raise NotFoundError(f"store {asked[:20]!r} is not here{hint}")
    kept = request.cookies.get(STORE_COOKIE, "")
    return next((store for store in stores if str(store.id) == kept), stores[0] if stores else None)


def need_store(request: Request, actor: Actor, role: Role = "reader") -> Store:
    """The store that a page is about, where the reader holds at least ``role``.

    Raises:
        NoStoreError: there is none; the reader is shown how to begin.
        ForbiddenError: the role in it is too low.
    """
    store = current_store(request, actor)
    if store is None:
        raise NoStoreError(actor)
    if not actor.allows(role, store.id):
        raise ForbiddenError(f"this page needs the role {role} in {store.name}: ask an admin for it")
    return store


def no_store_page(request: Request, reason: Exception) -> HTMLResponse:
    """What :class:`NoStoreError` shows instead of a page: what has to be done first, and by whom."""
    assert isinstance(reason, NoStoreError)
    return show(request, reason.actor, "no_store.html")


def places(request: Request, store: Store) -> Sequence[tuple[Location, str]]:
    """A store's locations with what to call them, by path; the first is the store itself."""
    return [
        (each, each.path or f"{store.name}, no particular place")
        for each in shop_of(request).catalogue.locations(store.id)
    ]


def show(request: Request, actor: Actor, template: str, **context: Any) -> HTMLResponse:
    """Make a page from a template that extends ``base.html``; see :func:`shelfwise.web.rendering.render`.

    The template gets ``store`` (the current one, or None) and ``review_count`` (answers that wait to be judged in
    it) too. The browser keeps the store for its next page.
    """
    store = context.pop("store", None) or current_store(request, actor)
    waiting = 0
    if store is not None and actor.allows("clerk", store.id):
        waiting = shop_of(request).answers.counts([store.id])
    response = render(request, template, store=store, review_count=waiting, **context)
    if store is not None and request.cookies.get(STORE_COOKIE) != str(store.id):
        response.set_cookie(
            STORE_COOKIE,
            str(store.id),
            max_age=_A_YEAR,
            httponly=True,
            samesite="lax",
            secure=request.app.state.config.secure,
        )
    return response
