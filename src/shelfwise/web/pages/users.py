"""Users and what they may do, their links and disabling, and everybody's tokens. For admins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from shelfwise.accounts.records import STORE_ROLES, User
from shelfwise.database import utc_now
from shelfwise.web.access import Admin, shop_of
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.users import user_tag
from shelfwise.web.pages import page_router
from shelfwise.web.pages.devices import device_words
from shelfwise.web.pages.frame import show
from shelfwise.workflows.shop import Shop

__all__ = ["router"]

router = page_router()

ROLE_CHOICES: Final = (
    ("", "No role"),
    ("reader", "Reader"),
    ("clerk", "Clerk"),
    ("manager", "Manager"),
)


@router.get("/users")
def users(request: Request, actor: Admin) -> HTMLResponse:
    """List the users, the disabled ones last."""
    shop = shop_of(request)
    names = _store_names(shop)
    everybody = sorted(shop.users.list(), key=lambda user: user.disabled)
    return show(
        request,
        actor,
        "users.html",
        users=[(user, _roles(user, names)) for user in everybody],
        invited_until=shop.invitations.open_until(),
        role_choices=ROLE_CHOICES,
    )


@router.get("/users/tokens")
def tokens(request: Request, actor: Admin) -> HTMLResponse:
    """List everybody's tokens."""
    shop = shop_of(request)
    return show(
        request,
        actor,
        "users_tokens.html",
        tokens=shop.tokens.list(),
        store_names=_store_names(shop),
        now=utc_now(),
    )


@router.get("/users/{user_id}")
def user_page(request: Request, actor: Admin, user_id: PathId) -> HTMLResponse:
    """Show one user: their roles, browsers and tokens."""
    shop = shop_of(request)
    user = shop.users.get(user_id)
    return show(
        request,
        actor,
        "user.html",
        user=user,
        tag=user_tag(user).strip('"'),
        invited_until=shop.invitations.open_until(),
        role_choices=ROLE_CHOICES,
        sessions=[(each, device_words(each.device)) for each in shop.sessions.list(user_id)],
        tokens=shop.tokens.list(user_id),
        store_names=_store_names(shop),
        now=utc_now(),
    )


def _store_names(shop: Shop) -> Mapping[int, str]:
    stores = (*shop.catalogue.stores(), *shop.catalogue.stores(archived=True))
    return {store.id: store.name for store in stores}


def _roles(user: User, names: Mapping[int, str]) -> Sequence[tuple[str, str]]:
    """Roles with the names of their stores, the highest first; where it is the same everywhere, once."""
    if user.admin:
        return [("Admin", "everywhere")]
    held: dict[str, list[str]] = {role: [] for role in reversed(STORE_ROLES)}
    for store_id, role in user.roles.items():
        held[role].append(names.get(store_id, f"no. {store_id}"))
    return [(role.capitalize(), ", ".join(sorted(where))) for role, where in held.items() if where]
