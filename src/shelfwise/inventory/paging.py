"""Pages of long lists: opaque cursors that say where a page ended, and the condition of what comes after.

A cursor is the last row's sort key (a *keyset*): a page costs the same however far into the list it is, and rows
that are added meanwhile neither repeat nor hide others. In text it is JSON in URL-safe base64, ``[list, part, …]``;
whoever calls treats it as opaque. What comes back is checked like any other input.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, literal, tuple_

from shelfwise.errors import EntryError

__all__ = ["LIMIT_MAX", "Cursors", "Part", "after", "page_limit"]

LIMIT_MAX = 500
"""Rows that a page holds at most."""

Part = int | str | Decimal | datetime
"""One column of a sort key."""

_LONGEST = 4096
_INTEGERS = range(-(2**63), 2**63)
_QUANTITIES = Decimal(10) ** 12
_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can spell them, no database takes them
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cursors:
    """The cursors of one list.

    Attributes:
        name: of the list and its order ("stock.name"), so that one list's cursor is refused by another.
        kinds: types of the sort key's parts, in order: ``int``, ``str``, ``Decimal`` or ``datetime``.
    """

    name: str
    kinds: tuple[type[Part], ...]

    def encode(self, key: Sequence[Any]) -> str:
        """The cursor of a row with this sort key."""
        parts = [_plain(part) for part in key]
        text = json.dumps([self.name, *parts], ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def decode(self, cursor: str | None) -> tuple[Any, ...] | None:
        """The sort key in a cursor; ``None`` for no cursor, that is the list's beginning.

        Raises:
            EntryError: at ``cursor``: it is broken, or of another list or order.
        """
        if cursor is None or cursor == "":
            return None
        parts = _read(cursor)
        if len(parts) != len(self.kinds) + 1 or parts[0] != self.name:
            raise EntryError("cursor", "it belongs to another list or order; begin again without one")
        return tuple(_part(kind, part) for kind, part in zip(self.kinds, parts[1:], strict=True))


def page_limit(limit: int) -> int:
    """How many rows a page holds, checked.

    Raises:
        EntryError: at ``limit``: not between 1 and :data:`LIMIT_MAX`.
    """
    if not 1 <= limit <= LIMIT_MAX:
        raise EntryError("limit", f"{limit} is not between 1 and {LIMIT_MAX}")
    return limit


def after(
    columns: Sequence[ColumnElement[Any]], key: Sequence[Any], *, descending: bool = False
) -> ColumnElement[bool]:
    """The condition that a row comes after a sort key, in a list whose columns all go the same way.

    Args:
        columns: what the list is sorted by.
        key: a value for each of them, or a parameter.
        descending: the list goes from the greatest to the least.
    """
    values = [
        value if isinstance(value, ColumnElement) else literal(value, column.type)
        for column, value in zip(columns, key, strict=True)
    ]
    if len(columns) == 1:
        return columns[0] < values[0] if descending else columns[0] > values[0]
    # A comparison of rows is what both databases can start an index at.
    return tuple_(*columns) < tuple_(*values) if descending else tuple_(*columns) > tuple_(*values)


def _plain(part: Part) -> int | str:
    if isinstance(part, datetime):
        return (part - _EPOCH) // timedelta(microseconds=1)
    return str(part) if isinstance(part, Decimal) else part


def _read(cursor: str) -> list[Any]:
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(text.decode())
    except (ValueError, binascii.Error, RecursionError) as error:
        raise _broken() from error
    if not isinstance(parts, list):
        raise _broken()
    return parts


def _part(kind: type[Part], part: Any) -> Part:
    if kind is str:
        if isinstance(part, str) and "\0" not in part and not _SURROGATES.search(part):
            return part
    elif kind is int:
        if type(part) is int and part in _INTEGERS:
            return part
    elif kind is datetime:
        if type(part) is int:
            return _time(part)
    elif isinstance(part, str):
        return _quantity(part)
    raise _broken()


def _time(microseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError as error:
        raise _broken() from error


def _quantity(text: str) -> Decimal:
    try:
        quantity = Decimal(text)
    except InvalidOperation as error:
        raise _broken() from error
    if not quantity.is_finite() or abs(quantity) >= _QUANTITIES or quantity != round(quantity, 3):
        raise _broken()
    return quantity


def _broken() -> EntryError:
    return EntryError("cursor", "it is broken; begin again without one")
