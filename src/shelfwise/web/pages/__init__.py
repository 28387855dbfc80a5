"""The pages that people see: one module for each part of the site, each with its ``router``.

A new part is one line in :data:`PAGES`. Pages only read, but for signing in and out: all other writes go through
the API.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter

__all__ = ["PAGES", "page_router", "page_routers"]

PAGES: Final[Sequence[str]] = (
    "account",
    "audit",
    "count",
    "home",
    "imports",
    "models",
    "movements",
    "orders",
    "products",
    "review",
    "scan",
    "shelf",
    "sign_in",
    "stock",
    "stores",
    "users",
)
"""Modules of this package, one a line."""


def page_router() -> APIRouter:
    """A router for pages: nothing of it is in the API's schema."""
    return APIRouter(include_in_schema=False)


def page_routers() -> list[APIRouter]:
    """The routers of all parts."""
    return [importlib.import_module(f"{__name__}.{name}").router for name in PAGES]
