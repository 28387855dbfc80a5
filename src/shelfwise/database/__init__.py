"""The database under the stock book: one code path for SQLite and PostgreSQL."""

from __future__ import annotations

from shelfwise.database.engine import Database
from shelfwise.database.opening import open_database
from shelfwise.database.types import Id, Quantity, UtcTime, metadata, utc_now

__all__ = ["Database", "Id", "Quantity", "UtcTime", "metadata", "open_database", "utc_now"]
