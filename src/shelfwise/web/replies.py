"""Writes that are safe to send again: with an ``Idempotency-Key``, the second one gets the first one's reply."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Header
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shelfwise.accounts.records import Actor
from shelfwise.errors import EntryError
from shelfwise.web.access import shop_of, signed_in
from shelfwise.web.parameters import KnownParameters

__all__ = ["IdempotencyKey", "WriteOnce", "fingerprint", "keep_instead", "keep_nothing"]

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEPT_HEADERS: Final = ("content-type", "etag", "location")
_CHUNK: Final = 1 << 20
# Files are spooled to the disk, but fields are held in memory. No form of the API has more.
_MOST_FILES: Final = 64
_MOST_FIELDS: Final = 8
_FIELD_BYTES: Final = 4096

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=HEADER,
        description="Any text of up to 200 characters, new for each write. The same write sent again with it "
        "gets the first one's reply and changes nothing more.",
        examples=["0b9f6a1e-4a3c-4a58-9a0d-1f1f3c1f7a52"],
    ),
]
"""The key, for endpoints that pass it on (the ledger keeps bookings' keys for ever)."""


class WriteOnce(KnownParameters):
    """A route whose writes are answered once a key. Endpoints need nothing for it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's handler, with the kept replies before it."""
        handler = super().get_route_handler()
        if not _WRITES & (self.methods or set()):
            return handler

        async def once(request: Request) -> Response:
            # Before the body is read: nobody may fill the disk without being known.
            actor = await run_in_threadpool(signed_in, request)
            key = request.headers.get(HEADER)
            if key is None:
                return await handler(request)
            if not _KEY.fullmatch(key):
                raise EntryError(HEADER, "give 1 to 200 characters without spaces")
            try:
                return await _answer_once(request, handler, actor, key, await fingerprint(request))
            finally:
                # A form's files, where the endpoint did not come to read them.
                await request.close()

        return once


async def _answer_once(
    request: Request,
    handler: Callable[[Request], Coroutine[Any, Any, Response]],
    actor: Actor,
    key: str,
    mark: str,
) -> Response:
    replies = shop_of(request).replies
    path = request.url.path
    kept = await run_in_threadpool(replies.begin, actor, key, request.method, path, mark)
    if kept is not None:
        return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})
    finished = False
    try:
        response = await handler(request)
        # A stream's bytes are not here to keep, and what failed may succeed when it is sent again.
        kept_at_all = not getattr(request.state, "keep_nothing", False)
        if response.status_code < 300 and not isinstance(response, StreamingResponse) and kept_at_all:
            headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
            # A reply with a secret in it, for one, says itself what is kept of it.
            body: bytes = getattr(request.state, "kept_body", None) or bytes(response.body)
            await run_in_threadpool(replies.finish, actor, key, response.status_code, body, headers)
            finished = True
        return response
    finally:
        if not finished:
            await run_in_threadpool(replies.forget, actor, key)


def keep_instead(request: Request, reply: BaseModel) -> None:
    """Say what a write that is sent again is answered with, where that is not the same as the first time.

    Args:
        request: the write.
        reply: without its secret, or telling that it was done before.
    """
    if HEADER in request.headers:
        request.state.kept_body = reply.model_dump_json().encode()


def keep_nothing(request: Request) -> None:
    """Say that a write may as well be done again, and that its reply is too long to be kept for each of many."""
    request.state.keep_nothing = True


async def fingerprint(request: Request) -> str:
    """What tells a write sent again from another one with the same key: a hash of its address and content."""
    digest = hashlib.sha256()
    content_type = request.headers.get("content-type", "")
    form = content_type.lower().startswith("multipart/form-data")
    # A browser makes up a new boundary each time it sends the same form.
    for part in (request.method, request.url.path, request.url.query, "form" if form else content_type):
        _add(digest, part.encode())
    if not form:
        _add(digest, await request.body())
        return digest.hexdigest()
    form_sent = await request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES)
    for name, value in form_sent.multi_items():
        _add(digest, name.encode())
        if isinstance(value, str):
            _add(digest, value.encode())
            continue
        _add(digest, (value.filename or "").encode())
        await value.seek(0)
        whole = hashlib.sha256()
        while chunk := await value.read(_CHUNK):
            whole.update(chunk)
        await value.seek(0)
        _add(digest, whole.digest())
    return digest.hexdigest()


def _add(digest: hashlib._Hash, part: bytes) -> None:
    # With their lengths, two different rows of parts never look the same.
    digest.update(len(part).to_bytes(8, "big") + part)
