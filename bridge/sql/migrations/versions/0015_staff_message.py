"""Messages between colleagues: rooms, members, messages, and the number of the last change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_table(
        "staff_position",
        sa.Column("consortium", sa.String(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consortium"),
    )
    op.create_table(
        "staff_room",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("consortium", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("staff_room_by_change", "staff_room", ["consortium", "n"])
    op.create_table(
        "staff_room_member",
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("librarian", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("room", "librarian"),
    )
    op.create_index("ix_staff_room_member_librarian", "staff_room_member", ["librarian"])
    op.create_table(
        "staff_message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("consortium", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("staff_message_by_room", "staff_message", ["consortium", "room", "seq"])
    op.create_index("staff_message_by_change", "staff_message", ["consortium", "n"])
    op.create_index("staff_message_by_age", "staff_message", ["at"])
