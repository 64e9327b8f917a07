"""When a conversation was forgotten: an empty address meant it before, and kept what was written afterwards for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("conversation", sa.Column("forgotten_at", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE conversation SET forgotten_at = closed_at WHERE address = ''"
        " AND NOT EXISTS (SELECT 1 FROM line WHERE line.conversation = conversation.id)"
    )
