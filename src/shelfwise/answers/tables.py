"""The tables of answers.

``answers.doubt`` orders the review, the least sure first: 0 for unknown, 1 for ask and for a category alone, 2 for a
product that is relied on, times a million, and the confidence in millionths (:func:`doubt_of`). The two indexes for
it hold only what a person is to be asked about, so they stay small. The index ``ix_answers_behind`` finds what was
answered before a movement was booked.

``answers.newer_id`` is that of an answer which took this one's place in the review before anybody judged it: one to
the same photo in the same store. It is no foreign key, for a backup is written in the order of the numbers.

``answers.candidates`` is a list of ``[category, confidence, product_id, product]``.

``shadow_answers`` says what another model would have answered to the photo of an answer that was given.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

from shelfwise.answers.records import AnswerKind
from shelfwise.answers.shelf_tables import planograms, shelf_boxes, shelf_photos
from shelfwise.database import Id, UtcTime, metadata

__all__ = [
    "RELIED_ON",
    "answers",
    "doubt_of",
    "planograms",
    "shadow_answers",
    "shelf_boxes",
    "shelf_photos",
]

_MILLION: Final = 1_000_000
RELIED_ON: Final = 2 * _MILLION
"""``answers.doubt`` of what nobody needs to be asked about, at least."""
_OPEN: Final = text("verdict IS NULL AND newer_id IS NULL")
_JUDGED: Final = text("verdict IS NOT NULL")

answers = Table(
    "answers",
    metadata,
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
    Column("newer_id", BigInteger),
    Index("ix_answers_review", "doubt", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_answers_store_review", "store_id", "doubt", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_answers_open_photo", "photo", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_answers_judged", "judged_at", "id", sqlite_where=_JUDGED, postgresql_where=_JUDGED),
    Index("ix_answers_behind", "photo", "model", "store_id", "at", "id"),
    Index("ix_answers_model", "model", "id"),
)

shadow_answers = Table(
    "shadow_answers",
    metadata,
    Column("model", String(100), nullable=False),
    Column("answer_id", Id, ForeignKey("answers.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("category", Text),
    Column("confidence", Float(53), nullable=False),
    PrimaryKeyConstraint("model", "answer_id"),
    Index("ix_shadow_answers_answer_id", "answer_id"),
)


def doubt_of(kind: AnswerKind, confidence: float, product_id: int | None) -> int:
    """An answer's place in the review; lower ones are looked at first.

    Args:
        kind, confidence, product_id: as in :class:`~shelfwise.answers.records.NewAnswer`. A category alone may be
            sure, but a person says which product of it that is.
    """
    rank = {"unknown": 0, "ask": 1, "accept": 1 if product_id is None else 2}[kind]
    return rank * _MILLION + min(_MILLION - 1, round(confidence * _MILLION))
