"""Forgetting: transcripts go after the days that a library sets, the numbers stay without anybody's identity.

ALA and RUSA count this to the profession, not to the settings: what a patron asked is deleted with his name and addresses, and
what remains (when, how long, which queue, which code) names nobody. The days count from the end of all of it: a follow-up that
is not done keeps its question and its address. What is written to a conversation after it was forgotten (it was opened again, a
note came late) makes it due once more.

Files go with the last line that showed them, and a day after they were taken in where no line ever did: they were uploaded and
not sent, or a crash came between the rows and the file. A file that was taken in within the day stays, since somebody may be
about to send it, even if he is not the first.

What lies beside the transcripts goes after the days of the strictest library at the latest, since it need not belong to a
conversation that ever ends: drafts, steps that could not be written, lines whose conversation is not here.

SQLite overwrites what it deletes (`secure_delete`), its word index is packed anew and its write-ahead log emptied, so that the
words are not left lying in the file.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Row, delete, exists, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.archive import tables
from bridge.archive.accounts import now_ms
from bridge.archive.rows import line_of
from bridge.blobs import FileBlobs
from routing.roster import DEFAULT_LIBRARY

DAY_MS = 86_400_000
UNSENT_MS = DAY_MS  # how long a file waits for the message that is to carry it
BATCH = 200
PORTION = 500  # lines read at once

_c = tables.conversation.c
_l = tables.line.c
_f = tables.follow_up.c

_WITH_FILES = or_(_l.attachments != "[]", _l.html != "", _l.original != "")
_DIGEST = re.compile(rb"[0-9a-f]{64}")

_BLANK_WORDS = ("address", "name", "contact", "subject", "page", "previous", "last_text")
_BLANK: dict[str, str | None] = dict.fromkeys(_BLANK_WORDS, "") | {"rating_comment": None}
_BLANK_FOLLOW_UP = {"address": "", "name": "", "question": ""}

log = structlog.get_logger("bridge.archive.retention")


def strictest(days: Mapping[str, int]) -> int:
    """Return the days after which goes what cannot be told to belong to one library: the fewest; 0 = all keep for ever."""
    return min(filter(None, days.values()), default=0 if days else DEFAULT_LIBRARY.retention_days)


class Retention:
    """Forgets what is due, in rows and in files."""

    def __init__(self, engine: AsyncEngine, blobs: FileBlobs) -> None:
        self._engine = engine
        self._blobs = blobs

    async def sweep(self, days: Mapping[str, int], now: int) -> int:
        """Forget conversations that ended more than `days[library]` days before `now` (ms); 0 days = never. Returns how many.

        One with a follow-up ends with it."""
        done = 0
        for library, kept in days.items():
            while kept and (due := await self._due(library, now - kept * DAY_MS)):
                await self.forget(due)
                done += len(due)
        if done:
            log.info("forgotten", conversations=done)
        if kept := strictest(days):
            await self._sweep_beside(now - kept * DAY_MS)
        return done

    async def _sweep_beside(self, before: int) -> None:
        """Forget what lies beside the transcripts since before `before`: drafts, steps set aside, lines of no conversation."""
        while stray := await self._stray(before):
            await self.forget(stray)
        async with self._engine.begin() as sql:
            for table in (tables.draft, tables.set_aside):
                await sql.execute(delete(table).where(table.c.at < before))

    async def _due(self, library: str, before: int) -> list[str]:
        under_way = exists().where(_f.conversation == _c.id, or_(_f.state != "closed", _f.changed_at >= before))
        query = select(_c.id).where(
            _c.library == library, _c.state == "closed", _c.closed_at < before, _c.forgotten_at.is_(None), ~under_way
        )
        async with self._engine.connect() as sql:
            return list((await sql.scalars(query.limit(BATCH))).all())

    async def _stray(self, before: int) -> list[str]:
        """Return conversations of which only lines are here: how they began could not be written, or fell into a gap."""
        known = exists().where(_c.id == _l.conversation)
        query = select(_l.conversation).where(~known).group_by(_l.conversation).having(func.max(_l.at) < before)
        async with self._engine.connect() as sql:
            return list((await sql.scalars(query.limit(BATCH))).all())

    async def forget(self, conversations: Sequence[str]) -> None:
        """Forget these conversations now: lines, files, drafts, steps set aside, names and addresses."""
        ids = list(conversations)
        async with self._engine.begin() as sql:
            files = await _files(sql, ids)
            await sql.execute(delete(tables.line).where(_l.conversation.in_(ids)))
            for table in (tables.draft, tables.merge, tables.set_aside):
                await sql.execute(delete(table).where(table.c.conversation.in_(ids)))
            await sql.execute(delete(tables.merge).where(tables.merge.c.other.in_(ids)))
            blank = update(tables.follow_up).where(tables.follow_up.c.conversation.in_(ids))
            await sql.execute(blank.values(**_BLANK_FOLLOW_UP))
            await sql.execute(update(tables.audit).where(tables.audit.c.conversation.in_(ids)).values(detail=""))
            blanked = update(tables.conversation).where(_c.id.in_(ids))
            await sql.execute(blanked.values(forgotten_at=now_ms(), **_BLANK))
            gone = [digest for digest in files if not await _still_shown(sql, digest)]
        for digest in gone:
            await self._blobs.remove(digest, before=(now_ms() - UNSENT_MS) / 1000)
        await self._pack()

    async def sweep_files(self, now: int) -> int:
        """Remove the files that nothing shows and that were taken in over a day before `now` (ms). Returns how many.

        What was handed in by then must have come to the archive. An archive in which nobody ever wrote is taken for the wrong one.
        """
        before = (now - UNSENT_MS) / 1000
        await self._blobs.clear(before)
        left = await self._blobs.older(before)
        if not left or not await self._used():
            return 0
        async for shown in self._shown():
            left -= shown
        removed = sum([await self._blobs.remove(digest, before=before) for digest in left])
        if removed:
            log.info("files-removed", files=removed)
        return removed

    async def _used(self) -> bool:
        async with self._engine.connect() as sql:
            return await sql.scalar(select(_c.id).limit(1)) is not None

    async def _shown(self) -> AsyncIterator[set[str]]:
        """Yield the digests of files that lines show, a portion at a time, and those of steps set aside."""
        async with self._engine.connect() as sql:
            for step in (await sql.scalars(select(tables.set_aside.c.step))).all():
                yield {digest.decode() for digest in _DIGEST.findall(step)}
        last = 0
        while True:
            query = select(tables.line).where(_l.n > last, _WITH_FILES).order_by(_l.n).limit(PORTION)
            async with self._engine.connect() as sql:
                rows = (await sql.execute(query)).all()
            if not rows:
                return
            last = rows[-1].n
            yield _digests(rows)

    async def _pack(self) -> None:
        """Leave nothing of what was deleted in SQLite's files; PostgreSQL's own vacuum does it there."""
        if self._engine.dialect.name != "sqlite":
            return
        async with self._engine.begin() as sql:
            await sql.execute(text("INSERT INTO line_words(line_words) VALUES ('optimize')"))
        async with self._engine.connect() as sql:
            raw = await sql.get_raw_connection()
            if raw.driver_connection is not None:
                await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _files(sql: AsyncConnection, ids: list[str]) -> set[str]:
    return _digests((await sql.execute(select(tables.line).where(_l.conversation.in_(ids), _WITH_FILES))).all())


def _digests(rows: Sequence[Row[Any]]) -> set[str]:
    """Return the files that rows of `tables.line` show."""
    found = {digest for row in rows for digest in (row.html, row.original) if digest}
    return found | {file.digest for row in rows for file in line_of(row).attachments}


async def _still_shown(sql: AsyncConnection, digest: str) -> bool:
    """Whether a line that stays shows the same file: files are kept by digest, so two patrons may have sent one."""
    shown = or_(_l.html == digest, _l.original == digest, _l.attachments.contains(digest))
    return await sql.scalar(select(_l.n).where(shown).limit(1)) is not None
