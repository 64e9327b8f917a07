"""What the full-text index is given in place of a text, so that words are found in every script and without their accents.

Nothing is read over here: a start waits for no index. Old lines are found as before until the re-indexing has read them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SAID = "CASE WHEN coalesce({0}.folded, '') = '' THEN {0}.text ELSE {0}.folded END"
_OTHER = "old.text <> new.text OR coalesce(old.folded, '') <> coalesce(new.folded, '')"
_IN = f"INSERT INTO line_words(rowid, text) SELECT new.n, {_SAID.format('new')} WHERE new.text <> '';"
_OUT = (
    "INSERT INTO line_words(line_words, rowid, text)"
    f" SELECT 'delete', old.n, {_SAID.format('old')} WHERE old.text <> '';"
)
# A change is one trigger: of two, SQLite promises no order, and what is taken out last is not found.
_SQLITE = (
    *(f"DROP TRIGGER line_words_{name}" for name in ("in", "out", "off", "on")),
    f"CREATE TRIGGER line_words_in AFTER INSERT ON line BEGIN {_IN} END",
    f"CREATE TRIGGER line_words_out AFTER DELETE ON line BEGIN {_OUT} END",
    f"CREATE TRIGGER line_words_changed AFTER UPDATE OF text, folded ON line WHEN {_OTHER} BEGIN {_OUT} {_IN} END",
)

_POSTGRESQL = (
    "ALTER TABLE line ALTER COLUMN words DROP EXPRESSION",
    "CREATE FUNCTION line_fold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF NEW.folded IS NOT NULL THEN NEW.words := CAST(NEW.folded AS tsvector); NEW.folded := ''; END IF;"
    " RETURN NEW; END $$",
    "CREATE TRIGGER line_fold BEFORE INSERT OR UPDATE OF folded ON line FOR EACH ROW EXECUTE FUNCTION line_fold()",
)


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.add_column("line", sa.Column("folded", sa.Text(), nullable=True))
    here = sa.text("folded IS NULL")
    op.create_index("line_not_folded", "line", ["n"], sqlite_where=here, postgresql_where=here)
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
