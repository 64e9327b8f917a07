"""Hours before they are saved: what the next two weeks would be like."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.inbox import schema
from bridge.inbox.http.route import Call, Route
from bridge.inbox.views.faults import refusal
from bridge.sql.people.calendar import Calendar, Day, OpeningHours, days, faults
from bridge.sql.people.calendar_events import Span, closed_words

SHOWN_DAYS = 14


async def preview_hours(call: Call) -> schema.HoursPreview:
    """The next two weeks under hours that are not saved yet."""
    asked: schema.HoursAsked = call.body
    if found := faults(_alone(asked.hours), asked.timezone):
        raise refusal("faulty", found)
    told = days(asked.hours, asked.timezone, time.time_ns() // 1_000_000, None, closed_words(asked.language))
    zone = ZoneInfo(asked.timezone)
    return schema.HoursPreview(days=[_view(day, zone) for day in told[1 : SHOWN_DAYS + 1]])  # the first is yesterday


def _alone(hours: OpeningHours) -> Calendar:
    return Calendar(weekly=hours.weekly, dates=hours.dates, url=hours.url, only=hours.only)


def _view(day: Day, zone: ZoneInfo) -> schema.DayView:
    spans = [_words(span, zone) for span in sorted(day.spans)]
    return schema.DayView(day=day.day.isoformat(), spans=spans, source=day.source)


def _words(span: Span, zone: ZoneInfo) -> str:
    start, end = (datetime.fromtimestamp(ms / 1000, zone) for ms in span)
    ends = f"{end:%H:%M}" if (end.hour, end.minute) != (0, 0) else "24:00"
    return f"{start:%H:%M}-{ends}"


ROUTES = (
    Route(
        "POST",
        "/organisation/{id}/hours",
        "What hours would be in the next two weeks",
        preview_hours,
        access="coordinator",
        scope="library",
        asks=schema.HoursAsked,
        gives=schema.HoursPreview,
        keyed=True,
        also={422: schema.LibraryFaults},
    ),
)
