"""From where a conversation was imported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("conversation", sa.Column("imported", sa.String(), nullable=False, server_default=""))
