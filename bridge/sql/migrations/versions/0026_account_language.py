"""In which language a librarian reads the inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("account", sa.Column("language", sa.String(), nullable=False, server_default=""))
