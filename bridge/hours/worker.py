"""Looking at each calendar once an hour, in one process of those that serve a consortium.

Whoever claims a calendar that is due looks at it; the claim is one conditional write in SQL. A process that dies while it looks
delays that calendar by two minutes. When hours turn out others than the core knows, it's told.

A look that fails changes no hours. After a day of failing, or when a calendar was never read, the library's coordinators are told.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta

import structlog
from yarl import URL

from bridge.hours.fetching import Fetched, fetch
from bridge.hours.problems import CalendarProblem
from bridge.hours.reading import events_of
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar import DAYS_AHEAD, UPLOADED
from bridge.sql.people.calendar_events import CalendarEvent
from bridge.sql.people.hours_calendars import HoursCalendars, KeptCalendar
from bridge.sql.people.organisation import OrganisationStore

LOOK_S = 15.0
EVERY_MS = 3_600_000
AGAIN_MS = 900_000  # after a look that failed
CLAIM_MS = 120_000
FRESH_MS = 60_000  # a preview asks no host again that answered so short a time ago
DAY_MS = 86_400_000
AT_ONCE = 4
SETTLE_S = 120.0  # how long after a change the core is watched until it has it

log = structlog.get_logger("bridge.hours.worker")

Tell = Callable[[], Awaitable[None]]  # tells the core of libraries whose hours are others now


class HoursWorker:
    """The calendars of one consortium, as this process looks at them. `allowed`: hosts that need not be public or encrypted."""

    def __init__(
        self, calendars: HoursCalendars, organisation: OrganisationStore, allowed: Collection[str] = ()
    ) -> None:
        self._calendars = calendars
        self._organisation = organisation
        self._allowed = allowed
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._named: dict[str, set[str]] = {}
        self._revisions: dict[str, int] = {}
        self._kept: dict[str, KeptCalendar] = {}
        self._changed_at = -SETTLE_S

    async def run(self, tell: Tell) -> None:
        """Look until cancelled."""
        while True:
            await self.look_at_due()
            if time.monotonic() - self._changed_at < SETTLE_S:
                await tell()
            await asyncio.sleep(LOOK_S)

    async def look_at_due(self) -> None:
        """Look at every calendar that is due and that no other process looks at; forget those that nobody names any more."""
        await self._learn_names()
        kept, now = await self._calendars.all(), now_ms()
        named = set[str]().union(*self._named.values())
        due = [url for url in named if url not in kept or kept[url].due_at <= now]
        await asyncio.gather(*(self._look_if_mine(url, kept.get(url)) for url in due))
        unused = [
            url for url, one in kept.items() if url not in named and max(one.read_at, one.added_at) < now - DAY_MS
        ]
        if unused:
            await self._calendars.remove(unused)
        self._kept = await self._calendars.all() if due or unused else kept

    async def _learn_names(self) -> None:
        revisions = await self._organisation.revisions()
        if revisions != self._revisions:
            entries = await self._organisation.entries()
            self._named = {entry.library.id: entry.calendar.addresses() for entry in entries}
            self._revisions = revisions

    def trouble(self, library: str) -> KeptCalendar | None:
        """Return a library's calendar that failed for a day, or ever since it was named; None when there is none."""
        for url in sorted(self._named.get(library, ())):
            one = self._kept.get(url)
            if one is not None and one.problem and (not one.read_at or one.failing_since < now_ms() - DAY_MS):
                return one
        return None

    async def preview(self, url: str) -> tuple[KeptCalendar, Sequence[CalendarEvent] | None]:
        """Return how a calendar is now, and its events; None when it was never read. It is asked unless it just was."""
        kept = (await self._calendars.all()).get(url)
        if kept is None or kept.read_at < now_ms() - FRESH_MS:
            await self._look(url, kept)
            kept = (await self._calendars.all())[url]
        return kept, await self._calendars.events(url)

    async def upload(self, body: bytes) -> str:
        """Keep a calendar that was handed in as a file; return the address by which hours name it. Raises CalendarProblem."""
        url = UPLOADED + secrets.token_hex(16)
        await self._read(url, Fetched(body))
        return url

    async def _look_if_mine(self, url: str, kept: KeptCalendar | None) -> None:
        if await self._calendars.claim(url, kept.due_at if kept is not None else 0, now_ms() + CLAIM_MS):
            await self._look(url, kept)

    async def _look(self, url: str, kept: KeptCalendar | None) -> None:
        """Look at one calendar, and keep what came of it."""
        async with self._at_once:
            try:
                await self._renew(url, kept or KeptCalendar(url=url))
            except CalendarProblem as problem:
                log.warning("calendar-not-read", host=_host(url), problem=str(problem))
                await self._calendars.fail(url, problem.why, now_ms() + AGAIN_MS)

    async def _renew(self, url: str, kept: KeptCalendar) -> None:
        body = await self._calendars.body(url) if kept.read_at else b""
        if url.startswith(UPLOADED):
            if not body:
                raise CalendarProblem("no-file")
            found = None
        else:
            etag, modified = (kept.etag, kept.modified) if body else ("", "")
            found = await fetch(url, etag=etag, modified=modified, allowed=self._allowed)
        same = found is None or found.body == body
        if same and kept.read_on == _first().isoformat():
            await self._calendars.same(url, now_ms() + EVERY_MS)
        else:  # another calendar, or other days ahead
            await self._read(url, found or Fetched(body, kept.etag, kept.modified))

    async def _read(self, url: str, found: Fetched) -> None:
        first = _first()
        events = await events_of(found.body, first, DAYS_AHEAD + 5)
        await self._calendars.keep(
            url,
            events,
            read_on=first.isoformat(),
            due_at=now_ms() + EVERY_MS,
            body=found.body,
            etag=found.etag,
            modified=found.modified,
        )
        self._changed_at = time.monotonic()


def _first() -> date:
    """Return the day before yesterday: in no time zone is today so early."""
    return datetime.now(UTC).date() - timedelta(days=2)


def _host(url: str) -> str:
    return "" if url.startswith(UPLOADED) else URL(url).host or ""
