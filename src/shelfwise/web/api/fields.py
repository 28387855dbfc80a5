"""Kinds of values that the API takes and gives: numbers, quantities, times, words, cursors.

A quantity is a decimal with at most three places. It is given as a string (``"2.000"``), and taken as a string
or a number. A time is RFC 3339 with its offset, and given in UTC. What is outside the limits here never
reaches the database.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import Path, Query
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

__all__ = [
    "Amount",
    "Id",
    "Moment",
    "Name",
    "OptionalId",
    "PathId",
    "QueryId",
    "Reason",
    "Search",
    "Sha256",
    "StoreId",
    "Words",
    "amount_text",
    "moment_text",
    "one_line",
]

_LARGEST_ID: Final = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""
_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,3}0*)?\Z", re.ASCII)
_NO_AMOUNT: Final = "give a number, such as 2.5; at most three digits after the point"
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z",
    re.ASCII,
)
_DIGITS: Final = re.compile(r"(\.[0-9]{6})[0-9]+")


def amount_text(value: Decimal) -> str:
    """A quantity as the API gives it: three places, ``"2.000"``."""
    return f"{value:.3f}"


def moment_text(value: datetime) -> str:
    """A time as the API gives it: RFC 3339 in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError(_NO_AMOUNT)
    # A float is written as JSON had it: the shortest digits that mean it.
    text = value.strip() if isinstance(value, str) else _plain(value)
    if not _AMOUNT.match(text):
        raise ValueError(_NO_AMOUNT)
    return Decimal(text)


def _plain(value: float | Decimal) -> str:
    text = str(value)
    if len(text) > 40:
        return ""
    number = Decimal(text)
    # Scientific notation of a huge exponent would be a long text.
    return f"{number:f}" if number.is_finite() and abs(number.adjusted()) < 40 else ""


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT.match(value.strip()):
        raise ValueError("give a time with its offset, such as 2026-01-31T09:30:00Z")
    text = _DIGITS.sub(r"\1", value.strip().upper())
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("there is no such time: check day, hour and offset") from None
    if not 1970 <= moment.year <= 9000:
        raise ValueError("give a time from 1970 on")
    return moment


def one_line(value: str) -> str:
    """Text without what a line cannot hold: control characters, halves of surrogate pairs.

    Raises:
        ValueError: it has such a character.
    """
    if any(
        ord(letter) < 32 or 127 <= ord(letter) < 160 or 0xD800 <= ord(letter) < 0xE000 for letter in value
    ):
        raise ValueError("it holds a control character: leave it out")
    return value


Id = Annotated[int, Field(ge=1, le=_LARGEST_ID, strict=True, examples=[7])]
"""Number of a record in a body."""
PathId = Annotated[int, Path(ge=1, le=_LARGEST_ID, description="The record's number.")]
"""Number of a record in the path."""
QueryId = Annotated[int, Field(ge=1, le=_LARGEST_ID)]
"""Number of a record in a list in the query."""
OptionalId = Annotated[int | None, Query(ge=1, le=_LARGEST_ID)]
"""Number of a record in the query."""
StoreId = Annotated[int, Query(ge=1, le=_LARGEST_ID, description="The store's number.")]
"""Number of a store that has to be said in the query."""
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,3})?$"},
                {"type": "number"},
            ],
            "examples": ["2.000"],
            "description": "A decimal with at most three places.",
        }
    ),
]
"""A quantity that is taken as a string or a number, exactly."""
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "examples": ["2026-01-31T09:30:00Z"],
            "description": "RFC 3339 with an offset.",
        }
    ),
]
"""A time with its offset, in UTC once read."""
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line)]
Words = Annotated[str, Field(max_length=200), AfterValidator(one_line)]
Reason = Annotated[str, Field(max_length=500), AfterValidator(one_line)]
Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the photo, in hex.")]
Search = Annotated[
    str,
    Query(max_length=200, description="Words by their beginnings, or a whole GTIN."),
    AfterValidator(one_line),
]
