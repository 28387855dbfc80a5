"""Tokens for programs: issued by people who are signed in, never by tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field
from starlette.requests import Request

from shelfwise.accounts.records import Scope, Token
from shelfwise.errors import EntryError, NotFoundError
from shelfwise.web.access import Person, TheShop, address_of
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.schemas import Entry, PageOf, Reply, each, group, problems
from shelfwise.web.replies import keep_instead

__all__ = ["router"]

router = group("Tokens")


class TokenIn(Entry):
    """A new token."""

    name: Annotated[str, Field(max_length=200, examples=["till"])]
    scopes: Annotated[
        list[Scope],
        Field(
            min_length=1,
            max_length=5,
            description="All that it may do: `read` what is there; `classify` photos and judge answers; `book`, "
            "count and undo; `manage` products, categories and locations, import, and list what to order; `admin` "
            "stores, users, models and the audit log. None implies another.",
            examples=[["read", "book"]],
        ),
    ]
    store_ids: Annotated[list[int] | None, Field(max_length=1000, description="null: all of the user's.")] = (
        None
    )
    expires_at: Annotated[AwareDatetime | None, Field(description="null: never.")] = None


class TokenOut(Reply):
    """A token, without its secret."""

    id: int
    user_id: int
    user: str
    name: str
    scopes: list[str]
    store_ids: list[int] | None
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None
    revoked: bool


class NewTokenOut(Reply):
    """A token just issued."""

    secret: str | None = Field(description="Shown this once; null in a reply that is sent again.")
    token: TokenOut


@router.get("/tokens", summary="List tokens")
def tokens(shop: TheShop, actor: Person, everybody: bool = False) -> PageOf[TokenOut]:
    """One's own tokens; with `everybody`, which is for admins, all."""
    if everybody:
        actor.require("admin")
    return each(shop.tokens.list(None if everybody else actor.user_id), _out)


@router.post("/tokens", status_code=201, summary="Issue a token")
def issue(entry: TokenIn, request: Request, shop: TheShop, actor: Person) -> NewTokenOut:
    """Issue a token for oneself. It may never do more than its user may."""
    for place, store in enumerate(entry.store_ids or ()):
        if actor.role(store) is None:
            raise EntryError(f"store_ids.{place}", f"there is no store {store} that you may see")
    made = shop.tokens.issue(
        actor.user_id,
        entry.name,
        frozenset(entry.scopes),
        store_ids=None if entry.store_ids is None else frozenset(entry.store_ids),
        expires_at=entry.expires_at,
        by=actor.name,
        address=address_of(request),
    )
    reply = NewTokenOut(secret=made.secret, token=_out(made.token))
    keep_instead(request, reply.model_copy(update={"secret": None}))
    return reply


@router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token", responses=problems(404))
def revoke(token_id: PathId, request: Request, shop: TheShop, actor: Person) -> None:
    """Make a token useless at once. Admins may revoke everybody's."""
    if shop.tokens.get(token_id).user_id != actor.user_id and not actor.admin:
        # Others' tokens are none of their business, not even that they are there.
        raise NotFoundError(f"there is no token {token_id}")
    shop.tokens.revoke(token_id, by=actor.name, address=address_of(request))


def _out(token: Token) -> TokenOut:
    return TokenOut(
        id=token.id,
        user_id=token.user_id,
        user=token.user,
        name=token.name,
        scopes=sorted(token.scopes),
        store_ids=None if token.store_ids is None else sorted(token.store_ids),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used=token.last_used,
        revoked=token.revoked,
    )
