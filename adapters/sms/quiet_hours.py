"""Quiet hours: when texts by themselves wake nobody. `21:00-08:00` is read in the desk's time zone and may pass midnight.

The rule: a patron who asked within the last hour still waits for the answer, and gets it; everything else waits for the morning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

AWAKE_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day, in `zone`."""

    begin: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str) -> QuietHours | None:
        """Read `hh:mm-hh:mm`; None for "". Raises ValueError."""
        if not text:
            return None
        begin, dash, end = text.replace("–", "-").partition("-")
        if not dash:
            raise ValueError("quiet must be like 21:00-08:00")
        try:
            hours = time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
        except ValueError:
            raise ValueError("quiet must be like 21:00-08:00") from None
        try:
            return cls(*hours, ZoneInfo(zone or "UTC"))
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no time zone {zone!r}") from None

    def left(self, now: float) -> float:
        """Return the seconds until texts may go out, 0.0 when they may now (`now` in s since the epoch)."""
        here = datetime.fromtimestamp(now, self.zone)
        at = here.time().replace(tzinfo=None)
        over = self.begin > self.end
        inside = (at >= self.begin or at < self.end) if over else self.begin <= at < self.end
        if not inside:
            return 0.0
        day = here.date() + timedelta(days=1 if over and at >= self.begin else 0)
        return datetime.combine(day, self.end, self.zone).timestamp() - now
