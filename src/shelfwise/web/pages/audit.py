"""The audit log: who did what, when and from where, with filters and all details. For admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from shelfwise.web.access import Admin, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.devices import device_words
from shelfwise.web.pages.filters import Cursor, Day, Text, address, end_of, start_of, zone_of
from shelfwise.web.pages.frame import show

__all__ = ["router"]

router = page_router()

_GROUPS: Final = (
    ("", "Everything"),
    ("session.", "Signing in and out"),
    ("session.fail", "Failed sign-ins"),
    ("user.", "Users"),
    ("link.", "Invitations and password links"),
    ("token.", "Tokens"),
    ("product.", "Products"),
    ("category.", "Categories"),
    ("store.", "Stores"),
    ("location.", "Places"),
    ("model.", "Models"),
    ("import", "Imports"),
)
_WORDS: Final[Mapping[str, str]] = {
    "session.start": "Signed in",
    "session.end": "Signed out",
    "session.fail": "Sign-in failed",
    "user.add": "Added a user",
    "user.change": "Changed a user",
    "user.password": "Set a password",
    "user.disable": "Disabled a user",
    "user.enable": "Enabled a user",
    "link.make": "Made a link",
    "link.use": "Used a link",
    "token.issue": "Made a token",
    "token.revoke": "Revoked a token",
    "product.add": "Added a product",
    "product.change": "Changed a product",
    "product.learn": "Added photos",
    "product.forget": "Removed a photo",
    "category.add": "Added a category",
    "category.change": "Changed a category",
    "store.add": "Added a store",
    "store.change": "Changed a store",
    "location.add": "Added a place",
    "location.change": "Changed a place",
    "model.add": "Uploaded a model",
    "model.activate": "Switched the model",
    "model.roll-back": "Went back to a model",
    "model.shadow": "Changed the trial",
    "model.remove": "Removed a model",
    "import": "Imported a file",
}


@router.get("/audit")
def audit(
    request: Request,
    actor: Admin,
    user: Text = "",
    action: Annotated[str, Query(max_length=64)] = "",
    since: Day = None,
    until: Day = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    """Show entries, newest first, all of them or those that the filters let through."""
    shop, zone = shop_of(request), zone_of(request)
    found = shop.audit.entries(
        user or None, action or None, start_of(since, zone), end_of(until, zone), cursor
    )
    given = {"user": user, "action": action, "since": since, "until": until}
    groups = list(_GROUPS)
    if action not in dict(groups):
        groups.append((action, _WORDS.get(action, action)))
    return show(
        request,
        actor,
        "audit.html",
        entries=[(entry, _words(entry.action), _told(entry.details)) for entry in found.items],
        names=[each.name for each in shop.users.list()],
        groups=groups,
        given=given,
        filtered=any(given.values()),
        next_page=address("/audit", **given, cursor=found.next) if found.next else None,
        first_page=address("/audit", **given) if cursor else None,
    )


def _words(action: str) -> str:
    return _WORDS.get(action, action.replace(".", ": ").replace("-", " ").capitalize())


def _told(details: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Details as pairs of words: what is inside others is named by its path."""
    told: list[tuple[str, str]] = []
    for key, value in details.items():
        name = f"{above}{key.replace('_', ' ')}"
        if isinstance(value, Mapping) and value:
            told += _told(value, f"{name}, ")
        else:
            told.append((name, device_words(str(value)) if key == "device" else _value(value)))
    return told


def _value(value: Any) -> str:
    if value is None or value in ({}, [], ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    return str(value)
