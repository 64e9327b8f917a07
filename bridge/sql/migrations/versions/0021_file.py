"""Files that are not kept in a folder: when their bytes came, whether they came again, and where they lie."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import OID

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_table(
        "file",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("large_object", sa.BigInteger().with_variant(OID(), "postgresql")),
        sa.Column("object_key", sa.String()),
        sa.PrimaryKeyConstraint("digest", "store"),
    )
    op.create_index("ix_file_taken_at", "file", ["taken_at"])
    op.create_index("file_by_object_key", "file", ["object_key"])
