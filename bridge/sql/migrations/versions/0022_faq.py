"""Frequently asked questions: entries, their texts, terms, versions and files, and what is counted of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(*names: str, kind: type[sa.String] = sa.String) -> list[sa.Column[str]]:
    return [sa.Column(name, kind(), nullable=False) for name in names]


def _moments(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def upgrade() -> None:
    """Go forward; there is no way back."""
    _entries()
    _index()
    _beside()
    _counts()


def _entries() -> None:
    op.create_table(
        "faq_entry",
        sa.Column("id", sa.String(), primary_key=True),
        *_words("library", "state", "owner", "review_by"),
        *_words("topics", "related", "files", kind=sa.Text),
        sa.Column("featured", sa.Boolean(), nullable=False),
        *_words("source"),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_moments("made_at", "changed_at"),
        *_words("changed_by"),
    )
    op.create_index("ix_faq_entry_library", "faq_entry", ["library"])
    op.create_index("ix_faq_entry_source", "faq_entry", ["source"])
    op.create_table(
        "faq_text",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        *_words("entry", "library", "language", "slug", "title"),
        *_words("body", "asked", kind=sa.Text),
    )
    op.create_index("faq_text_by_entry", "faq_text", ["entry", "language"], unique=True)
    op.create_index("faq_text_by_address", "faq_text", ["library", "language", "slug"], unique=True)


def _index() -> None:
    op.create_table(
        "faq_term",
        *_words("term", "library"),
        sa.Column("text", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("term", "library", "text"),
        sqlite_with_rowid=False,
    )
    op.create_index("faq_term_by_text", "faq_term", ["text"])


def _beside() -> None:
    op.create_table(
        "faq_version",
        *_words("entry"),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_moments("at"),
        *_words("who"),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry", "revision"),
    )
    op.create_table(
        "faq_redirect",
        *_words("library", "language", "slug", "entry"),
        sa.PrimaryKeyConstraint("library", "language", "slug"),
    )
    op.create_index("ix_faq_redirect_entry", "faq_redirect", ["entry"])
    op.create_table(
        "faq_file",
        *_words("library", "id", "type"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        *_moments("at"),
        sa.PrimaryKeyConstraint("library", "id"),
    )


def _counts() -> None:
    op.create_table(
        "faq_day",
        *_words("entry", "day", "what"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("entry", "day", "what"),
    )
    op.create_table(
        "faq_remark",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        *_words("entry"),
        *_moments("at"),
        *_words("text", kind=sa.Text),
    )
    op.create_index("ix_faq_remark_entry", "faq_remark", ["entry"])
    op.create_table(
        "faq_gap",
        *_words("library", "language", "words", "day"),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("library", "language", "words", "day"),
    )
    op.create_table(
        "faq_link",
        *_words("entry", "url"),
        *_moments("checked_at"),
        *_words("problem"),
        sa.PrimaryKeyConstraint("entry", "url"),
    )
