"""How a follow-up ended, and the order in which its list reads those that are closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("follow_up", sa.Column("outcome", sa.String(), nullable=False, server_default=""))
    op.create_index("follow_up_by_library", "follow_up", ["library", "state", "changed_at"])
