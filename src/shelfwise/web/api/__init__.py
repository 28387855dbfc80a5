"""The REST API under ``/api/v1``: one module for each group of addresses, each with its ``router``.

A new group is one line in :data:`GROUPS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter

__all__ = ["GROUPS", "groups"]

GROUPS: Final[Sequence[str]] = (
    "session",
    "users",
    "tokens",
    "audit",
    "models",
    "stores",
    "categories",
    "products",
    "product_photos",
    "stock",
    "planning",
    "movements",
    "counts",
    "classify",
    "shelf_export",
    "shelf",
    "shelf_stock",
    "planograms",
    "photos",
    "review",
    "imports",
    "exports",
)
"""Modules of this package, in the order of the schema."""


def groups() -> list[APIRouter]:
    """The routers of all groups."""
    return [importlib.import_module(f"{__name__}.{name}").router for name in GROUPS]
