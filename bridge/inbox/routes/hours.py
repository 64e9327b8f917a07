"""Hours before they are saved: what the next two weeks would be like."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.contract.adapter import TooLarge
from bridge.hours.fetching import MOST_BYTES
from bridge.hours.problems import CalendarProblem
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal
from bridge.inbox.http.route import Call, Route
from bridge.inbox.views.faults import refusal
from bridge.sql.people.calendar import Calendar, Day, OpeningHours, days, faults
from bridge.sql.people.calendar_events import CalendarEvent, Span, closed_words
from bridge.sql.people.hours_calendars import KeptCalendar

SHOWN_DAYS = 14
MOST_TITLES = 50


async def preview_hours(call: Call) -> schema.HoursPreview:
    """The next two weeks under hours that are not saved yet."""
    asked: schema.HoursAsked = call.body
    if found := faults(_alone(asked.hours), asked.timezone):
        raise refusal("faulty", found)
    kept, events = await call.services.hours.preview(asked.hours.url) if asked.hours.url else (None, None)
    told = days(asked.hours, asked.timezone, time.time_ns() // 1_000_000, events, closed_words(asked.language))
    zone = ZoneInfo(asked.timezone)
    return schema.HoursPreview(
        days=[_view(day, zone) for day in told[1 : SHOWN_DAYS + 1]],  # the first is yesterday
        calendar=_calendar(kept, events or ()) if kept is not None else None,
    )


def _calendar(kept: KeptCalendar, events: Sequence[CalendarEvent]) -> schema.CalendarRead:
    titles = sorted({event.title for event in events if event.title})[:MOST_TITLES]
    return schema.CalendarRead(problem=kept.problem, read_at=kept.read_at, events=len(events), titles=titles)


async def upload_hours(call: Call) -> schema.UploadedHours:
    """Take in a calendar as a file; hours that are saved then name it by its address."""
    if (call.request.content_length or 0) > MOST_BYTES:
        raise TooLarge(MOST_BYTES)
    body = bytearray()
    async for chunk in call.request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge(MOST_BYTES)
    try:
        return schema.UploadedHours(url=await call.services.hours.upload(bytes(body)))
    except CalendarProblem as problem:
        raise Refusal(422, problem.why, "The file cannot be read as a calendar.") from None


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
    Route(
        "POST",
        "/organisation/{id}/hours/file",
        "Hand in a calendar as a file",
        upload_hours,
        access="coordinator",
        scope="library",
        asks=bytes,
        gives=schema.UploadedHours,
    ),
)
