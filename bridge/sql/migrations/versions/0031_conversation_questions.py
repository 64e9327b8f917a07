"""Kind and READ of each question of a conversation."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("conversation", sa.Column("questions", sa.Text(), nullable=True))
