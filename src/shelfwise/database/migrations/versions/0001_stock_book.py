"""The stock book."""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from shelfwise.database.types import Id, Quantity, UtcTime, metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY: Final = Text().with_variant(Text(collation="C"), "postgresql")
_COUNTS: Final = "kind = 'counted' AND undoes_id IS NULL"
_schema: Final = MetaData(naming_convention=metadata.naming_convention)

Table(
    "stores",
    _schema,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", _KEY, nullable=False),
    Column("root_id", BigInteger),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("archived_at", UtcTime),
    UniqueConstraint("name_key", name="uq_stores_name_key"),
)

Table(
    "locations",
    _schema,
    Column("id", Id, primary_key=True),
    Column("store_id", BigInteger, ForeignKey("stores.id"), nullable=False),
    Column("parent_id", BigInteger, ForeignKey("locations.id")),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("path_key", _KEY, nullable=False),
    Column("trail", _KEY, nullable=False),
    Column("archived_at", UtcTime),
    UniqueConstraint("store_id", "path_key", name="uq_locations_path_key"),
    Index("ix_locations_trail", "trail"),
)

Table(
    "categories",
    _schema,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", _KEY, nullable=False),
    Column("archived_at", UtcTime),
    UniqueConstraint("name_key", name="uq_categories_name_key"),
)

Table(
    "products",
    _schema,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", _KEY, nullable=False),
    Column("category_id", BigInteger, ForeignKey("categories.id")),
    Column("gtin", String(14)),
    Column("gtin_key", String(14)),
    Column("unit", Text, nullable=False),
    Column("pack_size", Quantity, nullable=False),
    Column("minimum", Quantity),
    Column("target", Quantity),
    Column("photo", String(64)),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("archived_at", UtcTime),
    UniqueConstraint("name_key", name="uq_products_name_key"),
    UniqueConstraint("gtin_key", name="uq_products_gtin_key"),
    Index("ix_products_category", "category_id", "name_key"),
)

Table(
    "product_words",
    _schema,
    Column("word", _KEY, nullable=False),
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    PrimaryKeyConstraint("word", "product_id"),
    Index("ix_product_words_product", "product_id", "word"),
)

Table(
    "product_photos",
    _schema,
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("added_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("product_id", "sha256"),
    Index("ix_product_photos_sha256", "sha256"),
)

Table(
    "bookings",
    _schema,
    Column("id", Id, primary_key=True),
    Column("key", Text),
    Column("fingerprint", String(64)),
    Column("user_name", Text, nullable=False),
    Column("booked_at", UtcTime, nullable=False),
    UniqueConstraint("key", name="uq_bookings_key"),
)

Table(
    "movements",
    _schema,
    Column("id", Id, primary_key=True),
    Column("booking_id", BigInteger, ForeignKey("bookings.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("store_id", BigInteger, nullable=False),
    Column("location_id", BigInteger, ForeignKey("locations.id"), nullable=False),
    Column("quantity", Quantity, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("booked_at", UtcTime, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("reason", Text),
    Column("photo", String(64)),
    Column("model", Text),
    Column("confidence", Float),
    Column("undoes_id", BigInteger, ForeignKey("movements.id")),
    Column("other_id", BigInteger),
    Index(
        "uq_movements_undoes_id",
        "undoes_id",
        unique=True,
        sqlite_where=text("undoes_id IS NOT NULL"),
        postgresql_where=text("undoes_id IS NOT NULL"),
    ),
    CheckConstraint("kind IN ('received', 'sold', 'counted', 'wasted', 'moved', 'corrected')", name="kind"),
    Index("ix_movements_booking", "booking_id"),
    Index("ix_movements_product_location", "product_id", "location_id", "at", "id"),
    Index("ix_movements_product", "product_id", "at", "id"),
    Index("ix_movements_location", "location_id", "at", "id"),
    Index("ix_movements_store", "store_id", "at", "id"),
    Index("ix_movements_at", "at", "id"),
    Index(
        "ix_movements_count",
        "product_id",
        "location_id",
        "kind",
        "at",
        "id",
        sqlite_where=text(_COUNTS),
        postgresql_where=text(_COUNTS),
    ),
    Index(
        "ix_movements_store_count",
        "store_id",
        "kind",
        "at",
        "id",
        sqlite_where=text(_COUNTS),
        postgresql_where=text(_COUNTS),
    ),
)

Table(
    "levels",
    _schema,
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("location_id", BigInteger, ForeignKey("locations.id"), nullable=False),
    Column("store_id", BigInteger, nullable=False),
    Column("quantity", Quantity, nullable=False),
    Column("count_id", BigInteger),
    Column("count_at", UtcTime),
    Column("last_at", UtcTime),
    PrimaryKeyConstraint("product_id", "location_id"),
    Index("ix_levels_store", "store_id", "product_id"),
    Index("ix_levels_location", "location_id", "product_id"),
)

Table(
    "store_levels",
    _schema,
    Column("store_id", BigInteger, ForeignKey("stores.id"), nullable=False),
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("quantity", Quantity, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("minimum", Quantity),
    Column("name_key", _KEY, nullable=False),
    Column("category_id", BigInteger),
    Column("moved_at", UtcTime),
    PrimaryKeyConstraint("store_id", "product_id"),
    CheckConstraint("state IN (0, 1, 2)", name="state"),
    Index("ix_store_levels_product", "product_id"),
    Index("ix_store_levels_state", "store_id", "state", "name_key"),
    Index("ix_store_levels_category", "store_id", "category_id", "state", "name_key"),
    Index("ix_store_levels_quantity", "store_id", "state", "quantity", "product_id"),
)

_ONLY_ADDED_TO: Final = ("bookings", "movements")
"""Tables whose rows stay as they are: what happened does not change, and mistakes are undone by what is added."""


def upgrade() -> None:
    """Make the tables."""
    connection = op.get_bind()
    _schema.create_all(connection)
    if connection.dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _guard_postgresql() -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% is only ever added to', TG_TABLE_NAME; END $$"
    )
    for table in _ONLY_ADDED_TO:
        op.execute(
            f"CREATE TRIGGER {table}_only_added_to BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _guard_sqlite() -> None:
    for table in _ONLY_ADDED_TO:
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only ever added to'); END"
            )
