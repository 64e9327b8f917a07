"""What conversations are found by besides what was said, the list of what is closed, and searches that people keep.

No conversation is read over here: a start waits for no index. Older ones are read in the background, the newest first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SAID = "CASE WHEN coalesce({0}.folded, '') = '' THEN {0}.text ELSE {0}.folded END"
_OTHER = "old.text <> new.text OR coalesce(old.folded, '') <> coalesce(new.folded, '')"
_IN = f"INSERT INTO fact_words(rowid, text) SELECT new.n, {_SAID.format('new')};"
_OUT = f"INSERT INTO fact_words(fact_words, rowid, text) SELECT 'delete', old.n, {_SAID.format('old')};"

_SQLITE = (
    "CREATE VIRTUAL TABLE fact_words USING fts5(text, content='conversation_fact', content_rowid='n',"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    f"CREATE TRIGGER fact_words_in after insert ON conversation_fact BEGIN {_IN} END",
    f"CREATE TRIGGER fact_words_out after delete ON conversation_fact BEGIN {_OUT} END",
    "CREATE TRIGGER fact_words_changed after update of text, folded ON conversation_fact"
    f" WHEN {_OTHER} BEGIN {_OUT} {_IN} END",
)

_POSTGRESQL = (
    "ALTER TABLE conversation_fact ADD COLUMN words tsvector",
    "CREATE INDEX fact_words ON conversation_fact USING gin (words)",
    "CREATE TRIGGER fact_fold BEFORE INSERT OR UPDATE OF folded ON conversation_fact"
    " FOR EACH ROW EXECUTE FUNCTION line_fold()",
)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_table(
        "conversation_fact",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        *_words("conversation", "kind", "of"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=True),
    )
    op.create_index("fact_by_conversation", "conversation_fact", ["conversation", "kind", "of"], unique=True)
    op.add_column("conversation", sa.Column("indexed", sa.Boolean(), nullable=True))
    here = sa.text("indexed IS NULL")
    op.create_index("conversation_not_indexed", "conversation", ["opened_at"], sqlite_where=here, postgresql_where=here)
    filtered = ["library", "state", "closed_at", "id", "channel", "code", "closed_by", "answered_by"]
    op.create_index("conversation_by_library_end", "conversation", filtered)
    op.create_table(
        "saved_search",
        sa.Column("id", sa.String(), primary_key=True),
        *_words("librarian", "library", "name", "query"),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("saved_search_by_librarian", "saved_search", ["librarian"])
    op.create_index("saved_search_by_library", "saved_search", ["library"])
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
