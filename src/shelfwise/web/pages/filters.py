"""What the filters of pages give: an empty field means no filter, and days are days where the reader is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator
from starlette.requests import Request

from shelfwise.inventory.records import Category, Kind, State
from shelfwise.web.api.fields import OptionalId, one_line

__all__ = [
    "ZONE_COOKIE",
    "Choice",
    "Cursor",
    "Day",
    "KindChoice",
    "StateChoice",
    "Text",
    "address",
    "category_choices",
    "end_of",
    "start_of",
    "zone_of",
]

ZONE_COOKIE: Final = "shelfwise_zone"
"""Holds the name of the browser's time zone, such as ``Europe/Berlin``; pages.js writes it."""
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}\Z", re.ASCII)


def _blank(value: Any) -> Any:
    return None if value == "" else value


Choice = Annotated[OptionalId, BeforeValidator(_blank)]
"""A record's number out of a select; None for its empty choice."""
StateChoice = Annotated[State | None, BeforeValidator(_blank), Query()]
KindChoice = Annotated[Kind | None, BeforeValidator(_blank), Query()]
Day = Annotated[date | None, BeforeValidator(_blank), Query()]
"""A day out of a date field."""
Text = Annotated[str, Query(max_length=200), AfterValidator(str.strip), AfterValidator(one_line)]
Cursor = Annotated[str | None, Query(max_length=2000)]


def address(path: str, **query: object) -> str:
    """An address with its query; what is None or empty is left out."""
    given = {name: value for name, value in query.items() if value is not None and value != ""}
    return f"{path}?{urlencode(given)}" if given else path


def category_choices(categories: Sequence[Category]) -> list[tuple[object, str]]:
    """The choices of a select of categories, the first of them for all."""
    return [("", "All categories"), *((category.id, category.name) for category in categories)]


def zone_of(request: Request) -> tzinfo:
    """The reader's time zone, UTC where the browser has not told one that this machine knows."""
    name = request.cookies.get(ZONE_COOKIE, "")
    if not _ZONE.match(name):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def start_of(day: date | None, zone: tzinfo) -> datetime | None:
    """When a day begins."""
    if day is None:
        return None
    day = min(max(day, date(1970, 1, 2)), date(9000, 1, 1))  # times that every database takes
    return datetime.combine(day, time(), zone).astimezone(UTC)


def end_of(day: date | None, zone: tzinfo) -> datetime | None:
    """When a day is over: the beginning of the next."""
    return None if day is None else start_of(min(day, date(9000, 1, 1)) + timedelta(days=1), zone)
