"""One-time links."""

from __future__ import annotations

from typing import Literal

from starlette.requests import Request

from shelfwise.web.config import WebConfig

__all__ = ["link"]


def link(request: Request, kind: Literal["first", "invitation"], secret: str) -> str:
    """The address of a one-time link, as whoever makes the request reaches the server."""
    config: WebConfig = request.app.state.config
    base = config.public_address or f"{request.url.scheme}://{request.headers['host']}"
    return f"{base.rstrip('/')}/{kind}/{secret}"
