"""Which library each librarian belongs to, from the libraries' lists and the accounts; what changed about a library's people."""

from __future__ import annotations

import time

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    belonging = op.create_table(
        "belonging",
        sa.Column("consortium", sa.String(), nullable=False),
        sa.Column("librarian", sa.String(), nullable=False),
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("consortium", "librarian"),
    )
    op.create_index("ix_belonging_library", "belonging", ["library"])
    op.create_table(
        "staff_change",
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("library", sa.String(), nullable=False),
        sa.Column("librarian", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
    )
    op.create_index("ix_staff_change_library", "staff_change", ["library"])
    rows = _belongings(op.get_bind())
    if rows:
        op.bulk_insert(belonging, rows)


def _belongings(sql: sa.Connection) -> list[dict[str, object]]:
    """Return a row for each librarian. A list counts before an account, which then goes to the library that lists its librarian:
    they moved already, and what they had before is not theirs."""
    now = time.time_ns() // 1_000_000
    accounts = {row.librarian: row.library for row in sql.execute(sa.text("SELECT librarian, library FROM account"))}
    found: dict[tuple[str, str], dict[str, object]] = {}
    homes: dict[str, str] = {}
    for row in sql.execute(sa.text("SELECT id, consortium, data FROM library ORDER BY id")):
        homes[row.id] = row.consortium
        for person in msgspec.msgpack.decode(row.data).get("librarians", ()):
            moved = accounts.get(person["id"], row.id) != row.id
            found[row.consortium, person["id"]] = _row(row.consortium, person["id"], row.id, now if moved else 0)
            if moved:
                values = {"library": row.id, "librarian": person["id"]}
                sql.execute(sa.text("UPDATE account SET library = :library WHERE librarian = :librarian"), values)
    for librarian, library in accounts.items():
        if library in homes:
            found.setdefault((homes[library], librarian), _row(homes[library], librarian, library, 0))
    return list(found.values())


def _row(consortium: str, librarian: str, library: str, since: int) -> dict[str, object]:
    return {
        "consortium": consortium,
        "librarian": librarian,
        "library": library,
        "since": since,
        "released_at": None,
    }
