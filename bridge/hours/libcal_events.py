"""Hours as Springshare's LibCal gives them (JSON) -> events.

Two shapes are read: API 1.1 `GET /1.1/hours/{lid}`, a list of locations with `dates`, and the public widget, `locations` with
`weeks`. Both may come as a call of a function (JSONP). Times are words like "8am" or "12:30pm" by the library's clock.

A day that LibCal does not know (`not-set`), or describes in words only (`text`), is left to the hours by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec

from bridge.sql.people.calendar_events import CalendarEvent

_CALL = re.compile(rb"^[\w.$\s?]*\(\s*(?=[\[{])(.*)\)\s*;?\s*$", re.DOTALL)
_TIME = re.compile(r"^\s*(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?m\.?\s*$|^\s*(\d{1,2}):(\d{2})\s*$", re.IGNORECASE)
CLOSED = "Closed"


def read(body: bytes, first: date, last: date) -> Iterator[CalendarEvent]:
    """Yield the events from `first` up to `last`, without that day. Raises ValueError for what is no answer of LibCal's."""
    call = _CALL.match(body)
    found = msgspec.json.decode(call[1] if call is not None else body)
    locations = found.get("locations") if isinstance(found, dict) else found
    if not isinstance(locations, list) or not all(isinstance(one, dict) for one in locations):
        raise ValueError("not an answer of LibCal's")
    days = [(str(one.get("name", ""))[:200], *day) for one in locations for day in _days(one)]
    if not days:
        raise ValueError("no days in it")
    for name, day, times in days:
        if first <= day < last:
            yield from _events(name, day, times)


def _days(location: dict[str, Any]) -> Iterator[tuple[date, dict[str, Any]]]:
    """Yield the days of a location, in whichever shape, with their times."""
    dates = location.get("dates")
    if isinstance(dates, dict):
        yield from ((date.fromisoformat(day), times) for day, times in dates.items() if isinstance(times, dict))
    weeks = location.get("weeks")
    for week in weeks if isinstance(weeks, list) else ():
        for day in week.values() if isinstance(week, dict) else ():
            if isinstance(day, dict) and isinstance(day.get("date"), str) and isinstance(day.get("times"), dict):
                yield date.fromisoformat(day["date"]), day["times"]


def _events(name: str, day: date, times: dict[str, Any]) -> Iterator[CalendarEvent]:
    status, after = times.get("status"), day + timedelta(days=1)
    if status == "closed":
        yield CalendarEvent(f"{name}: {CLOSED}", day.isoformat(), after.isoformat())
    elif status == "24hours":
        yield CalendarEvent(name, f"{day}T00:00", f"{after}T00:00")
    elif status == "open":
        spans = times.get("hours")
        for span in spans if isinstance(spans, list) else ():
            start, end = _minutes(span.get("from")), _minutes(span.get("to"))
            yield CalendarEvent(name, _moment(day, start), _moment(day if end > start else after, end))


def _minutes(text: object) -> int:
    """Return the minutes after midnight that "8am", "12:30pm" or "20:15" mean. Raises ValueError."""
    found = _TIME.match(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("not a time like 8am")
    if found[4] is not None:
        hour, minute = int(found[4]), int(found[5])
    else:
        hour, minute = int(found[1]) % 12 + (12 if found[3] in "pP" else 0), int(found[2] or 0)
        hour = 24 if not 1 <= int(found[1]) <= 12 else hour
    if hour > 23 or minute > 59:
        raise ValueError("not a time like 8am")
    return hour * 60 + minute


def _moment(day: date, minutes: int) -> str:
    return f"{day}T{minutes // 60:02d}:{minutes % 60:02d}"
