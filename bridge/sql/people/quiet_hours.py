"""Quiet hours: when nothing rings for a librarian, by the clock of a time zone of their own.

The desk keeps them, so that they hold on each device. A pushed notice obeys them as well.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.rows import replacing

CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class QuietTimes(msgspec.Struct, frozen=True, kw_only=True):
    """From `start` to `end`, each "HH:MM" in `timezone`; they may go over midnight."""

    on: bool = False
    start: str = "20:00"
    end: str = "08:00"
    timezone: str = "UTC"

    def cover(self, at: int) -> bool:
        """Say whether a time, in ms since the epoch, lies in them."""
        if not self.on or self.start == self.end:
            return False
        here = (_EPOCH + timedelta(milliseconds=at)).astimezone(ZoneInfo(self.timezone))
        now = f"{here:%H:%M}"
        return self.start <= now < self.end if self.start < self.end else not self.end <= now < self.start


def quiet_faults(times: QuietTimes) -> list[FieldFault]:
    """Return what is wrong with quiet hours, by field."""
    found = [
        FieldFault(name, "write hours and minutes, such as 22:00")
        for name in ("start", "end")
        if not CLOCK.fullmatch(getattr(times, name))
    ]
    if times.timezone not in _zones():
        found.append(FieldFault("timezone", f"there is no time zone {times.timezone[:60]!r}"))
    return found


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


class QuietHoursStore:
    """The quiet hours of all librarians."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, librarian: str) -> QuietTimes:
        """Return a librarian's quiet hours; none are on for a librarian who never chose any."""
        query = select(tables.quiet_hours).where(tables.quiet_hours.c.librarian == librarian)
        async with self._engine.connect() as sql:
            row = (await sql.execute(query)).one_or_none()
        return (
            QuietTimes() if row is None else QuietTimes(on=row.on, start=row.start, end=row.end, timezone=row.timezone)
        )

    async def keep(self, librarian: str, times: QuietTimes) -> None:
        """Keep a librarian's quiet hours, which have no faults."""
        row = {"librarian": librarian, **msgspec.structs.asdict(times)}
        async with self._engine.begin() as sql:
            await sql.execute(replacing(sql.dialect.name, tables.quiet_hours, ["librarian"], row))
