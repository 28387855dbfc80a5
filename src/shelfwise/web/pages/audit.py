"""The audit log: who did what, when and from where, with filters and all details. For admins."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import HTMLResponse

from shelfwise.web.access import Admin, shop_of
from shelfwise.web.pages import page_router
from shelfwise.web.pages.audit_words import WORDS, details_words, done_words, subject_words
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
        groups.append((action, WORDS.get(action, action)))
    stores = {store.id: store.name for archived in (False, True) for store in shop.catalogue.stores(archived)}
    return show(
        request,
        actor,
        "audit.html",
        entries=[
            (entry, done_words(entry), subject_words(entry), details_words(entry, stores, zone))
            for entry in found.items
        ],
        names=[each.name for each in shop.users.list()],
        groups=groups,
        given=given,
        filtered=any(given.values()),
        next_page=address("/audit", **given, cursor=found.next) if found.next else None,
        first_page=address("/audit", **given) if cursor else None,
    )
