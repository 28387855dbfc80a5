"""Answers, what people said of them, and what another model would have said."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    text,
)

from shelfwise.database.types import Id, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "answers",
        Column("id", Id, primary_key=True),
        Column("photo", String(64), nullable=False),
        Column("model", String(100), nullable=False),
        Column("kind", String(8), nullable=False),
        Column("category", Text),
        Column("confidence", Float(53), nullable=False),
        Column("doubt", Integer, nullable=False),
        Column("candidates", JSON, nullable=False),
        Column("product_id", BigInteger, ForeignKey("products.id")),
        Column("user_name", String(64), nullable=False),
        Column("store_id", BigInteger, ForeignKey("stores.id")),
        Column("at", UtcTime, nullable=False),
        Column("verdict", String(10)),
        Column("right_category", Text),
        Column("right_product_id", BigInteger, ForeignKey("products.id")),
        Column("judged_by", String(64)),
        Column("judged_at", UtcTime),
    )
    for name, columns, condition in (
        ("ix_answers_review", ["doubt", "id"], "verdict IS NULL"),
        ("ix_answers_store_review", ["store_id", "doubt", "id"], "verdict IS NULL"),
        ("ix_answers_judged", ["judged_at", "id"], "verdict IS NOT NULL"),
        ("ix_answers_photo", ["photo", "id"], None),
        ("ix_answers_model", ["model", "id"], None),
    ):
        where = None if condition is None else text(condition)
        op.create_index(name, "answers", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "shadow_answers",
        Column("model", String(100), nullable=False),
        Column("answer_id", Id, ForeignKey("answers.id"), nullable=False),
        Column("kind", String(8), nullable=False),
        Column("category", Text),
        Column("confidence", Float(53), nullable=False),
        PrimaryKeyConstraint("model", "answer_id"),
    )
    op.create_index("ix_shadow_answers_answer_id", "shadow_answers", ["answer_id"])
