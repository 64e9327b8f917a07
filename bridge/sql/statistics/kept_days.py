"""Days that were counted are kept, and counted again only when something of them has changed.

The database notes in `report_change` the moments of which something that is counted has changed, whoever wrote it. A kept day holds
while none of its moments is noted. Who counts a day notes first what is noted of it, and keeps the day only in place of the
one that was there before, together with dropping those notes. So of two who count at once, the later can't keep what is older.

A day is kept once it is over. The days of another time zone, or of other `RULES`, are counted again.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import ignoring
from bridge.sql.statistics.day_counts import DayCounts, counted, portions
from bridge.sql.statistics.period import LocalClock, Period
from bridge.sql.statistics.totals import Totals

RULES = 1  # raised when another release counts otherwise
AT_ONCE = 20  # days added up between two breaths
RUN_DAYS = 31  # counted in one go
MOST_NOTES = 500  # dropped in one statement

_d = tables.report_day.c
_n = tables.report_change.c

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(DayCounts).decode


class KeptDays:
    """The days of all libraries."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(sqlite_write=True)

    async def total(self, library: str, period: Period) -> Totals:
        """Add up the days of a period, after those were counted that are not kept."""
        totals = Totals()
        async for day, counts in self.days(library, period):
            totals.add(day, counts)
        return totals

    async def days(self, library: str, period: Period) -> AsyncIterator[tuple[date, DayCounts]]:
        """Yield the days of which something is counted, in no order."""
        stale = await self._stale(library, period)
        fresh = await self._count(library, period, stale)
        for found in fresh.items():
            yield found
        query = select(_d.day, _d.data).where(
            _d.library == library,
            _d.day.between(str(period.first), str(period.last)),
            _d.timezone == period.timezone,
            _d.rules == RULES,
            _d.data != b"",
        )
        async with self._engine.connect() as sql:
            async for portion in portions(sql, query, AT_ONCE):
                for row in portion:
                    day = date.fromisoformat(row.day)
                    if day not in stale:
                        yield day, _decode(row.data)

    async def keep(self, library: str, period: Period) -> int:
        """Count and keep the days of a period that are over and are not kept; return how many there were."""
        stale = await self._stale(library, period)
        await self._count(library, period, stale)
        return len(stale)

    async def noted(self) -> dict[str, int]:
        """Return the libraries of which changes are noted, with the earliest moment (ms)."""
        query = select(_n.library, func.min(_n.at)).group_by(_n.library)
        async with self._engine.connect() as sql:
            return {library: int(at) for library, at in (await sql.execute(query)).all()}

    async def earliest(self, library: str) -> int | None:
        """Return the moment (ms) of the first thing that is counted of a library; None where there is none."""
        conversation, question = tables.conversation.c, tables.counted_question.c
        async with self._engine.connect() as sql:
            found = [
                await sql.scalar(select(func.min(conversation.opened_at)).where(conversation.library == library)),
                await sql.scalar(select(func.min(question.at_ms)).where(question.library == library)),
            ]
        return min((at for at in found if at is not None), default=None)

    async def _stale(self, library: str, period: Period) -> dict[date, _Seen]:
        """Return the days that are to be counted, with what was known of them before."""
        seen = {day: _Seen() for day in period.dates()}
        begin, end = period.span
        clock = LocalClock(period.timezone)
        async with self._engine.connect() as sql:
            noted = select(_n.n, _n.at).where(_n.library == library, _n.at >= begin, _n.at < end)
            async for portion in portions(sql, noted):
                for row in portion:
                    seen[clock(row.at)[0]].notes.append(row.n)
            known = select(_d.day, _d.token, _d.timezone, _d.rules).where(
                _d.library == library, _d.day.between(str(period.first), str(period.last))
            )
            for day, token, timezone, rules in (await sql.execute(known)).all():
                one = seen[date.fromisoformat(day)]
                one.token, one.holds = token, timezone == period.timezone and rules == RULES
        return {day: one for day, one in seen.items() if one.notes or not one.holds}

    async def _count(self, library: str, period: Period, stale: Mapping[date, _Seen]) -> dict[date, DayCounts]:
        """Count days, and keep those that are over."""
        found: dict[date, DayCounts] = {}
        today = datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(period.timezone)).date()
        for first, last in _runs(sorted(stale)):
            async with self._engine.connect() as sql:
                run = await counted(sql, library, period.part(first, last))
            found |= run
            over = {day: seen for day, seen in stale.items() if first <= day <= last and day < today}
            if over:
                await self._keep(library, period.timezone, over, run)
        return found

    async def _keep(
        self, library: str, timezone: str, days: Mapping[date, _Seen], counts: Mapping[date, DayCounts]
    ) -> None:
        token = secrets.token_hex(8)
        async with self._writing.begin() as sql:
            done: list[int] = []
            for day, seen in days.items():
                data = _encode(counts[day]) if day in counts else b""
                row = {"timezone": timezone, "rules": RULES, "token": token, "data": data}
                if await _replaced(sql, library, day, seen.token, row):
                    done += seen.notes
            for begin in range(0, len(done), MOST_NOTES):
                await sql.execute(delete(tables.report_change).where(_n.n.in_(done[begin : begin + MOST_NOTES])))


class _Seen(msgspec.Struct):
    """What was known of a day before it was counted: the notes, and the token of who counted it before ("" = nobody)."""

    notes: list[int] = []
    token: str = ""
    holds: bool = False


async def _replaced(sql: AsyncConnection, library: str, day: date, before: str, row: dict[str, object]) -> bool:
    """Keep a day in place of the one that was there before; False where another one is there now."""
    if not before:
        table = ignoring(sql.dialect.name, tables.report_day)
        done = await sql.execute(table, {"library": library, "day": str(day), **row})
    else:
        mine = (_d.library == library, _d.day == str(day), _d.token == before)
        done = await sql.execute(update(tables.report_day).where(*mine).values(**row))
    return bool(done.rowcount)


def _runs(days: list[date]) -> list[tuple[date, date]]:
    """Return days as spans without gaps, each of `RUN_DAYS` at most."""
    groups: defaultdict[int, list[date]] = defaultdict(list)
    group = 0
    for before, day in pairwise([None, *days]):
        if before is None or day is None or day - before > timedelta(days=1) or len(groups[group]) == RUN_DAYS:
            group += 1
        if day is not None:
            groups[group].append(day)
    return [(found[0], found[-1]) for found in groups.values() if found]
