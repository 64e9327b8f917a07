"""Calendars that libraries keep their hours in, in SQL: the last good reading of each, and how the last look went.

What was read well is kept until something else is read well. A look that fails changes no hours.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar_events import CalendarEvent
from bridge.sql.rows import dump, ignoring

_c = tables.hours_calendar.c
_events = msgspec.json.Decoder(list[CalendarEvent])


class KeptCalendar(msgspec.Struct, frozen=True, kw_only=True):
    """How a calendar is: times in ms, 0 = never. `problem` is why the last look failed, "" when it did not."""

    url: str
    etag: str = ""
    modified: str = ""
    read_on: str = ""
    read_at: int = 0
    failing_since: int = 0
    problem: str = ""
    due_at: int = 0
    added_at: int = 0


class HoursCalendars:
    """The calendars of one consortium."""

    def __init__(self, engine: AsyncEngine, consortium: str) -> None:
        self._engine = engine
        self._consortium = consortium

    async def all(self) -> dict[str, KeptCalendar]:
        """Return how each calendar is, by its address."""
        columns = [_c[name] for name in KeptCalendar.__struct_fields__]
        async with self._engine.connect() as sql:
            rows = (await sql.execute(select(*columns).where(_c.consortium == self._consortium))).all()
        return {row.url: KeptCalendar(**row._mapping) for row in rows}

    async def claim(self, url: str, due_at: int, until: int) -> bool:
        """Whether this process is to look now: one of several that found it due at `due_at`. Nobody else looks before `until`."""
        async with self._engine.begin() as sql:
            if not due_at:
                new = ignoring(sql.dialect.name, tables.hours_calendar).values(self._new(url, until))
                return (await sql.execute(new)).rowcount == 1
            mine = update(tables.hours_calendar).where(self._is(url), _c.due_at == due_at).values(due_at=until)
            return (await sql.execute(mine)).rowcount == 1

    async def keep(
        self,
        url: str,
        events: Sequence[CalendarEvent],
        *,
        read_on: str,
        due_at: int,
        body: bytes,
        etag: str,
        modified: str,
    ) -> None:
        """Keep what was read well: the bytes, and their events from the day `read_on` on."""
        values = {"events": dump(events), "read_on": read_on, "etag": etag, "modified": modified}
        await self._set(url, due_at, values | {"body": zlib.compress(body)} | _well())

    async def same(self, url: str, due_at: int) -> None:
        """Note that a look went well and found nothing new."""
        await self._set(url, due_at, _well())

    async def fail(self, url: str, problem: str, due_at: int) -> None:
        """Note that a look failed. The last good reading stays."""
        held = (await self.all()).get(url)
        since = held.failing_since if held is not None and held.failing_since else now_ms()
        await self._set(url, due_at, {"problem": problem, "failing_since": since})

    async def body(self, url: str) -> bytes:
        """Return the bytes that were read last, b"" when none were."""
        async with self._engine.connect() as sql:
            found = await sql.scalar(select(_c.body).where(self._is(url)))
        return zlib.decompress(found) if found else b""

    async def events(self, url: str) -> Sequence[CalendarEvent] | None:
        """Return the events that were read last, None when none ever were."""
        async with self._engine.connect() as sql:
            return (await read_calendars(sql, self._consortium, [url])).get(url)

    async def remove(self, urls: Collection[str]) -> None:
        """Forget calendars."""
        async with self._engine.begin() as sql:
            for url in urls:
                await sql.execute(delete(tables.hours_calendar).where(self._is(url)))

    async def _set(self, url: str, due_at: int, values: Mapping[str, object]) -> None:
        values = {**values, "due_at": due_at}
        async with self._engine.begin() as sql:
            if not (await sql.execute(update(tables.hours_calendar).where(self._is(url)).values(values))).rowcount:
                await sql.execute(insert(tables.hours_calendar).values({**self._new(url, due_at), **values}))

    def _is(self, url: str) -> ColumnElement[bool]:
        return (_c.consortium == self._consortium) & (_c.id == _id(url))

    def _new(self, url: str, due_at: int) -> dict[str, object]:
        return {
            "consortium": self._consortium, "id": _id(url), "url": url, "due_at": due_at, "added_at": now_ms(),
            "body": b"", "events": "[]", "etag": "", "modified": "", "read_on": "", "read_at": 0, "failing_since": 0, "problem": "",
        }  # fmt: skip


def _well() -> dict[str, object]:
    return {"read_at": now_ms(), "failing_since": 0, "problem": ""}


def _id(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


async def read_calendars(
    sql: AsyncConnection, consortium: str, urls: Collection[str]
) -> dict[str, Sequence[CalendarEvent]]:
    """Return the events of those of the calendars that were ever read."""
    if not urls:
        return {}
    where = (_c.consortium == consortium) & (_c.read_at > 0)
    if len(urls) < 100:  # databases bound the length of such a list
        where &= _c.id.in_([_id(url) for url in urls])
    rows = (await sql.execute(select(_c.url, _c.events).where(where))).all()
    return {row.url: _events.decode(row.events) for row in rows if row.url in urls}
