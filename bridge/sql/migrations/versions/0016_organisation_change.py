"""What changed about libraries, and invitations to sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "organisation_change",
        sa.Column("n", number, autoincrement=True, nullable=False),
        sa.Column("consortium", sa.String(), nullable=False),
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("differences", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=False),
        sa.Column("undone_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index("organisation_change_by_library", "organisation_change", ["consortium", "library", "n"])
    op.create_table(
        "invitation",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("librarian", sa.String(), nullable=False),
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("ix_invitation_librarian", "invitation", ["librarian"], unique=True)
