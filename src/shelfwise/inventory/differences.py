"""Stores, places, categories and products that were added or changed, in the words of the audit log."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Final, TypeVar

from shelfwise.inventory.quantities import without_zeros
from shelfwise.inventory.records import Category, Location, Product, Store

__all__ = ["Record", "differences", "entry_of"]

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


def entry_of(before: Record | None, after: Record) -> tuple[str, str, dict[str, object]]:
    """What the audit log says of a change: the action, which one, and what else is worth knowing.

    Args:
        before: as it was; None for one that was added.
        after: as it is now.
    """
    kind = type(after).__name__.lower()
    named = after if before is None else before
    subject = f"{kind} {getattr(named, 'path', named.name)}"
    if before is not None:
        return f"{kind}.change", subject, {"id": after.id, **differences(before, after)}
    told: dict[str, object] = {"id": after.id}
    if isinstance(after, Location):
        told["store_id"] = after.store_id
    elif isinstance(after, Product):
        # The category may have been made, or taken back from the archive, with the product.
        given = {name: getattr(after, name) for name in ("category", "gtin", "minimum", "target")}
        told |= {name: _told(value) for name, value in given.items() if value is not None}
    return f"{kind}.add", subject, told


def _told(value: object) -> object:
    # Without the zeros that a database adds: 2.000 is 2.
    return without_zeros(value) if isinstance(value, Decimal) else value
