"""What patrons answered to a library's own questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("conversation", sa.Column("answers", sa.Text(), nullable=False, server_default=""))
