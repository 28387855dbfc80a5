"""From the text of a cell to its value, and back. Readers raise ``ValueError`` with a sentence for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from shelfwise.database import utc_now
from shelfwise.database.types import QUANTITY_PLACES
from shelfwise.errors import EntryError, ProductError
from shelfwise.gtin import parse_gtin
from shelfwise.inventory.names import clean_text
from shelfwise.inventory.quantities import LARGEST, without_zeros
from shelfwise.inventory.records import KINDS

__all__ = [
    "day",
    "gtin",
    "kind",
    "not_negative",
    "note",
    "photo",
    "positive",
    "quantity",
    "share",
    "shown",
    "time",
    "whole",
    "words",
    "yes_or_no",
]

_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_DATE_ONLY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def words(text: str, limit: int) -> str:
    """One line of text, with single blanks."""
    return note(" ".join(text.split()), limit)


def note(text: str, limit: int) -> str:
    """A text of one line or several, of the characters that the book takes."""
    if len(text.strip()) > limit:
        raise ValueError(f"is longer than {limit} characters")
    try:
        return clean_text("", text, limit)
    except EntryError as error:
        raise ValueError("holds characters that cannot be shown") from error


def gtin(text: str) -> str:
    """A GTIN with a right check digit; zeros that a spreadsheet took off the left are put back."""
    try:
        return parse_gtin(text)
    except ProductError as error:
        digits = text.strip()
        for length in (8, 12, 13, 14):
            if digits.isascii() and digits.isdigit() and length - 3 <= len(digits) < length:
                try:
                    return parse_gtin(digits.zfill(length))
                except ProductError:
                    continue
        raise ValueError(str(error)) from error


def quantity(text: str) -> Decimal:
    """A number with a point or a comma before at most three places, without separators of thousands."""
    plain = text.strip()
    if not _NUMBER.fullmatch(plain):
        raise ValueError(f"{plain!r} is no number: write it like 12 or 12.5")
    number = Decimal(plain.replace(",", "."))
    if abs(number) >= LARGEST:
        raise ValueError(f"{plain[:40]} is too large")
    if number != number.quantize(Decimal(1).scaleb(-QUANTITY_PLACES)):
        raise ValueError(f"{plain} has more than {QUANTITY_PLACES} digits after the point")
    return number


def positive(text: str) -> Decimal:
    """A quantity above 0."""
    if (number := quantity(text)) <= 0:
        raise ValueError(f"{text.strip()} must be above 0")
    return number


def not_negative(text: str) -> Decimal:
    """A quantity of 0 or more."""
    if (number := quantity(text)) < 0:
        raise ValueError(f"{text.strip()} must not be below 0")
    return number


def time(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC, a date alone is its noon, today's before noon the present."""
    if (date := day(text)) is None:
        return _moment(text.strip())
    now = utc_now()
    noon = date.replace(hour=12)
    return now if date <= now < noon else noon


def day(text: str) -> datetime | None:
    """The beginning of a date that stands alone, in UTC; None for a moment, or for no time at all."""
    plain = text.strip()
    return _moment(plain) if _DATE_ONLY.fullmatch(plain) else None


def _moment(plain: str) -> datetime:
    try:
        moment = datetime.fromisoformat(plain)
    except ValueError as error:
        raise ValueError(
            f"{plain!r} is no time: write it like 2026-03-01 or 2026-03-01T14:30:00+01:00"
        ) from error
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{plain!r} is no time that can be kept") from error


def kind(text: str) -> str:
    """What happened."""
    plain = text.strip().casefold()
    if plain not in KINDS:
        raise ValueError(f"{text.strip()!r} is none of {', '.join(KINDS)}")
    return plain


def photo(text: str) -> str:
    """A photo's SHA-256."""
    plain = text.strip()
    if not re.fullmatch("[0-9a-f]{64}", plain):
        raise ValueError("is no SHA-256: 64 hexadecimal digits in small letters")
    return plain


def whole(text: str) -> int:
    """A whole number."""
    if not text.strip().isdecimal():
        raise ValueError(f"{text.strip()!r} is no whole number")
    return int(text)


def share(text: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError as error:
        raise ValueError(f"{text.strip()!r} is no number") from error
    if not 0 <= number <= 1:
        raise ValueError(f"{text.strip()} is not between 0 and 1")
    return number


def yes_or_no(text: str) -> bool:
    """Yes or no."""
    plain = text.strip().casefold()
    if plain not in {"yes", "no"}:
        raise ValueError(f"{text.strip()!r} is neither yes nor no")
    return plain == "yes"


def shown(value: Any) -> str:
    """A value as it stands in a file, so that its reader gives the same value."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return without_zeros(value)
        case float():
            return repr(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case _:
            return str(value)
