"""What patrons said of a conversation that ended: the step, when, and their words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("conversation", sa.Column("rating", sa.Integer(), nullable=True))
    op.add_column("conversation", sa.Column("rated_at", sa.BigInteger(), nullable=True))
    op.add_column("conversation", sa.Column("rating_comment", sa.Text(), nullable=True))
