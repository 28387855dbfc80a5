"""What went wrong, as ``application/problem+json`` (RFC 9457) for programs and as a page for people."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shelfwise import errors
from shelfwise.errors import ShelfwiseError
from shelfwise.web.access import identify
from shelfwise.web.entry_words import field_path, refused_words, sentence
from shelfwise.web.rendering import render

__all__ = ["KINDS", "PHRASES", "PROBLEM_TYPE", "Found", "add_handlers", "answer", "found", "problem_json"]

PROBLEM_TYPE: Final = "application/problem+json"
_LONGEST_LIST: Final = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A problem, before it is written.

    Attributes:
        code: what sort it is; the end of the problem's ``type``.
        fields: pairs of a field's path and what is wrong with it.
        retry_after: seconds; None where trying again does not help.
    """

    status: int
    code: str
    title: str
    detail: str
    fields: Sequence[tuple[str, str]] = ()
    retry_after: float | None = None


KINDS: Final[Sequence[tuple[type[ShelfwiseError], int, str, str]]] = (
    (errors.NotFoundError, 404, "not-found", "Nothing of that name or number is here"),
    (errors.ChangedError, 412, "changed", "Somebody else changed it meanwhile"),
    (errors.KeyReusedError, 409, "key-reused", "The idempotency key was used for something else"),
    (errors.ConflictError, 409, "conflict", "It clashes with what is there"),
    (errors.EntryError, 422, "entry", "Something given is wrong"),
    (errors.SignInError, 401, "sign-in", "Nobody is signed in"),
    (errors.ForbiddenError, 403, "forbidden", "It is not allowed"),
    (errors.AccessError, 403, "forbidden", "It is not allowed"),
    (errors.OverloadedError, 503, "overloaded", "Too much is waiting already"),
    (errors.ThrottledError, 429, "throttled", "Too many requests"),
    (errors.BusyError, 503, "busy", "It cannot be done just now"),
    (errors.DatabaseError, 503, "database", "The database does not answer"),
    (errors.StorageError, 503, "storage", "It could not be kept"),
    (errors.ImageError, 422, "photo", "A photo cannot be read"),
    (errors.ProductError, 422, "entry", "Something given is wrong"),
    (errors.ModelError, 422, "model", "The model cannot be used"),
    (errors.ShelfError, 422, "shelf", "What is on the shelf photo does not allow it"),
    (errors.DataError, 422, "data", "The data cannot be used"),
    (errors.MissingExtraError, 501, "not-installed", "Something for this is not installed"),
)
"""Errors, their status, the end of the problem's type and its title; the first class that fits counts."""
_SECONDS_TO_RECOVER: Final = 5.0
_NOT_SENT_AS_JSON: Final = (
    "The body was not read, for it was not sent as JSON: send the header Content-Type: application/json."
)


def found(error: ShelfwiseError) -> Found:
    """What an expected error is to whoever made the request."""
    status, code, title = next(
        ((status, code, title) for kind, status, code, title in KINDS if isinstance(error, kind)),
        (400, "refused", "It cannot be done"),
    )
    detail, fields = sentence(str(error)), list[tuple[str, str]]()
    if isinstance(error, errors.EntryError):
        fields = [(error.field, sentence(error.message))]
        detail = _joined(fields)
    elif isinstance(error, errors.ConflictError | errors.ImageError) and error.field is not None:
        fields = [(error.field, detail)]
    retry_after = None
    if isinstance(error, errors.BusyError):
        retry_after = error.retry_after
    elif isinstance(error, errors.DatabaseError):
        retry_after = _SECONDS_TO_RECOVER
    return Found(status, code, title, detail, fields, retry_after)


def problem_json(problem: Found) -> Response:
    """The problem as an answer for programs."""
    content: dict[str, Any] = {
        "type": f"urn:shelfwise:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "errors": [{"field": field, "message": message} for field, message in problem.fields],
    }
    return Response(
        # In ASCII: half a surrogate pair that somebody sent could not be written otherwise.
        json.dumps(content, separators=(",", ":")),
        status_code=problem.status,
        media_type=PROBLEM_TYPE,
        headers=_headers(problem),
    )


def _headers(problem: Found) -> dict[str, str]:
    headers: dict[str, str] = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="shelfwise"'
    return headers


def for_programs(request: Request) -> bool:
    """Whether the request is one of the API's or the probes'."""
    path = request.url.path
    return path.startswith("/api/") or path in ("/healthz", "/readyz", "/metrics")


async def answer(request: Request, problem: Found) -> Response:
    """The problem as the caller reads it: JSON for the API, the sign-in page or an error page for people."""
    if for_programs(request):
        return problem_json(problem)
    if problem.status == HTTPStatus.UNAUTHORIZED and request.method in ("GET", "HEAD"):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/sign-in?next={quote(request.url.path + query, safe='')}", 303)
    return await run_in_threadpool(_page, request, problem)


def _page(request: Request, problem: Found) -> Response:
    # An address that leads nowhere asked nobody who they are; their page has the ways on all the same.
    if problem.status == HTTPStatus.NOT_FOUND:
        with contextlib.suppress(ShelfwiseError):
            identify(request)
    response = render(
        request,
        "error.html",
        status_code=problem.status,
        status=problem.status,
        title=problem.title,
        message=problem.detail,
    )
    response.headers.update(_headers(problem))
    return response


def add_handlers(app: FastAPI) -> None:
    """Make all errors that are expected, and the framework's own, problems."""

    async def expected(request: Request, error: Exception) -> Response:
        assert isinstance(error, ShelfwiseError)
        return await answer(request, found(error))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return await answer(request, _invalid(request, error))

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        response = await answer(request, _refused(error))
        for name, value in (error.headers or {}).items():
            response.headers[name] = value
        return response

    app.add_exception_handler(ShelfwiseError, expected)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)


def _invalid(request: Request, error: RequestValidationError) -> Found:
    if not for_programs(request) and any(each["loc"][:1] == ("path",) for each in error.errors()):
        # An address such as /products/new is no wrong entry: nobody has typed anything into a form.
        return _refused(HTTPException(404))
    if _is_unread(request, error):
        fields = [("", _NOT_SENT_AS_JSON)]
        return Found(422, "entry", "Something given is wrong", _joined(fields), fields)
    fields = [(field_path(each["loc"]), refused_words(each)) for each in error.errors()[:_LONGEST_LIST]]
    return Found(422, "entry", "Something given is wrong", _joined(fields[:3]), fields)


def _is_unread(request: Request, error: RequestValidationError) -> bool:
    """Whether a body that should be JSON was not even read, since its header says that it is something else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return False
    # The framework hands on the bytes of such a body as they came.
    return isinstance(error.body, bytes) and any(each["loc"] == ("body",) for each in error.errors())


def _joined(fields: Sequence[tuple[str, str]]) -> str:
    return " ".join(f"{field}: {message}" if field else message for field, message in fields)


PHRASES: Final = {
    404: ("not-found", "There is nothing at this address"),
    405: ("method", "This address does not take such a request"),
    413: ("too-large", "The request is too large"),
    400: ("malformed", "The request cannot be read"),
}
"""The same of the framework's own refusals, by status."""


def _refused(error: HTTPException) -> Found:
    code, title = PHRASES.get(error.status_code, ("refused", HTTPStatus(error.status_code).phrase))
    usual = error.detail == HTTPStatus(error.status_code).phrase
    return Found(error.status_code, code, title, sentence(title if usual else str(error.detail)))
