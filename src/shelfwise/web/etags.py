"""Versions of what is changed in place: an ``ETag`` to send, and ``If-Match`` to ask for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import Depends, Header

from shelfwise.errors import ChangedError, EntryError

__all__ = ["IfMatch", "etag", "unchanged", "version_by", "version_of"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)

_TAG: Final = re.compile(r'(?:W/)?"v(\d{1,18})"')


def etag(version: int) -> str:
    """The ``ETag`` of a version: ``"v3"``, in quotes."""
    return f'"v{version}"'


def version_by(*told: object) -> int:
    """The version of what counts no versions: by all that can be changed of it, so that equal ones have the same."""
    digest = hashlib.sha256(repr(told).encode("utf-8", "backslashreplace")).digest()
    # Few enough digits for a version.
    return int.from_bytes(digest[:7])


def unchanged(version: int | None, version_now: Callable[[T], int]) -> Callable[[T], None] | None:
    """The check that something still has the version of an ``If-Match``; None where any will do.

    Args:
        version: what the caller has read.
        version_now: gives the version of what is there.
    """
    if version is None:
        return None

    def check(there: T) -> None:
        if version != version_now(there):
            raise ChangedError(f"{there.name} has been changed meanwhile: read it again")

    return check


def version_of(tag: str | None) -> int | None:
    """The version that an ``If-Match`` header asks for; None for none and for ``*``.

    Raises:
        EntryError: it is no tag of ours.
    """
    if tag is None or tag.strip() == "*":
        return None
    match = _TAG.fullmatch(tag.strip())
    if match is None:
        raise EntryError("If-Match", 'give the ETag that the answer had, such as "v3"')
    return int(match.group(1))


async def _if_match(
    if_match: Annotated[
        str | None,
        Header(
            description="The `ETag` of what was read. If it has changed since, the answer is 412.",
            examples=['"v3"'],
            max_length=40,
        ),
    ] = None,
) -> int | None:
    return version_of(if_match)


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version that the caller has read, or None if any will do."""
