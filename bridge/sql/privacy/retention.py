"""Forgetting: transcripts go after the days that a library sets, the numbers stay without anybody's identity.

ALA and RUSA count this to the profession, not to the settings. What a patron asked is deleted with name and addresses. What
remains (when, how long, which queue, which code) names nobody. The days count from the end of all of it: a follow-up that is not
done keeps its question and its address. What is written to a conversation after it was forgotten (it was opened again, a note
came late) makes it due once more.

Files go with the last line that showed them. A file that no line ever showed goes a day after it was taken in. It was uploaded
and not sent, or a crash came between the rows and the file. A file that was taken in within the day stays, since somebody may be
about to send it, even if others sent it before.

Drafts and steps that could not be written go after the days of their conversation's library at the latest, though that
conversation may never end. What belongs to no library goes after the days of the strictest library. That is:

- lines, drafts and steps whose conversation is not here;
- conversations of a library that nobody set up, which a channel may name all the same.

SQLite overwrites what it deletes (`secure_delete`). Its word index is packed again and its write-ahead log emptied, so that the
words are not left in the file.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence

import structlog
from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.files.store import FileStore
from bridge.sql import tables
from bridge.sql.counter.questions import CountedQuestions
from bridge.sql.people.account_events import AccountEvents
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.idempotency import IdempotencyKeys
from bridge.sql.people.staff_messages import StaffMessages
from bridge.sql.privacy.access_audit import AccessAudit
from bridge.sql.privacy.anonymise import WITH_FILES, blank, digests, forget_aside, pack, still_shown
from bridge.sql.training.sheets import TrainingSheets
from routing.practice_queue import practice_library
from routing.roster import DEFAULT_LIBRARY

DAY_MS = 86_400_000
UNSENT_MS = DAY_MS  # how long a file waits for the message that is to carry it
BATCH = 200
PRACTICE_DAYS = 7
PORTION = 500  # lines read at once

_c = tables.conversation.c
_l = tables.line.c
_f = tables.follow_up.c

_DIGEST = re.compile(rb"[0-9a-f]{64}")


log = structlog.get_logger("bridge.sql.privacy.retention")


def strictest(days: Mapping[str, int]) -> int:
    """Return the days after which goes what cannot be told to belong to one library: the fewest; 0 = all keep for ever."""
    return min(filter(None, days.values()), default=0 if days else DEFAULT_LIBRARY.retention_days)


def _of_nobody(days: Mapping[str, int]) -> ColumnElement[bool]:
    """A conversation of a library that is none of these and that no consortium has."""
    return and_(_c.library.not_in(list(days)), _c.library.not_in(select(tables.library.c.id)))


def _beside(table: Table, whose: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows of a table that lie beside these conversations."""
    return table.c.conversation.in_(select(_c.id).where(whose))


def _beside_nobody(table: Table, days: Mapping[str, int]) -> ColumnElement[bool]:
    """Rows of a table that belong to no library."""
    return or_(_beside(table, _of_nobody(days)), table.c.conversation.not_in(select(_c.id)))


class Retention:
    """Forgets what is due, in rows and in files."""

    def __init__(self, engine: AsyncEngine, blobs: FileStore) -> None:
        self._engine = engine
        self._blobs = blobs
        self._access_audit = AccessAudit(engine)
        self._account_events = AccountEvents(engine)
        self._idempotency = IdempotencyKeys(engine)
        self._counted = CountedQuestions(engine)
        self._sheets = TrainingSheets(engine)

    async def sweep(self, days: Mapping[str, int], now: int) -> int:
        """Forget conversations that ended more than `days[library]` days before `now` (ms); 0 days = never. Returns how many.

        One with a follow-up ends with it. Practice goes after seven days at the latest."""
        done, fewest = 0, strictest(days)  # practice's own days are nobody else's
        days = {
            **days,
            **{practice_library(one): min(kept or PRACTICE_DAYS, PRACTICE_DAYS) for one, kept in days.items()},
        }
        for library, kept in days.items():
            if kept:
                whose, before = _c.library == library, now - kept * DAY_MS
                done += await self._forget_due(whose, before)
                await self._sweep_beside(before, _beside(tables.draft, whose), _beside(tables.set_aside, whose))
        if kept := fewest:
            before = now - kept * DAY_MS
            done += await self._forget_due(_of_nobody(days), before)
            await self._sweep_beside(before, _beside_nobody(tables.draft, days), _beside_nobody(tables.set_aside, days))
            await self._forget_strays(before)
        if done:
            log.info("forgotten", conversations=done)
        worded = await self._counted.forget(days, fewest, now)
        if await self._sheets.sweep(now) or worded:
            await pack(self._engine)
        await self._access_audit.sweep(now)
        await self._account_events.sweep(now)
        await self._idempotency.sweep(now)
        return done

    async def sweep_staff(self, messages: StaffMessages, days: Mapping[str, int], now: int) -> int:
        """Forget messages between colleagues that are older than their library's days; returns how many."""
        gone = await messages.sweep(days, strictest(days), now)
        if gone:
            await pack(self._engine)
        return gone

    async def _forget_due(self, whose: ColumnElement[bool], before: int) -> int:
        done = 0
        while due := await self._due(whose, before):
            await self.forget(due)
            done += len(due)
        return done

    async def _sweep_beside(self, before: int, drafts: ColumnElement[bool], aside: ColumnElement[bool]) -> None:
        """Forget those of these drafts and steps set aside that lie there since before `before`."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.draft).where(drafts, tables.draft.c.at < before))
            await forget_aside(sql, and_(aside, tables.set_aside.c.at < before))

    async def _forget_strays(self, before: int) -> None:
        """Forget lines of no conversation."""
        while stray := await self._stray(before):
            await self.forget(stray)

    async def _due(self, whose: ColumnElement[bool], before: int) -> list[str]:
        under_way = exists().where(_f.conversation == _c.id, or_(_f.state != "closed", _f.changed_at >= before))
        query = select(_c.id).where(
            whose, _c.state == "closed", _c.closed_at < before, _c.forgotten_at.is_(None), ~under_way
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
        """Forget these conversations now, with their files."""
        async with self._engine.begin() as sql:
            gone = await blank(sql, conversations)
        for digest in gone:
            await self._blobs.remove(digest, before=(now_ms() - UNSENT_MS) / 1000)
        await pack(self._engine)

    async def forget_at_once(self, conversations: Sequence[str]) -> None:
        """Forget these conversations as their patrons asked, with files that came within the day."""
        async with self._engine.begin() as sql:
            gone = await blank(sql, conversations)
        await self.remove(sorted(gone), now_ms())

    async def remove(self, files: Sequence[str], erased_at: int) -> None:
        """Remove files at once that nothing shows any more, and leave nothing of deleted rows in the database's own files.

        A file stays for the sweep if it was taken in since `erased_at` (ms), or within the day and not for the first time.
        Somebody else may be about to send the same.
        """
        async with self._engine.connect() as sql:
            gone = [digest for digest in files if not await still_shown(sql, digest)]
        for digest in gone:
            again_before = (now_ms() - UNSENT_MS) / 1000
            await self._blobs.remove(digest, before=erased_at / 1000, again_before=again_before)
        await pack(self._engine)

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
            query = select(tables.line).where(_l.n > last, WITH_FILES).order_by(_l.n).limit(PORTION)
            async with self._engine.connect() as sql:
                rows = (await sql.execute(query)).all()
            if not rows:
                return
            last = rows[-1].n
            yield digests(rows)
