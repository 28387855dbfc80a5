"""A product's fields as they are given: what each may be, and how it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, Final

from shelfwise.errors import EntryError, ProductError
from shelfwise.gtin import gtin_key, parse_gtin
from shelfwise.inventory.names import clean_category, clean_name, name_key
from shelfwise.inventory.quantities import exact, without_zeros
from shelfwise.inventory.records import NewProduct

__all__ = ["check_target", "checked", "given_fields", "sha256_of"]

_SHA256: Final = re.compile("[0-9a-f]{64}")
_LONGEST_UNIT: Final = 20


def given_fields(new: NewProduct) -> dict[str, object]:
    """The fields of a new product by their names."""
    return {field.name: getattr(new, field.name) for field in fields(new)}


def checked(given: Mapping[str, object]) -> dict[str, Any]:
    """The columns of ``products`` for fields that were given; ``category`` stays a name.

    Raises:
        EntryError: a field is wrong or unknown.
    """
    columns: dict[str, Any] = {}
    for field, value in given.items():
        if field not in _FIELDS:
            raise EntryError(field, f"a product has no such field: give {', '.join(_FIELDS)}")
        columns[field] = _FIELDS[field](field, value)
    if "name" in columns:
        columns["name_key"] = name_key(columns["name"])
    if "gtin" in columns:
        columns["gtin_key"] = None if columns["gtin"] is None else gtin_key(columns["gtin"])
    return columns


def check_target(minimum: Decimal | None, target: Decimal | None) -> None:
    """Refuse a target below the minimum: an order up to it would leave the product low.

    Raises:
        EntryError: of the field ``target``, also where the minimum alone was given.
    """
    if minimum is not None and target is not None and target < minimum:
        told = f"{without_zeros(target)} is below the minimum of {without_zeros(minimum)}"
        raise EntryError("target", f"{told}: give at least the minimum, or none")


def sha256_of(field: str, value: object) -> str:
    """A photo's SHA-256 in small hexadecimal digits.

    Raises:
        EntryError: it is something else.
    """
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise EntryError(field, "give the photo's SHA-256: 64 hexadecimal digits in small letters")
    return value


def _category(field: str, value: object) -> str | None:
    return None if value is None or value == "" else clean_category(field, value)


def _gtin(field: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise EntryError(field, "give its digits as a text")
    try:
        return parse_gtin(value)
    except ProductError as error:
        raise EntryError(field, str(error)) from error


def _unit(field: str, value: object) -> str:
    unit = clean_name(field, value)
    if len(unit) > _LONGEST_UNIT:
        raise EntryError(field, f"it has {len(unit)} characters, at most {_LONGEST_UNIT} will do")
    return unit


def _pack_size(field: str, value: object) -> Decimal:
    size = exact(field, value)
    if size <= 0:
        raise EntryError(field, "give more than 0")
    return size


def _threshold(field: str, value: object) -> Decimal | None:
    if value is None:
        return None
    threshold = exact(field, value)
    if threshold < 0:
        raise EntryError(field, "give 0 or more")
    return threshold


def _photo(field: str, value: object) -> str | None:
    return None if value is None else sha256_of(field, value)


_FIELDS: Final[dict[str, Callable[[str, object], Any]]] = {
    "name": clean_name,
    "category": _category,
    "gtin": _gtin,
    "unit": _unit,
    "pack_size": _pack_size,
    "minimum": _threshold,
    "target": _threshold,
    "photo": _photo,
}
