"""iCalendar (RFC 5545) -> the events of some days, with repetitions, exceptions and moved instances worked out.

Times of other zones keep theirs. Times without a zone are the library's, or those of the calendar where it names one
(X-WR-TIMEZONE, as Google writes it). A series that cannot be read is left out, and the others are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import icalendar
import recurring_ical_events

from bridge.sql.people.calendar_events import CalendarEvent


def read(body: bytes, first: date, last: date) -> Iterator[CalendarEvent]:
    """Yield the events from `first` up to `last`, without that day. Raises ValueError for what is no calendar."""
    calendars = icalendar.Calendar.from_ical(body, multiple=True)
    if not calendars or any(one.name != "VCALENDAR" for one in calendars):
        raise ValueError("not a calendar")
    for calendar in calendars:
        for event in recurring_ical_events.of(calendar, skip_bad_series=True).between(first, last):
            if str(event.get("STATUS", "")).upper() != "CANCELLED":
                yield _event(event)


def _event(event: Any) -> CalendarEvent:
    return CalendarEvent(str(event.get("SUMMARY", ""))[:200], _iso(event.start), _iso(event.end))


def _iso(moment: date | datetime) -> str:
    return moment.isoformat(timespec="seconds") if isinstance(moment, datetime) else moment.isoformat()
