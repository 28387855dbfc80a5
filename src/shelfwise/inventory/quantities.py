"""Quantities as they are given: exact, with up to three places."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from shelfwise.errors import EntryError

__all__ = ["LARGEST", "exact", "without_zeros"]

LARGEST: Final = Decimal(10) ** 9
"""What is given at once is smaller than this, so that levels stay within what a column holds."""

_THOUSANDTH: Final = Decimal("0.001")
_LONGEST: Final = 28  # digits that Decimal reckons with


def exact(field: str, value: object) -> Decimal:
    """A quantity with three places.

    Raises:
        EntryError: it is no exact number, has more places, or is too large.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise EntryError(field, "give an exact number, such as 2 or 0.125")
    quantity = Decimal(value)
    if not quantity.is_finite():
        raise EntryError(field, "give a number")
    if abs(quantity) >= LARGEST:
        raise EntryError(field, f"{quantity:.6g} is too much: give less than {LARGEST:,}")
    if len(quantity.as_tuple().digits) > _LONGEST or quantity != quantity.quantize(_THOUSANDTH):
        raise EntryError(field, "it has more than three digits after the point")
    return quantity.quantize(_THOUSANDTH)


def without_zeros(quantity: Decimal) -> str:
    """A quantity without zeros behind the point that say nothing: ``2.5``, ``40``."""
    return f"{quantity.normalize():f}"
