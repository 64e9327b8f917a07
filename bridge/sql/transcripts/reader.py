"""Reading transcripts: what SQL holds up to its position, continued from the log.

A transcript is read together with the archive's position in one transaction. What the log holds beyond that position is applied to
it by the same rule that wrote the rows (`lines.changes`). So a line is there as soon as it is committed, once.

Just after a failover the archive's position may be one that the log never had. Its writer sees that at once and begins again;
readers wait for it meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.contract.adapter import HistoryLine
from bridge.log.follower import LogReset, Position
from bridge.log.tail import Tail
from bridge.redis.store import StoreUnavailable
from bridge.sql import tables
from bridge.sql.rows import line_of
from bridge.sql.transcripts.lines import TranscriptLine, amend, changes, patron_sees, place_of

PATIENCE_S = 5.0  # for the writer
LOOK_S = 0.1

_line = tables.line.c
_talk = tables.conversation.c


class ConversationSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive knows of a conversation as a whole."""

    id: str
    library: str
    channel: str
    address: str
    live: bool
    queue_entered: str
    queue: str
    name: str
    contact: str
    language: str
    subject: str
    page: str
    previous: str
    state: str
    owner: str
    opened_at: int
    last_at: int
    last_text: str
    last_who: str
    claimed_at: int | None = None
    first_answer_at: int | None = None
    answered_by: str | None = None
    answered_queue: str | None = None
    closed_at: int | None = None
    closed_by: str | None = None
    code: str | None = None
    rating: int | None = None
    rated_at: int | None = None
    rating_comment: str | None = None
    answers: str = ""  # JSON of `FormAnswer`s
    descriptive: str | None = None  # codes as JSON
    read_scale: int | None = None
    reference: bool | None = None
    imported: str = ""  # the desk it was imported from
    questions: str | None = None  # JSON of `QuestionTaken`s


class Reader:
    """Transcripts and conversations; `tail` knows what the archive has not committed yet."""

    def __init__(self, engine: AsyncEngine, tail: Tail, position_name: str) -> None:
        self._engine = engine
        self._tail = tail
        self._name = position_name

    async def transcript(self, conversation: str, *, before: str = "", limit: int = 10_000) -> list[TranscriptLine]:
        """Return the last `limit` lines of a conversation before the position `before`, oldest first. Raises StoreError."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._transcript(conversation, before, limit)
            except LogReset:
                if time.monotonic() >= until:
                    raise StoreUnavailable("the archive does not stand in the log") from None
            await asyncio.sleep(LOOK_S)

    async def _transcript(self, conversation: str, before: str, limit: int) -> list[TranscriptLine]:
        async with self._engine.connect() as sql:
            position = await self._position(sql)
            query = select(tables.line).where(_line.conversation == conversation)
            rows = (await sql.execute(_newest_first(query, before).limit(limit))).all()
        lines = {row.id: line_of(row) for row in reversed(rows)}
        await self._continue(conversation, position, lines)
        found = [line for line in lines.values() if not before or line.position < before]
        return found[-limit:]

    async def patron_history(
        self, channel: str, sender: str, after: str = "", limit: int = 10_000
    ) -> list[HistoryLine]:
        """Return a patron's view of their newest conversation on a channel, after a position, oldest first.

        It holds what went between the desk and this very address. A talk may have moved to an address that the patron
        only named, and somebody else may answer from there.
        """
        talk = await self.newest(channel, sender)
        lines = await self.patron_view(talk, channel, sender) if talk else []
        return [line for line in lines if line.position > after][-limit:]

    async def patron_view(self, conversation: str, channel: str, sender: str) -> list[HistoryLine]:
        """Return what went between the desk and a patron's address in one conversation, oldest first."""
        lines = await self.transcript(conversation)
        return [patron_line(line) for line in lines if patron_sees(line, channel, sender)]

    async def newest(self, channel: str, sender: str) -> str:
        """Return the id of the newest conversation of an address, "" when there is none."""
        live = self._tail.newest(channel, sender)
        if live:
            return live
        query = select(_talk.id).where(_talk.channel == channel, _talk.address == sender)
        async with self._engine.connect() as sql:
            return await sql.scalar(query.order_by(_talk.opened_at.desc()).limit(1)) or ""

    async def conversation(self, conversation: str) -> ConversationSummary | None:
        """Return a conversation as the archive has it, None when it is not there (yet)."""
        async with self._engine.connect() as sql:
            row = (await sql.execute(select(tables.conversation).where(_talk.id == conversation))).first()
        return talk_of(row) if row else None

    async def earlier(
        self, channel: str, address: str, libraries: Sequence[str], limit: int = 20
    ) -> list[ConversationSummary]:
        """Return a patron's conversations at these libraries, newest first, merged ones included."""
        query = select(tables.conversation).where(_talk.library.in_(list(libraries)))
        mine = select(_talk.id).where(_talk.channel == channel, _talk.address == address)
        joined = select(tables.merge.c.other).where(tables.merge.c.conversation.in_(mine))
        back = select(tables.merge.c.conversation).where(tables.merge.c.other.in_(mine))
        query = query.where(or_(_talk.id.in_(mine), _talk.id.in_(joined), _talk.id.in_(back)))
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.order_by(_talk.opened_at.desc()).limit(limit))).all()
        return [talk_of(row) for row in rows]

    async def closed(self, libraries: Sequence[str], *, before: int = 0, limit: int = 100) -> list[ConversationSummary]:
        """Return what ended lately at these libraries, newest end first, ended before `before` ms."""
        query = select(tables.conversation).where(
            _talk.state == "closed", _talk.library.in_(list(libraries)), _talk.forgotten_at.is_(None)
        )
        if before:
            query = query.where(_talk.closed_at < before)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.order_by(_talk.closed_at.desc()).limit(limit))).all()
        return [talk_of(row) for row in rows]

    async def forgotten(self, conversations: Collection[str]) -> set[str]:
        """Return those of these conversations of which nothing but the numbers is kept."""
        found: set[str] = set()
        names = list(conversations)
        async with self._engine.connect() as sql:
            for at in range(0, len(names), 500):
                where = _talk.id.in_(names[at : at + 500]) & _talk.forgotten_at.is_not(None)
                found.update(await sql.scalars(select(_talk.id).where(where)))
        return found

    async def find(self, ids: Sequence[str]) -> str:
        """Return the conversation that holds any of these messages or deliveries (own ids or a network's), else ""."""
        if not ids:
            return ""
        wanted = list(ids)[:200]
        if held := self._tail.find(wanted):  # first: what leaves the tail meanwhile is in SQL, not the other way round
            return held
        query = select(_line.conversation).where(or_(_line.id.in_(wanted), _line.network_id.in_(wanted)))
        async with self._engine.connect() as sql:
            return await sql.scalar(query.order_by(_line.at.desc()).limit(1)) or ""

    async def _position(self, sql: AsyncConnection) -> Position:
        row = (await sql.execute(select(tables.follower).where(tables.follower.c.name == self._name))).first()
        return Position(row.epoch, row.seq) if row else Position("", 0)

    async def _continue(self, conversation: str, position: Position, lines: dict[str, TranscriptLine]) -> None:
        for seq, step in await self._tail.steps(conversation, position):
            for change in changes(step, seq):
                if isinstance(change, TranscriptLine) and change.conversation != conversation:
                    continue
                amend(lines, change)


def _newest_first(query: Select[Any], before: str) -> Select[Any]:
    if before:
        query = query.where(tuple_(_line.at, _line.seq, _line.part) < tuple_(*(place_of(before) or (0, 0, 0))))
    return query.order_by(_line.at.desc(), _line.seq.desc(), _line.part.desc())


def talk_of(row: Any) -> ConversationSummary:
    """Return the conversation in a row of `tables.conversation`."""
    return ConversationSummary(**{name: row._mapping[name] for name in ConversationSummary.__struct_fields__})


def patron_line(line: TranscriptLine) -> HistoryLine:
    """Return a line as its patron sees it."""
    return HistoryLine(
        id=line.id,
        position=line.position,
        conversation=line.conversation,
        who=_speaker(line),
        text=line.text,
        at=line.at,
        author=line.author if line.who != "patron" else "",
        source=line.source,
        attachments=line.attachments,
        event=line.event,
        stage=line.stage if line.who == "patron" else "",
    )


def _speaker(line: TranscriptLine) -> Literal["patron", "librarian", "desk"]:
    """Return who speaks in a line of the patron's view; a line of the desk's own there is the patron's rating."""
    match line.who:
        case "librarian" | "desk":
            return line.who
        case _:
            return "patron"
