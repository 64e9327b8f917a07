"""Numbers kept by day, and what they are mailed by.

Triggers note of which moments something was counted that has changed: so nothing that writes can forget it. The index over the
moments at which conversations began is made here, which takes a few seconds where there are millions.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_CONVERSATION = (
    *("library", "channel", "live", "queue_entered", "opened_at", "first_answer_at", "answered_by", "answered_queue"),
    *("closed_at", "code", "by_default", "descriptive", "read_scale", "reference", "questions", "rating"),
)
_QUESTION = ("library", "at_ms", "mode", "kind", "place", "patron_type", "minutes", "read_level", "codes", "voided_ms")
_HOP = "new.kind in ('gone', 'back', 'tier', 'claimed', 'handed-over', 'queued')"


def _differ(columns: tuple[str, ...], word: str) -> str:
    return " or ".join(f"old.{name} {word} new.{name}" for name in columns)


def _note(row: str, at: str) -> str:
    return f"insert into report_change(library, at) values ({row}.library, {row}.{at});"


_OF_HOP = (
    "insert into report_change(library, at) select library, opened_at from conversation where id = new.conversation;"
)


def _sqlite(table: str, columns: tuple[str, ...], at: str, more: str = "") -> list[str]:
    changed = _differ(columns, "is not") + more
    return [
        f"create trigger {table}_report_in after insert on {table} begin {_note('new', at)} end",
        f"create trigger {table}_report_out after delete on {table} begin {_note('old', at)} end",
        f"create trigger {table}_report_changed after update on {table} when {changed}"
        f" begin {_note('old', at)} {_note('new', at)} end",
    ]


def _postgresql(table: str, columns: tuple[str, ...], at: str, more: str = "") -> list[str]:
    changed = _differ(columns, "is distinct from") + more
    body = f"begin if tg_op <> 'INSERT' then {_note('old', at)} end if;"
    body += f" if tg_op in ('INSERT', 'UPDATE') then {_note('new', at)} end if; return null; end"
    run = f"for each row execute function {table}_report()"
    return [
        f"create function {table}_report() returns trigger language plpgsql as $$ {body} $$",
        f"create trigger {table}_report_in after insert or delete on {table} {run}",
        f"create trigger {table}_report_changed after update on {table}"
        f" {run.replace('for each row', f'for each row when ({changed})')}",
    ]


_ENDED = " or (old.state = 'closed') <> (new.state = 'closed')"
_SQLITE = (
    *_sqlite("conversation", _CONVERSATION, "opened_at", _ENDED),
    *_sqlite("counted_question", _QUESTION, "at_ms"),
    f"create trigger hop_report_in after insert on hop when {_HOP} begin {_OF_HOP} end",
)
_POSTGRESQL = (
    *_postgresql("conversation", _CONVERSATION, "opened_at", _ENDED),
    *_postgresql("counted_question", _QUESTION, "at_ms"),
    f"create function hop_report() returns trigger language plpgsql as $$ begin {_OF_HOP} return null; end $$",
    f"create trigger hop_report_in after insert on hop for each row when ({_HOP}) execute function hop_report()",
)


def _words(*names: str, key: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), primary_key=key, nullable=False) for name in names]


def upgrade() -> None:
    """Go forward; there is no way back."""
    op.create_table(
        "report_day",
        *_words("library", "day", key=True),
        *_words("timezone"),
        sa.Column("rules", sa.Integer(), nullable=False),
        *_words("token"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "report_change",
        sa.Column("n", _NUMBER, primary_key=True, autoincrement=True),
        *_words("library"),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("report_change_by_library", "report_change", ["library", "at"])
    op.create_table("report_setting", *_words("library", key=True), sa.Column("document", sa.Text(), nullable=False))
    op.create_table(
        "report_mailing",
        *_words("library", "first", "rhythm", "address", key=True),
        *_words("state", "reason"),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("conversation_by_opening", "conversation", ["library", "opened_at"])
    op.create_index("conversation_by_answerer", "conversation", ["answered_by", "opened_at"])
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
