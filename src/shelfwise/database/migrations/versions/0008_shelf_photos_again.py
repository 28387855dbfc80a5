"""Which shelf photos whose products have been found are to be looked at once more."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column

from shelfwise.database.types import UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add when that was asked for: of no photo that is there already."""
    op.add_column("shelf_photos", Column("again_at", UtcTime))
