"""The audit log: who changed what. For admins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, Field

from shelfwise.web.access import Admin, TheShop
from shelfwise.web.api.schemas import PageOf, Pages, Reply, group, page_of

__all__ = ["router"]

router = group("Audit log")


class AuditOut(Reply):
    """One entry."""

    id: int
    at: datetime
    user: str = Field(description="Who did it; empty where nobody was signed in.")
    action: str = Field(examples=["product.change"])
    subject: str
    details: Mapping[str, Any]
    address: str | None


@router.get("/audit", summary="Read the audit log")
def entries(
    shop: TheShop,
    actor: Admin,
    pages: Pages,
    user: Annotated[str | None, Query(max_length=200, description="Only what this user did.")] = None,
    action: Annotated[
        str | None,
        Query(max_length=64, description="Only this action; `product.` means all that begin so."),
    ] = None,
    since: Annotated[AwareDatetime | None, Query(description="Not before.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before.")] = None,
) -> PageOf[AuditOut]:
    """Entries, newest first. They are added and read, never changed."""
    found = shop.audit.entries(user, action, since, until, pages.cursor, pages.limit)
    return page_of(found, AuditOut.model_validate)
