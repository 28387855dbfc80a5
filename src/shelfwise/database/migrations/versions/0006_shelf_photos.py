"""Shelf photos, the boxes on them, and planograms of places."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)

from shelfwise.database.types import Id, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "shelf_photos",
        Column("id", Id, primary_key=True),
        Column("photo", String(64), nullable=False),
        Column("width", Integer, nullable=False),
        Column("height", Integer, nullable=False),
        Column("state", String(8), nullable=False),
        Column("problem", Text),
        Column("model", String(100)),
        Column("detector", String(100)),
        Column("user_name", String(64), nullable=False),
        Column("store_id", BigInteger, ForeignKey("stores.id")),
        Column("location_id", BigInteger, ForeignKey("locations.id")),
        Column("at", UtcTime, nullable=False),
        Column("version", Integer, nullable=False),
        Column("corrected_by", String(64)),
        Column("corrected_at", UtcTime),
        Column("booking_id", BigInteger, ForeignKey("bookings.id")),
        Column("joined_from", JSON),
        Column("embeddings", LargeBinary),
    )
    for name, columns, condition in (
        ("ix_shelf_photos_store", ["store_id", "id"], None),
        ("ix_shelf_photos_photo", ["photo"], None),
        ("ix_shelf_photos_corrected", ["id"], "corrected_at IS NOT NULL"),
    ):
        where = None if condition is None else text(condition)
        op.create_index(name, "shelf_photos", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "shelf_boxes",
        Column("shelf_id", Id, ForeignKey("shelf_photos.id"), nullable=False),
        Column("key", String(40), nullable=False),
        *(Column(edge, Float(53), nullable=False) for edge in ("left", "top", "right", "bottom")),
        Column("score", Float(53)),
        Column("kind", String(8)),
        Column("category", Text),
        Column("confidence", Float(53)),
        Column("product_id", BigInteger, ForeignKey("products.id")),
        Column("candidates", JSON, nullable=False),
        Column("verdict", String(10)),
        Column("right_category", Text),
        Column("right_product_id", BigInteger, ForeignKey("products.id")),
        Column("moved", Boolean, nullable=False),
        Column("removed", Boolean, nullable=False),
        Column("crop", String(64)),
        PrimaryKeyConstraint("shelf_id", "key"),
    )
    op.create_table(
        "planograms",
        Column("location_id", BigInteger, ForeignKey("locations.id"), nullable=False),
        Column("content", Text, nullable=False),
        Column("user_name", String(64), nullable=False),
        Column("at", UtcTime, nullable=False),
        PrimaryKeyConstraint("location_id"),
    )
