"""What of the log an audit's row was written from, so that an entry that is read twice is audited once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("audit", sa.Column("id", sa.String(), nullable=True))
    op.create_index("audit_by_id", "audit", ["id"], unique=True)
