"""Partners' agreements: a library that is kept already agreed to what others ask of it so far, at all hours.

It gets the next revision, so that the core takes what is written now.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back."""
    sql = op.get_bind()
    rows = sql.execute(sa.text("SELECT id, consortium, revision, data FROM library ORDER BY id")).all()
    kept = {row.id: msgspec.msgpack.decode(row.data) for row in rows}
    for row in rows:
        library = kept[row.id]
        if "agreements" in library:
            continue
        others = [kept[one.id] for one in rows if one.consortium == row.consortium and one.id != row.id]
        library = library | {"agreements": _asked_of(library, others), "revision": row.revision + 1}
        values = {"id": row.id, "revision": row.revision + 1, "data": msgspec.msgpack.encode(library)}
        sql.execute(sa.text("UPDATE library SET revision = :revision, data = :data WHERE id = :id"), values)


def _asked_of(library: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    own = {team["id"] for team in library.get("teams", ())}
    found = []
    for queue in (queue for other in others for queue in other.get("queues", ())):
        named = [name for tier in queue.get("tiers", ()) for name in tier["teams"] if name in own]
        if named:
            found.append({"queue": queue["id"], "teams": list(dict.fromkeys(named))})
    return found
