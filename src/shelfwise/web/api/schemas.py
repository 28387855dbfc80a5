"""What all groups of the API share: bodies, pages of lists, problems, and how a group is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from shelfwise.inventory.records import Page
from shelfwise.web.problems import PROBLEM_TYPE
from shelfwise.web.replies import WriteOnce

__all__ = [
    "PREFIX",
    "Entry",
    "PageOf",
    "Pages",
    "Paging",
    "Problem",
    "ProblemField",
    "Reply",
    "each",
    "group",
    "page_of",
    "problems",
]

PREFIX: Final = "/api/v1"
T = TypeVar("T")
R = TypeVar("R")


class Entry(BaseModel):
    """A body that somebody sends: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Reply(BaseModel):
    """A body that is sent back; may be made from a record with ``model_validate(record)``."""

    model_config = ConfigDict(from_attributes=True)


class PageOf(BaseModel, Generic[T]):
    """A page of a list."""

    items: list[T]
    next: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


def page_of(page: Page[R], make: Callable[[R], T]) -> PageOf[T]:
    """A page of records as a page of replies."""
    return PageOf.model_construct(items=[make(item) for item in page.items], next=page.next)


class ProblemField(BaseModel):
    """A field that is wrong."""

    field: str = Field(description="Its path, such as `lines.0.quantity`.", examples=["lines.0.quantity"])
    message: str = Field(examples=["Give a number above 0."])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=["urn:shelfwise:problem:not-found"])
    title: str = Field(examples=["Nothing of that name or number is here"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no product 17."])
    errors: list[ProblemField]


_MEANINGS: Final = {
    400: "The request cannot be read.",
    401: "Nobody is signed in, or the session or token has ended.",
    403: "The role, the token's scopes or stores, or a missing CSRF token do not allow it.",
    404: "Nothing of that number or name is here.",
    409: "It clashes with what is there, or the idempotency key was used for something else.",
    412: "Somebody else changed it since it was read (`If-Match`).",
    413: "The request is too large.",
    422: "Something given is wrong; `errors` names the fields.",
    428: "The header `If-Match` is missing.",
    429: "Too many requests; `Retry-After` says when to try again.",
    503: "Too much is waiting, or the database does not answer; `Retry-After` says when to try again.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of an endpoint that may answer with these problems."""
    return {
        status: {
            "description": _MEANINGS[status],
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def group(tag: str, path: str = "") -> APIRouter:
    """A router for a group of addresses under ``/api/v1`` + ``path``.

    Its writes take an idempotency key, and the problems that any endpoint may answer with are documented.
    """
    return APIRouter(
        prefix=PREFIX + path,
        tags=[tag],
        route_class=WriteOnce,
        responses=problems(400, 401, 403, 413, 422, 429, 503),
    )


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for."""

    cursor: str | None
    limit: int


async def _paging(
    cursor: Annotated[str | None, Query(description="`next` of the page before.", max_length=1000)] = None,
    limit: Annotated[int, Query(description="Items on a page.", ge=1, le=200)] = 50,
) -> Paging:
    return Paging(cursor, limit)


Pages = Annotated[Paging, Depends(_paging)]
"""Cursor and limit, for an endpoint's parameter."""


def each(records: Iterable[R], make: Callable[[R], T]) -> PageOf[T]:
    """A list that is short enough for one page."""
    return PageOf.model_construct(items=[make(record) for record in records], next=None)
