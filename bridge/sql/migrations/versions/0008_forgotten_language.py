"""The language of conversations that were forgotten before it was forgotten with them: it had room for words."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.execute("UPDATE conversation SET language = '' WHERE forgotten_at IS NOT NULL")
