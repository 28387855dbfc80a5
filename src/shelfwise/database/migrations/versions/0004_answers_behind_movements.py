"""The answer behind a movement is found by one look into an index, however many answers there are to its photo."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index answers by all that a movement tells; that finds them by their photo too."""
    op.create_index("ix_answers_behind", "answers", ["photo", "model", "store_id", "at", "id"])
    op.drop_index("ix_answers_photo", "answers")
