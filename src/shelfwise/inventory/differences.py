"""What a change changed of a store, a place, a category or a product, for the audit log."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Final, TypeVar

from shelfwise.inventory.records import Category, Location, Product, Store

__all__ = ["Record", "differences"]

Record = TypeVar("Record", Store, Location, Category, Product)
# They follow from other fields, or count the changes.
_SILENT: Final = frozenset({"path", "version", "category_id"})


def differences(before: Record, after: Record) -> dict[str, object]:
    """Each field that differs, with its value before and after: ``{"name": {"before": "Tea", "after": "Teas"}}``."""
    return {
        field.name: {"before": _told(getattr(before, field.name)), "after": _told(getattr(after, field.name))}
        for field in fields(before)
        if field.name not in _SILENT and getattr(before, field.name) != getattr(after, field.name)
    }


def _told(value: object) -> object:
    # Without the zeros that a database adds: 2.000 is 2.
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
