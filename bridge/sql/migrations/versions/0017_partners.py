"""Partner deployments, what is passed between us, and the nonces of their messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default="")


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_table(
        "partner",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("consortium", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        *(_text(name) for name in ("name", "url")),
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        *(_text(name) for name in ("proof", "expected")),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=False),
        *(_text(name) for name in ("doubt", "confirmed_by", "ended_by")),
        sa.Column("desk", sa.Text(), nullable=False),
    )
    op.create_index("partner_by_channel", "partner", ["consortium", "channel"])
    op.create_table(
        "partner_talk",
        sa.Column("partner", sa.String(), sa.ForeignKey("partner.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("way", sa.String(), primary_key=True),
        sa.Column("conversation", sa.String(), primary_key=True),
        *(_text(name) for name in ("place", "local")),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "partner_nonce",
        sa.Column("partner", sa.String(), primary_key=True),
        sa.Column("nonce", sa.String(), primary_key=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_partner_nonce_until", "partner_nonce", ["until"])
