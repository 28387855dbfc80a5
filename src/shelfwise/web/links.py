"""One-time links, and replies whose secret must not be kept."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel
from starlette.requests import Request

from shelfwise.web.config import WebConfig

__all__ = ["link", "without_secret"]


def link(request: Request, kind: Literal["first", "invitation"], secret: str) -> str:
    """The address of a one-time link, as whoever makes the request reaches the server."""
    config: WebConfig = request.app.state.config
    base = config.public_address or f"{request.url.scheme}://{request.headers['host']}"
    return f"{base.rstrip('/')}/{kind}/{secret}"


def without_secret(request: Request, reply: BaseModel) -> None:
    """Say what is kept of a reply for a write that is sent again: the reply without its secret."""
    request.state.kept_body = reply.model_dump_json().encode()
