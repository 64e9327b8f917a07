"""Who read which transcript: access is audited, as ALA and RUSA ask of the profession.

A reading is noted while it is answered and written with others of the same second, so that opening a conversation waits for
no disk. Looking at the same conversation again within the hour is the same reading. While the database cannot be written the
notes are held, up to a bound; what a kill -9 takes is the last second's at most. They name librarians and conversations,
never a word of a patron's, and go after a year.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from typing import Literal

import msgspec
import structlog
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

WRITE_S = 1.0
SAME_MS = 3_600_000  # looked at again within this time: no reading of its own
KEEP_MS = 365 * 86_400_000
MOST = 50_000  # notes that wait for a database that cannot be written

# Opened the transcript; saw a line of it in a search; opened a file of it; took it away in a file with others.
How = Literal["read", "found", "file", "exported"]
HOWS: tuple[How, ...] = ("read", "found", "file", "exported")

_a = tables.audit.c

log = structlog.get_logger("bridge.sql.privacy.access_audit")


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the audit: who did what with a conversation, when (ms). `n` orders them."""

    n: int
    at: int
    who: str
    what: str
    conversation: str
    detail: str


class AccessAudit:
    """The audit of a conversation: what librarians changed, and who looked. `run` writes what `note` was told."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: list[dict[str, object]] = []
        self._lately: dict[tuple[str, str, How], int] = {}
        self._missed = 0

    def note(self, librarian: str, conversations: Iterable[str], how: How) -> None:
        """Remember that a librarian sees these conversations now."""
        now = now_ms()
        for conversation in conversations:
            key = (librarian, conversation, how)
            if now - self._lately.get(key, 0) < SAME_MS:
                continue
            self._lately[key] = now
            if len(self._waiting) >= MOST:
                self._missed += 1
                continue
            self._waiting.append({"at": now, "who": librarian, "what": how, "conversation": conversation, "detail": ""})

    async def record(self, librarian: str, conversation: str, what: str, detail: str = "") -> None:
        """Write at once that a librarian did something with a conversation that the log doesn't tell."""
        row = {"at": now_ms(), "who": librarian, "what": what, "conversation": conversation, "detail": detail}
        async with self._engine.begin() as sql:
            await sql.execute(insert(tables.audit), [row])

    async def run(self) -> None:
        """Write until cancelled, then what is left."""
        try:
            while True:
                await asyncio.sleep(WRITE_S)
                await self.write()
        finally:
            await self.write()

    async def write(self) -> None:
        """Write what was noted; it is held where the database cannot be written now."""
        now = now_ms()
        self._lately = {key: at for key, at in self._lately.items() if now - at < SAME_MS}
        if not self._waiting:
            return
        held, self._waiting = self._waiting, []
        try:
            async with self._engine.begin() as sql:
                await sql.execute(insert(tables.audit), held)
        except BaseException as error:
            self._waiting = held + self._waiting
            if not isinstance(error, (SQLAlchemyError, OSError)):
                raise
            log.warning("readings wait for the database", readings=len(held), error=type(error).__name__)
        if self._missed and not self._waiting:
            log.error("readings missed", readings=self._missed)
            self._missed = 0

    async def of(self, conversations: Collection[str], *, before: int = 0, limit: int = 100) -> list[Deed]:
        """Return what was done with these conversations and who saw them, newest first; `before`: older than that `n`."""
        await self.write()
        query = select(tables.audit).where(_a.conversation.in_(list(conversations)))
        if before:
            query = query.where(_a.n < before)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.order_by(_a.n.desc()).limit(limit))).all()
        return [
            Deed(n=r.n, at=r.at, who=r.who, what=r.what, conversation=r.conversation, detail=r.detail) for r in rows
        ]

    async def sweep(self, now: int) -> None:
        """Forget readings of over a year before `now` (ms); what librarians changed stays."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.audit).where(_a.what.in_(HOWS), _a.at < now - KEEP_MS))
