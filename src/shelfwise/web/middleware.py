"""Around every request: whom it is addressed to, how large it may be, headers for browsers, a log line, figures.

Plain ASGI: nothing here buffers a body or an answer.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shelfwise.web.config import WebConfig
from shelfwise.web.metrics import Metrics
from shelfwise.web.problems import PROBLEM_TYPE

__all__ = ["ACCESS_LOG", "CSP", "BodyLimit", "Edge"]

ACCESS_LOG: Final = logging.getLogger("shelfwise.access")
_FAULTS: Final = logging.getLogger("shelfwise.web")

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "frame-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
_HEADERS: Final = (
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"),
)
_A_YEAR: Final = "max-age=31536000"
_NO_ROUTE: Final = "(none)"
# Anybody may send any word as the method; each would be a figure of its own for ever.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HOST: Final = re.compile(
    r"(?:\[(?P<ip6>[0-9a-f:.]+)\]|(?P<name>[^\[\]:/?#@\\]*))(?::[0-9]*)?", re.IGNORECASE
)
_UPLOADS: Final = re.compile(r"/api/v1/(?:classify|shelf|models|imports/[a-z]+|products/[0-9]+/photos)")


class Edge:
    """Outermost: checks the Host header, sets headers on every answer, logs and counts, hides defects.

    A page that another site's name leads to (DNS rebinding) is refused by its Host header.
    """

    def __init__(self, app: ASGIApp, config: WebConfig, metrics: Metrics) -> None:
        self._app = app
        self._config = config
        self._metrics = metrics
        self._names = config.names
        self._headers = _HEADERS + ((("strict-transport-security", _A_YEAR),) if config.secure else ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(message, request_id)
            await send(message)

        try:
            if self._is_ours(_host_name(Headers(scope=scope).get("host", ""))):
                await self._app(scope, receive, send_on)
            else:
                await _say(send_on, 421, "host", "This server goes by another name", _HOST_HELP)
        # The one place where a defect ends: its traceback goes to the log, never to whoever asked.
        except Exception:
            _FAULTS.exception("request %s failed", request_id)
            if status:
                # Half an answer must not look whole: the server breaks the connection off.
                raise
            detail = f"This is a fault of the server. Its log tells more under the number {request_id}."
            await _say(send_on, 500, "fault", "Something went wrong here", detail)
        finally:
            self._note(scope, status, time.perf_counter() - started, request_id)

    def _is_ours(self, name: str) -> bool:
        return name in self._names or self._config.takes(name)

    def _dress(self, message: Message, request_id: str) -> None:
        headers = MutableHeaders(raw=message.setdefault("headers", []))
        for name, value in self._headers:
            headers.setdefault(name, value)
        headers["x-request-id"] = request_id
        headers.setdefault("cache-control", "no-store")

    def _note(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        route = getattr(scope.get("route"), "path", None) or _NO_ROUTE
        method = "any"
        if route != _NO_ROUTE:
            method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.request(method, route, status, seconds)
        if self._config.access_log and ACCESS_LOG.isEnabledFor(logging.INFO):
            actor = scope["state"].get("actor")
            client = scope.get("client")
            ACCESS_LOG.info(
                "%s %s %s %d %.1fms user=%s id=%s",
                client[0] if client else "-",
                scope["method"],
                _loggable(scope, route),
                status,
                seconds * 1000,
                actor.name if actor is not None else "-",
                request_id,
            )


def _loggable(scope: Scope, route: str) -> str:
    """The path without its query; without the secret of a one-time link, which is in its path."""
    path: str = route if "{secret}" in route else scope["path"]
    return path.encode("unicode_escape").decode("ascii")[:300]


_HOST_HELP: Final = (
    "Call it by the address that it printed when it started. If it is reached by another name, start it with "
    "that one: shelfwise serve --public-address https://NAME"
)


def _host_name(host: str) -> str:
    """The name of a Host header, without port and brackets; nothing where it is not one."""
    match = _HOST.fullmatch(host)
    return "" if match is None else (match["ip6"] or match["name"]).lower()


async def _say(send: Send, status: int, code: str, title: str, detail: str) -> None:
    """Answer with a problem, without the framework."""
    body = json.dumps(
        {
            "type": f"urn:shelfwise:problem:{code}",
            "title": title,
            "status": status,
            "detail": detail,
            "errors": [],
        }
    ).encode()
    headers = [
        (b"content-type", PROBLEM_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class BodyLimit:
    """Refuses a body that is too large, by its announced length or while it comes in."""

    def __init__(self, app: ASGIApp, config: WebConfig) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._most(scope["path"], headers.get("content-type", ""))
        announced = headers.get("content-length", "0")
        seen = int(announced) if announced.isdecimal() else 0
        told = seen > most
        came = 0

        async def receive_on() -> Message:
            nonlocal came
            if told:
                raise _too_large(most)
            message: dict[str, Any] = dict(await receive())
            came += len(message.get("body", b""))
            if came > most:
                raise _too_large(most)
            return message

        await self._app(scope, receive_on, send)

    def _most(self, path: str, content_type: str) -> int:
        # Elsewhere the body is held in memory, or nobody has asked yet who sends it.
        kind = content_type.partition(";")[0].strip().lower()
        large = kind == "multipart/form-data" and _UPLOADS.fullmatch(path)
        return self._config.max_upload if large else self._config.max_body


def _too_large(most: int) -> HTTPException:
    # What is left of the body is not read: the connection ends with the answer.
    return HTTPException(
        413,
        f"The request is larger than the {most / 2**20:,.4g} MiB that are taken.",
        {"Connection": "close"},
    )
