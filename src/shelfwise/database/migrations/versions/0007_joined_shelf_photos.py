"""Of shelf photos that were put together, how each of the single ones lies on the joined picture."""

from __future__ import annotations

from alembic import op
from sqlalchemy import JSON, Column

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is not known of photos that were put together before: they have nothing there."""
    op.add_column("shelf_photos", Column("matrices", JSON))
