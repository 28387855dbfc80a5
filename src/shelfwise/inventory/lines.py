"""What is to be booked, checked before the database is asked."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Final

from shelfwise.errors import EntryError
from shelfwise.inventory.names import clean_name, clean_text
from shelfwise.inventory.product_fields import sha256_of
from shelfwise.inventory.quantities import exact
from shelfwise.inventory.records import KINDS, Kind, Line

__all__ = [
    "MOST_LINES",
    "check_key",
    "check_reason",
    "check_user",
    "checked_line",
    "checked_lines",
    "fingerprint",
]

MOST_LINES: Final = 200_000
"""Lines that may be booked together."""

_LONGEST_KEY: Final = 200
_LONGEST_REASON: Final = 1000
_GRACE: Final = timedelta(minutes=1)  # clocks of a shop's machines differ a little
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_ID: Final = 2**63 - 1
_in_full: Final = attrgetter(*(field.name for field in fields(Line)))


def checked_lines(lines: Sequence[Line], now: datetime) -> list[Line]:
    """The lines with exact quantities, cleaned texts and times in UTC; a time that is None stays so.

    Raises:
        EntryError: at ``lines`` or at a line's field, such as ``lines.0.quantity``.
    """
    if not lines:
        raise EntryError("lines", "there is nothing to book: give one line or more")
    if len(lines) > MOST_LINES:
        raise EntryError("lines", f"there are {len(lines)}: book at most {MOST_LINES} at once")
    return [checked_line(f"lines.{place}", line, now) for place, line in enumerate(lines)]


def checked_line(at: str, line: Line, now: datetime) -> Line:
    """One line, as :func:`checked_lines` takes it.

    Raises:
        EntryError: at a field of the line, after ``at`` and a point.
    """
    if line.kind not in KINDS:
        raise EntryError(f"{at}.kind", f"{line.kind!r} is none of {', '.join(KINDS)}")
    _check_id(f"{at}.product_id", line.product_id)
    _check_id(f"{at}.location_id", line.location_id)
    _check_target(f"{at}.to_location_id", line)
    confidence = line.confidence
    if confidence is not None and not (math.isfinite(confidence) and 0 <= confidence <= 1):
        raise EntryError(f"{at}.confidence", "give a number from 0 to 1")
    return replace(
        line,
        quantity=_quantity(f"{at}.quantity", line.kind, line.quantity),
        at=None if line.at is None else _time(f"{at}.at", line.at, now),
        reason=check_reason(f"{at}.reason", line.reason),
        photo=None if line.photo is None else sha256_of(f"{at}.photo", line.photo),
        model=None if line.model is None else clean_name(f"{at}.model", line.model),
        confidence=None if confidence is None else float(confidence),
    )


def _quantity(field: str, kind: Kind, given: object) -> Decimal:
    quantity = exact(field, given)
    if kind == "corrected":
        if not quantity:
            raise EntryError(field, "a correction of 0 changes nothing")
    elif kind == "counted":
        if quantity < 0:
            raise EntryError(field, "give 0 or more: what is there")
    elif quantity <= 0:
        raise EntryError(field, "give more than 0")
    return quantity


def _time(field: str, given: datetime, now: datetime) -> datetime:
    if given.tzinfo is None:
        raise EntryError(field, "give a time with its zone, such as 2026-01-31T12:00:00Z")
    try:
        at = given.astimezone(UTC)
    except OverflowError as error:
        raise EntryError(field, "this time cannot be reckoned with") from error
    if at > now + _GRACE:
        raise EntryError(field, f"{at.isoformat()} is in the future: give when it happened")
    if at < _EARLIEST:
        raise EntryError(field, f"{at.isoformat()} is too long ago")
    return at


def _check_id(field: str, number: object) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not 0 < number <= _LARGEST_ID:
        raise EntryError(field, "give its number")


def _check_target(field: str, line: Line) -> None:
    if line.kind != "moved":
        if line.to_location_id is not None:
            raise EntryError(field, f"only what is moved has one, not what is {line.kind}")
        return
    if line.to_location_id is None:
        raise EntryError(field, "give the location where it went")
    _check_id(field, line.to_location_id)
    if line.to_location_id == line.location_id:
        raise EntryError(field, "it is where it was: give another location")


def check_reason(field: str, reason: str | None) -> str | None:
    """The reason without blanks around it; None for an empty one.

    Raises:
        EntryError: it is no text, too long or cannot be shown.
    """
    return None if reason is None else clean_text(field, reason, _LONGEST_REASON) or None


def check_user(user: str) -> str:
    """The name of who books.

    Raises:
        EntryError: it is empty, too long or cannot be shown.
    """
    return clean_name("user", user)


def check_key(key: str | None) -> str | None:
    """The idempotency key as it is.

    Raises:
        EntryError: it is empty, too long or cannot be shown.
    """
    if key is None:
        return None
    if not isinstance(key, str) or not key.isprintable() or not 0 < len(key) <= _LONGEST_KEY:
        raise EntryError("key", f"give 1 to {_LONGEST_KEY} characters that can be shown")
    return key


def fingerprint(user: str, *asked: object) -> str:
    """The SHA-256 of what somebody asks for: the same for the same alone.

    Args:
        user: who asks.
        asked: lines that were checked, or plain values.
    """
    plain = [_in_full(each) if isinstance(each, Line) else each for each in asked]
    text = json.dumps([user, plain], default=str, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
