"""Mentions that wait for librarians who are signed out, and when each conversation was opened since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_table(
        "mention",
        sa.Column("librarian", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("conversation", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("librarian", "line"),
    )
    op.create_index("ix_mention_conversation", "mention", ["conversation"])
    op.create_table(
        "mention_seen",
        sa.Column("librarian", sa.String(), nullable=False),
        sa.Column("conversation", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("librarian", "conversation"),
    )
