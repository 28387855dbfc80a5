"""The tables of shelf photos: what was found on each, what people made of that, and what should stand where.

A box of ``shelf_boxes`` is called by its ``key``, unique on its photo: those that were found are numbered,
those that a person added have a key that their device made up. Its edges are in pixels of the upright photo. A box
that is taken away keeps its row, with ``removed``: it can come back.

``shelf_boxes.candidates`` is a list of ``[category, confidence, product_id, product]``, as in ``answers``.

``shelf_photos.joined_from`` are the numbers of the photos that one was put together from, and ``matrices`` for each
of them the nine numbers of the homography from its pixels to the joined picture's, row by row; those that were put
together before migration 0007 have none.

``shelf_photos.again_at`` is when somebody asked for what was found to be named once more; null where nobody has, or
that is done or failed.

``shelf_boxes.crop`` is the cut-out photo that a product was taught with from this box.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from shelfwise.database import Id, UtcTime, metadata

__all__ = ["planograms", "shelf_boxes", "shelf_photos"]

_CORRECTED: Final = text("corrected_at IS NOT NULL")

shelf_photos = Table(
    "shelf_photos",
    metadata,
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
    Column("again_at", UtcTime),
    Column("corrected_by", String(64)),
    Column("corrected_at", UtcTime),
    Column("booking_id", BigInteger, ForeignKey("bookings.id")),
    Column("joined_from", JSON),
    Column("matrices", JSON),
    Column("embeddings", LargeBinary),
    Index("ix_shelf_photos_store", "store_id", "id"),
    Index("ix_shelf_photos_photo", "photo"),
    Index("ix_shelf_photos_corrected", "id", sqlite_where=_CORRECTED, postgresql_where=_CORRECTED),
)

shelf_boxes = Table(
    "shelf_boxes",
    metadata,
    Column("shelf_id", Id, ForeignKey("shelf_photos.id"), nullable=False),
    Column("key", String(40), nullable=False),
    Column("left", Float(53), nullable=False),
    Column("top", Float(53), nullable=False),
    Column("right", Float(53), nullable=False),
    Column("bottom", Float(53), nullable=False),
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

planograms = Table(
    "planograms",
    metadata,
    Column("location_id", BigInteger, ForeignKey("locations.id"), nullable=False),
    Column("content", Text, nullable=False),
    Column("user_name", String(64), nullable=False),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("location_id"),
)
