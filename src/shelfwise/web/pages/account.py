"""One's own account: the password, the browsers that one is signed in with, and tokens for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from shelfwise.accounts.records import Actor, Role, Scope
from shelfwise.database import utc_now
from shelfwise.inventory.records import Store
from shelfwise.web.access import Person, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.devices import device_words
from shelfwise.web.pages.frame import show
from shelfwise.web.rendering import visible_stores

__all__ = ["router"]

router = page_router()

_SCOPES: Final[Sequence[tuple[Scope, Role, str, str]]] = (
    ("read", "reader", "Read", "Levels, products, movements, photos."),
    ("classify", "clerk", "Classify photos", "Send photos, and judge answers."),
    ("book", "clerk", "Book", "What came, went or was counted."),
    ("manage", "manager", "Manage", "Products, places, imports."),
    ("admin", "admin", "Administer", "Stores, users, models. Only where a program really needs it."),
)
_LASTS: Final = ((30, "30 days"), (90, "90 days"), (365, "A year"))


@router.get("/account")
def account(request: Request, actor: Person) -> HTMLResponse:
    """Show one's own account."""
    shop, stores = shop_of(request), visible_stores(request, actor)
    now = utc_now()
    expiries = [((now + timedelta(days=days)).isoformat(), words) for days, words in _LASTS]
    return show(
        request,
        actor,
        "account.html",
        sessions=[
            (each, device_words(each.device), each.id == actor.session_id)
            for each in shop.sessions.list(actor.user_id)
        ],
        tokens=shop.tokens.list(actor.user_id),
        now=now,
        roles=_roles(actor, stores),
        scopes=[
            (scope, words, text, scope == "read")
            for scope, role, words, text in _SCOPES
            if actor.allows(role)
        ],
        token_stores=[("null", "All of your stores"), *((f"[{each.id}]", each.name) for each in stores)],
        store_names={each.id: each.name for each in stores},
        expiries=[*expiries, ("", "As long as nobody revokes it")],
    )


def _roles(actor: Actor, stores: Sequence[Store]) -> list[tuple[str, str]]:
    """What one may do: pairs of a role and where it holds."""
    if actor.admin:
        return [("Admin", "all stores, users and models")]
    return [(role.capitalize(), store.name) for store in stores if (role := actor.role(store.id)) is not None]
