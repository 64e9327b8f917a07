"""In which window of a librarian a draft was written last, so that two windows do not overwrite each other's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("draft", sa.Column("window_id", sa.String(), nullable=False, server_default=""))
