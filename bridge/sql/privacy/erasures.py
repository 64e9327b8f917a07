"""What a patron asked to be forgotten, until it is gone everywhere.

A row exists from the operator's order, or from the event in the log. The event's row is written in the transaction that blanks
the other tables. It stays until the last place has deleted its part, so an erasure is finished after any crash. With the row go
the last addresses. The audit keeps who had what forgotten, and when, without a word of the patron's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.log.follower import Position
from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.privacy.anonymise import blank, forget_answers
from bridge.sql.rows import dump, replacing, words_of
from routing.events import Erased

KEPT_MS = 86_400_000  # how long a refusal may be read

_e = tables.erasure.c


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation that is to be forgotten, or is being.

    `position`: the log entry up to which the streams hold something of it; `files`: digests that nothing shows any more.
    """

    conversation: str
    state: Literal["asked", "refused", "erased"]
    at: int
    follow_up: bool = False
    reason: str = ""
    places: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    position: Position = Position("", 0)


class Erasures:
    """The erasures of one consortium that are not done yet."""

    def __init__(self, engine: AsyncEngine, archive: str) -> None:
        self._engine = engine
        self._archive = archive

    async def ask(self, conversation: str, places: Sequence[str], *, follow_up: bool) -> None:
        """Order a conversation to be forgotten by the daemon."""
        row = _row(self._archive, conversation, "asked", places) | {"follow_up": follow_up}
        async with self._engine.begin() as sql:
            await sql.execute(replacing(sql.dialect.name, tables.erasure, ["conversation"], row))

    async def standing(self) -> list[Erasure]:
        """Return what is not gone everywhere yet, and what was refused within a day."""
        async with self._engine.connect() as sql:
            rows = (await sql.execute(select(tables.erasure).where(_e.archive == self._archive))).all()
        return [_erasure(row) for row in rows]

    async def refuse(self, conversation: str, reason: str) -> None:
        """Say why an order is not carried out."""
        order = (_e.conversation == conversation) & (_e.state == "asked")
        async with self._engine.begin() as sql:
            refused = {"state": "refused", "reason": reason, "places": "[]"}
            await sql.execute(update(tables.erasure).where(order).values(**refused))

    async def done(self, conversation: str, state: str = "erased") -> None:
        """Delete the row of what is gone everywhere."""
        there = (_e.conversation == conversation) & (_e.state == state)
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.erasure).where(there))

    async def clear(self) -> None:
        """Delete refusals that are old."""
        old = (_e.archive == self._archive) & (_e.state == "refused") & (_e.at < now_ms() - KEPT_MS)
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.erasure).where(old))


async def erase(sql: AsyncConnection, archive: str, epoch: str, events: Sequence[tuple[int, Erased]]) -> None:
    """Forget what these events say, in the transaction of the log's follower; the rest is `Erasures.standing`.

    Each row names its own log entry. The log is trimmed up to there at once, and further only when something more happens.
    """
    for seq, event in events:
        files = await blank(sql, [event.conversation])
        await forget_answers(sql, [event.conversation])
        row = _row(archive, event.conversation, "erased", event.places)
        row |= {"files": dump(files), "epoch": epoch, "seq": seq}
        await sql.execute(replacing(sql.dialect.name, tables.erasure, ["conversation"], row))


def _row(archive: str, conversation: str, state: str, places: Sequence[str]) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "archive": archive,
        "state": state,
        "at": now_ms(),
        "follow_up": False,
        "reason": "",
        "places": dump(list(places)),
        "files": "[]",
        "epoch": "",
        "seq": 0,
    }


def _erasure(row: Any) -> Erasure:
    return Erasure(
        conversation=row.conversation,
        state=row.state,
        at=row.at,
        follow_up=row.follow_up,
        reason=row.reason,
        places=words_of(row.places),
        files=words_of(row.files),
        position=Position(row.epoch, row.seq),
    )
