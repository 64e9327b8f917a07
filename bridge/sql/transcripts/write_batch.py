"""What some steps of the log mean for the tables, folded as far as it can be before it is written.

A line that is new here is written with its last stage; of a line that SQL holds, only its last stage is written. So the more
steps a transaction has, the less each of them costs.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from msgspec.structs import asdict, replace
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.sql import tables
from bridge.sql.bulk_insert import Statement, write_many
from bridge.sql.people.idempotency import outcome_row
from bridge.sql.rows import LINE, ignoring, line_values
from bridge.sql.transcripts.conversation_rows import ConversationRows
from bridge.sql.transcripts.facts import FactRows
from bridge.sql.transcripts.lines import ReadBy, Staged, TranscriptLine, amend, changes
from bridge.sql.transcripts.search_words import FOLDED
from routing.events import Erased, Step


class WriteBatch:
    """Steps that are written together."""

    def __init__(self) -> None:
        self._rows = ConversationRows()
        self._facts = FactRows()
        self.erased: list[
            tuple[int, Erased]
        ] = []  # what is to be forgotten once the rest is written, with its log entry
        self._lines: dict[str, TranscriptLine] = {}
        self._staged: dict[str, Staged] = {}
        self._read: dict[ReadBy, None] = {}
        self._outcomes: list[dict[str, Any]] = []

    def take(self, step: Step, seq: int) -> None:
        """Take one step in; they come in the log's order."""
        self._rows.enter(step)
        self._facts.enter(step)
        self.erased += [(seq, event) for event in step.events if isinstance(event, Erased)]
        if (outcome := outcome_row(step)) is not None:
            self._outcomes.append(outcome)
        for change in changes(step, seq):
            if isinstance(change, TranscriptLine):
                self._lines.setdefault(change.id, change)
            elif isinstance(change, ReadBy):
                self._read[change] = None
            elif change.line in self._lines:
                amend(self._lines, change)
            else:
                self._staged[change.line] = _later(self._staged.get(change.line), change)

    async def write(self, sql: AsyncConnection) -> None:
        """Write everything, inside the caller's transaction."""
        dialect = sql.dialect.name
        for name, removal, rows in self._rows.removals():
            await write_many(sql, name, partial(_same, removal), rows)
        for table, rows in self._rows.inserts():
            await write_many(sql, table.name, partial(ignoring, dialect, table), rows)
        await write_many(sql, "written", partial(ignoring, dialect, tables.written), self._outcomes)
        await write_lines(sql, self._lines.values())
        await self._facts.write(sql)
        for name, statement, changed in self._rows.updates():
            await write_many(sql, name, partial(_same, statement), changed)
        await write_many(sql, "stage", partial(_same, _STAGE), map(asdict, self._staged.values()))
        if self._read:
            await sql.execute(_READ, [{"talk": change.conversation, "upto": change.upto} for change in self._read])


async def write_lines(sql: AsyncConnection, lines: Iterable[TranscriptLine]) -> None:
    """Write what transcripts do not have yet."""
    dialect = sql.dialect.name
    make, folded = partial(ignoring, dialect, tables.line), FOLDED[dialect]
    rows = ((*line_values(line), folded(line.text)) for line in lines)
    await write_many(sql, "line", make, rows, (*LINE, "folded"))


def _later(before: Staged | None, change: Staged) -> Staged:
    """Return what two changes of one line come to: a network's id stays until there is another."""
    if before is None or change.network_id:
        return change
    return replace(change, network_id=before.network_id)


def _same(statement: Statement) -> Statement:
    return statement


_line = tables.line
_upto = _line.alias("upto")

_STAGE = (
    update(_line)
    .where(_line.c.id == bindparam("line"))
    .values(
        stage=bindparam("stage"),
        reason=bindparam("reason"),
        detail=bindparam("detail"),
        network_id=func.coalesce(func.nullif(bindparam("network_id"), ""), _line.c.network_id),
    )
)

_READ = (
    update(_line)
    .where(_line.c.conversation == bindparam("talk"), _line.c.who == "patron", _line.c.stage != "read")
    .where(_line.c.n <= select(_upto.c.n).where(_upto.c.id == bindparam("upto")).scalar_subquery())
    .values(stage="read")
)
