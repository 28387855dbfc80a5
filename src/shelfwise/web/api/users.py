"""Users, what they may do, and the one-time links by which they set their passwords. For admins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from fastapi import Response
from pydantic import Field
from starlette.requests import Request

from shelfwise.accounts.records import Role, User
from shelfwise.errors import ConflictError
from shelfwise.web.access import Admin, Audit, TheShop, address_of
from shelfwise.web.api.fields import PathId
from shelfwise.web.api.schemas import Entry, PageOf, Reply, each, group, problems
from shelfwise.web.etags import IfMatch, etag, unchanged, version_by
from shelfwise.web.links import link
from shelfwise.web.replies import keep_instead

__all__ = ["router", "user_tag"]

router = group("Users")

UserName = Annotated[str, Field(max_length=200, examples=["Grace"])]
Roles = Annotated[
    dict[int, Role],
    Field(
        max_length=1000,
        description="The role in each store, by the store's number.",
        examples=[{"1": "clerk"}],
    ),
]


class UserIn(Entry):
    """A new user. They set their password by a link."""

    name: UserName
    admin: bool = False
    roles: Roles = Field(default_factory=dict)


class UserChange(Entry):
    """What to change of a user; what is left out stays."""

    name: UserName | None = None
    admin: bool | None = None
    roles: Roles | None = None
    disabled: bool | None = Field(None, description="A disabled user's sessions end and tokens do not work.")


class UserOut(Reply):
    """A user."""

    id: int
    name: str
    admin: bool
    roles: Mapping[int, Role]
    disabled: bool
    has_password: bool = Field(description="False until their link was used.")
    created_at: datetime
    last_seen: datetime | None

    @classmethod
    def of(cls, user: User) -> Self:
        """A user as admins see them."""
        return cls.model_validate(user)


class LinkOut(Reply):
    """A link to hand to a user. It works once, and for a few days."""

    link: str | None = Field(description="Shown this once; null in a reply that is sent again.")
    expires_at: datetime
    user: UserOut


@router.get("/users", summary="List users")
def users(shop: TheShop, actor: Admin) -> PageOf[UserOut]:
    """All users by name, the disabled ones too."""
    return each(shop.users.list(), UserOut.of)


@router.post("/users", status_code=201, summary="Add a user", responses=problems(409))
def add_user(entry: UserIn, request: Request, shop: TheShop, actor: Admin) -> LinkOut:
    """Add a user and make the link by which they set their password."""
    user = shop.users.add(
        entry.name, admin=entry.admin, roles=entry.roles, by=actor.name, address=address_of(request)
    )
    return _link(request, shop, user, actor.name)


@router.get("/users/{user_id}", summary="Show a user", responses=problems(404))
def user(user_id: PathId, shop: TheShop, actor: Admin, response: Response) -> UserOut:
    """One user; the `ETag` stands for their name and what they may do."""
    return _tagged(shop.users.get(user_id), response)


@router.patch("/users/{user_id}", summary="Change a user", responses=problems(404, 409, 412))
def change_user(
    user_id: PathId,
    entry: UserChange,
    request: Request,
    shop: TheShop,
    actor: Admin,
    version: IfMatch,
    response: Response,
) -> UserOut:
    """Change a user's name or what they may do, disable or enable them. The last admin stays one.

    With `If-Match` only if they still are as they were read.
    """
    if entry.disabled and user_id == actor.user_id:
        raise ConflictError("this is yourself: let another admin disable you")

    changed = shop.users.change(
        user_id,
        name=entry.name,
        admin=entry.admin,
        roles=entry.roles,
        disabled=entry.disabled,
        by=actor.name,
        address=address_of(request),
        check=unchanged(version, _version),
    )
    return _tagged(changed, response)


@router.post(
    "/users/{user_id}/password-link", status_code=201, summary="Make a password link", responses=problems(404)
)
def password_link(user_id: PathId, request: Request, shop: TheShop, actor: Admin) -> LinkOut:
    """Make a link by which a user sets a new password."""
    return _link(request, shop, shop.users.get(user_id), actor.name)


@router.delete(
    "/users/{user_id}/invitation",
    status_code=204,
    summary="Take an invitation back",
    responses=problems(404, 409),
)
def take_back(user_id: PathId, request: Request, shop: TheShop, actor: Admin) -> None:
    """Remove a user who has not chosen a password yet; their link stops working. Others can be disabled."""
    shop.users.take_back(user_id, by=actor.name, address=address_of(request))


@router.delete(
    "/users/{user_id}/sessions", status_code=204, summary="Sign a user out", responses=problems(404)
)
def end_sessions(user_id: PathId, shop: TheShop, actor: Admin, audit: Audit) -> None:
    """End all sessions of a user."""
    name = shop.users.get(user_id).name
    audit("session.end", name, ended=shop.sessions.end_all(user_id))


def _link(request: Request, shop: TheShop, user: User, by: str) -> LinkOut:
    secret = shop.invitations.reset(user.id, by, address_of(request))
    made = LinkOut(
        link=link(request, "invitation", secret),
        expires_at=shop.invitations.peek(secret).expires_at,
        user=UserOut.of(user),
    )
    keep_instead(request, made.model_copy(update={"link": None}))
    return made


def user_tag(user: User) -> str:
    """The ``ETag`` of a user's name and what they may do; not of when they were seen."""
    return etag(_version(user))


def _version(user: User) -> int:
    return version_by(user.id, user.name, user.admin, sorted(user.roles.items()), user.disabled)


def _tagged(user: User, response: Response) -> UserOut:
    response.headers["ETag"] = user_tag(user)
    return UserOut.of(user)
