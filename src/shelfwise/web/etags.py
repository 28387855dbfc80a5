"""Versions of what is changed in place: an ``ETag`` to send, and ``If-Match`` to ask for."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from shelfwise.errors import EntryError

__all__ = ["IfMatch", "etag", "version_of"]

_TAG: Final = re.compile(r'(?:W/)?"v(\d{1,18})"')


def etag(version: int) -> str:
    """The ``ETag`` of a version: ``"v3"``, in quotes."""
    return f'"v{version}"'


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
