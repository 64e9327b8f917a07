"""Conversations with files, and with a descriptive code, without a look at each."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_index("fact_by_kind", "conversation_fact", ["kind", "of", "conversation"])
