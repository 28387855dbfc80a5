"""Of the answers to one photo in one store, a person is asked about the newest alone."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OPEN = "verdict IS NULL AND newer_id IS NULL"


def upgrade() -> None:
    """Say of each answer that waits which newer one there is, also one that was judged: its photo was looked at."""
    op.add_column("answers", Column("newer_id", BigInteger))
    op.execute(
        "UPDATE answers SET newer_id = last.id FROM (SELECT photo, coalesce(store_id, 0) AS store, max(id) AS id "
        "FROM answers GROUP BY photo, coalesce(store_id, 0)) AS last WHERE last.photo = answers.photo "
        "AND last.store = coalesce(answers.store_id, 0) AND answers.verdict IS NULL AND answers.id < last.id"
    )
    for name in ("ix_answers_review", "ix_answers_store_review"):
        op.drop_index(name, "answers")
    for name, columns in (
        ("ix_answers_review", ["doubt", "id"]),
        ("ix_answers_store_review", ["store_id", "doubt", "id"]),
        ("ix_answers_open_photo", ["photo"]),
    ):
        op.create_index(name, "answers", columns, sqlite_where=text(_OPEN), postgresql_where=text(_OPEN))
