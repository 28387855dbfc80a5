"""What both databases store alike: times in UTC, quantities without rounding, and numbers of rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Dialect, Integer, MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["QUANTITY_LIMIT", "QUANTITY_PLACES", "Id", "Quantity", "UtcTime", "metadata", "utc_now"]

QUANTITY_PLACES: Final = 3
"""Digits after the point of a quantity: grams of a kilogram, millilitres of a litre."""

QUANTITY_LIMIT: Final = Decimal(10) ** 12
"""Quantities are smaller than this; sums of millions of them still fit 64 bits."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""The tables of all rooms."""

Id: Final = BigInteger().with_variant(Integer(), "sqlite")
"""Number of a row. SQLite counts up by itself only where the type is called INTEGER; it holds 64 bits as well."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """A moment, to the microsecond: ``timestamptz`` on PostgreSQL, microseconds since 1970 on SQLite.

    SQLite has no type for times; whole numbers take a third of the room of text in every index, and compare faster.
    """

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in this database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What is sent to the database.

        Raises:
            ValueError: the time has no zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        if dialect.name == "postgresql":
            return value
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What is read from the database, in UTC."""
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + _MICROSECOND * int(value)


class Quantity(TypeDecorator[Decimal]):
    """A quantity with three digits after the point, kept as whole thousandths, so that sums are exact on both."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        """What is sent to the database.

        Raises:
            ValueError: it has more digits after the point, or is no smaller than ``QUANTITY_LIMIT``.
        """
        if value is None:
            return None
        exact = Decimal(value)
        if not exact.is_finite() or abs(exact) >= QUANTITY_LIMIT:
            raise ValueError(f"no quantity: {value}")
        thousandths = exact.scaleb(QUANTITY_PLACES)
        if thousandths != (whole := int(thousandths)):
            raise ValueError(f"more than {QUANTITY_PLACES} digits after the point: {value}")
        return whole

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """What is read from the database; a sum comes as a Decimal of thousandths from PostgreSQL."""
        return None if value is None else Decimal(int(value)).scaleb(-QUANTITY_PLACES)
