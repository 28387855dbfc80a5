"""The stock book's tables, and how a level follows from its movements.

A level belongs to one product at one location. Movements stand in the order of ``(at, place)``, where the place of a
movement is its ``id``, and that of a counter-movement the ``id`` of what it undoes (:data:`PLACE`): both happen at
one moment, so a count lies behind both or before both. The level is what the latest count found that is not undone,
and all changes after it; without a count, all changes. ``quantity`` of a movement is what it adds, below 0 for what
it takes off; for ``counted``, what was counted. A counter-movement has its movement's kind and, but for counts, the
quantity with the other sign: it is a change like any other. A count's counter-movement (``counted`` with
``undoes_id``) is no count.

``movements`` and ``bookings`` are only ever added to; triggers refuse anything else. ``levels`` and ``store_levels``
are kept in the same transaction (:mod:`shelfwise.inventory.upkeep`).

Text that is sorted or searched by prefix is compared by code point on both databases (:data:`KEY`).
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from shelfwise.database import Id, Quantity, UtcTime, metadata

__all__ = [
    "COUNTS",
    "KEY",
    "PLACE",
    "bookings",
    "categories",
    "levels",
    "locations",
    "movements",
    "place_of",
    "product_photos",
    "product_words",
    "products",
    "store_levels",
    "stores",
]

COUNTS: Final = "kind = 'counted' AND undoes_id IS NULL"
KEY: Final = Text().with_variant(Text(collation="C"), "postgresql")

stores: Final = Table(
    "stores",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", KEY, nullable=False),
    Column("root_id", BigInteger),  # set right after the root, which needs the store's number, is made
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("archived_at", UtcTime),
    UniqueConstraint("name_key", name="uq_stores_name_key"),
)

locations: Final = Table(
    "locations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("store_id", BigInteger, ForeignKey("stores.id"), nullable=False),
    Column("parent_id", BigInteger, ForeignKey("locations.id")),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),  # "" of the root
    Column("path_key", KEY, nullable=False),
    Column("trail", KEY, nullable=False),  # "/1/5/": the numbers from the root to this one
    Column("archived_at", UtcTime),
    UniqueConstraint("store_id", "path_key", name="uq_locations_path_key"),
    Index("ix_locations_trail", "trail"),
)

categories: Final = Table(
    "categories",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", KEY, nullable=False),
    Column("archived_at", UtcTime),
    UniqueConstraint("name_key", name="uq_categories_name_key"),
)

products: Final = Table(
    "products",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", KEY, nullable=False),
    Column("category_id", BigInteger, ForeignKey("categories.id")),
    Column("gtin", String(14)),
    Column("gtin_key", String(14)),  # its 14 digits
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

product_words: Final = Table(
    "product_words",
    metadata,
    Column("word", KEY, nullable=False),
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    PrimaryKeyConstraint("word", "product_id"),
    Index("ix_product_words_product", "product_id", "word"),
)

product_photos: Final = Table(
    "product_photos",
    metadata,
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("added_at", UtcTime, nullable=False),
    PrimaryKeyConstraint("product_id", "sha256"),
    Index("ix_product_photos_sha256", "sha256"),
)

bookings: Final = Table(
    "bookings",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text),
    Column("fingerprint", String(64)),  # SHA-256 of what was asked; with a key alone
    Column("user_name", Text, nullable=False),
    Column("booked_at", UtcTime, nullable=False),
    UniqueConstraint("key", name="uq_bookings_key"),
)

movements: Final = Table(
    "movements",
    metadata,
    Column("id", Id, primary_key=True),
    Column("booking_id", BigInteger, ForeignKey("bookings.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("store_id", BigInteger, nullable=False),  # the location's
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
    Column("other_id", BigInteger),  # the other half of a move
    # Most undo nothing: an index of all would be large, and SQLite would look for counts in it.
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
    # Counts are few among sales: the queries that look for them name this condition word for word. The kind is a
    # column as well, or SQLite would see no reason to prefer these to the indexes of all movements.
    Index(
        "ix_movements_count",
        "product_id",
        "location_id",
        "kind",
        "at",
        "id",
        sqlite_where=text(COUNTS),
        postgresql_where=text(COUNTS),
    ),
    Index(
        "ix_movements_store_count",
        "store_id",
        "kind",
        "at",
        "id",
        sqlite_where=text(COUNTS),
        postgresql_where=text(COUNTS),
    ),
)

levels: Final = Table(
    "levels",
    metadata,
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("location_id", BigInteger, ForeignKey("locations.id"), nullable=False),
    Column("store_id", BigInteger, nullable=False),
    Column("quantity", Quantity, nullable=False),
    Column("count_id", BigInteger),  # the latest count that is not undone
    Column("count_at", UtcTime),
    Column("last_at", UtcTime),  # the latest movement's time, counter-movements too
    PrimaryKeyConstraint("product_id", "location_id"),
    Index("ix_levels_store", "store_id", "product_id"),
    Index("ix_levels_location", "location_id", "product_id"),
)

store_levels: Final = Table(
    "store_levels",
    metadata,
    Column("store_id", BigInteger, ForeignKey("stores.id"), nullable=False),
    Column("product_id", BigInteger, ForeignKey("products.id"), nullable=False),
    Column("quantity", Quantity, nullable=False),
    Column("state", SmallInteger, nullable=False),  # 0 out, 1 low, 2 ok
    Column("minimum", Quantity),  # the product's, so that one row tells its state
    Column("name_key", KEY, nullable=False),
    Column("category_id", BigInteger),
    Column("moved_at", UtcTime),  # the latest movement's time, None if it was never in this store
    PrimaryKeyConstraint("store_id", "product_id"),
    CheckConstraint("state IN (0, 1, 2)", name="state"),
    Index("ix_store_levels_product", "product_id"),
    Index("ix_store_levels_state", "store_id", "state", "name_key"),
    Index("ix_store_levels_category", "store_id", "category_id", "state", "name_key"),
    # By name and by quantity over all states: three of these merged, which spares each movement an index.
    Index("ix_store_levels_quantity", "store_id", "state", "quantity", "product_id"),
)


def place_of(table: Any) -> ColumnElement[int]:
    """Where a movement stands among those of one moment; of ``movements`` or an alias of it."""
    place: ColumnElement[int] = func.coalesce(table.c.undoes_id, table.c.id)
    return place


PLACE: Final = place_of(movements)
