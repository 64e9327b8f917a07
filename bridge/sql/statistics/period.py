"""Days as a library's clock has them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

QUARTER_MS = 900_000  # every time zone's offset is a multiple of it


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """From the first day to the last, both whole, by a library's clock."""

    first: date
    last: date
    timezone: str

    @property
    def span(self) -> tuple[int, int]:
        """Beginning and end in ms, the end not part of it."""
        zone = ZoneInfo(self.timezone)
        ends = (self.first, self.last + timedelta(days=1))
        begin, end = (int(datetime.combine(day, time(), zone).timestamp() * 1000) for day in ends)
        return begin, end

    def dates(self) -> list[date]:
        """Every day of it."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def days(self) -> list[str]:
        """Every day of it, as text."""
        return [str(day) for day in self.dates()]

    def part(self, first: date, last: date) -> Period:
        """Return some days of it, or others by the same clock."""
        return Period(first=first, last=last, timezone=self.timezone)


class LocalClock:
    """Says which day and hour a moment is, for many moments."""

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._known: dict[int, tuple[date, int]] = {}

    def __call__(self, at: int) -> tuple[date, int]:
        """Return the day and the hour (0-23) of a moment in ms."""
        quarter = at // QUARTER_MS
        found = self._known.get(quarter)
        if found is None:
            local = datetime.fromtimestamp(quarter * QUARTER_MS / 1000, self._zone)
            found = self._known[quarter] = (local.date(), local.hour)
        return found
