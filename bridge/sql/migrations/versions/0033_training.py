"""Practice: sheets of trainees, words on them, scenarios of libraries, first days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_table(
        "training_sheet",
        sa.Column("conversation", sa.String(), nullable=False),
        sa.Column("trainee", sa.String(), nullable=False),
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("manners", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation"),
    )
    for column in ("trainee", "library", "until"):
        op.create_index(f"ix_training_sheet_{column}", "training_sheet", [column])
    op.create_table(
        "training_words",
        sa.Column("conversation", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("conversation", "by"),
    )
    op.create_table(
        "training_scenario",
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("toml", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("library", "name", "version"),
    )
    op.create_table(
        "training_first_day",
        sa.Column("librarian", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("librarian"),
    )
