"""Opening hours as people write them, and as the core needs them.

A library opens by local time, with daylight saving and holidays; the core knows only intervals in ms. So hours are worked out
here for some weeks ahead and handed over with the library, again every day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bridge.sql.people.field_fault import FieldFault

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKS_AHEAD = 8

_SPAN = re.compile(r"^\s*([01]?\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)\s*$")


class Calendar(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`weekly`: weekday -> spans like "09:00-18:00"; `dates`: "2026-12-25" -> spans ([] = closed). No `weekly` = always open,
    but on those dates."""

    weekly: dict[str, list[str]] = {}
    dates: dict[str, list[str]] = {}


def faults(calendar: Calendar, timezone: str) -> list[FieldFault]:
    """Return what is wrong with it; [] when nothing is."""
    found = [
        FieldFault(f"hours.weekly.{day}", f"{day!r} is no weekday") for day in calendar.weekly if day not in WEEKDAYS
    ]
    for where, spans in _days(calendar):
        found += [
            FieldFault(f"{where}[{n}]", f"{span!r} is not a span like 09:00-18:00")
            for n, span in enumerate(spans, 1)
            if _parse(span) is None
        ]
    for day in calendar.dates:
        try:
            date.fromisoformat(day)
        except ValueError:
            found.append(FieldFault(f"hours.dates.{day}", f"{day!r} is not a date like 2026-12-25"))
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name too long for a file
        found.append(FieldFault("timezone", f"there is no time zone {timezone!r}"))
    return found


def overlaps(calendar: Calendar) -> list[FieldFault]:
    """Return the spans that begin before an earlier one of the same day has ended.

    Apart from `faults`, since hours that an earlier release took are worked out all the same: such spans count as one.
    """
    found: list[FieldFault] = []
    for where, spans in _days(calendar):
        parsed = sorted((times, n) for n, span in enumerate(spans, 1) if (times := _parse(span)) is not None)
        for (earlier, _), (later, n) in pairwise(parsed):
            if later[0] < earlier[1]:
                found.append(FieldFault(f"{where}[{n}]", f"{spans[n - 1]} overlaps other hours of the day"))
    return found


def _days(calendar: Calendar) -> Iterator[tuple[str, list[str]]]:
    """Yield each day that has hours of its own, as a field."""
    yield from ((f"hours.weekly.{day}", spans) for day, spans in calendar.weekly.items())
    yield from ((f"hours.dates.{day}", spans) for day, spans in calendar.dates.items())


def _parse(span: str) -> tuple[int, int] | None:
    """Return minutes from midnight; an end before the start lies on the next day."""
    match = _SPAN.match(span)
    if match is None:
        return None
    start_h, start_m, end_h, end_m = map(int, match.groups())
    start, end = start_h * 60 + start_m, end_h * 60 + end_m
    if start >= 1440 or end > 1440 or start == end:
        return None
    return start, end if end > start else end + 1440


def openings(calendar: Calendar, timezone: str, now: int) -> tuple[tuple[int, int], ...] | None:
    """Return [start, end) in ms from yesterday on for `WEEKS_AHEAD` weeks, sorted and merged; None = always open."""
    if not calendar.weekly and not calendar.dates:
        return None
    zone = ZoneInfo(timezone)
    first = datetime.fromtimestamp(now / 1000, zone).date() - timedelta(days=1)
    special = {
        date.fromisoformat(day): spans for day, spans in calendar.dates.items()
    }  # ISO 8601 spells a day in several ways
    days = (first + timedelta(days=n) for n in range(7 * WEEKS_AHEAD))
    found = [span for day in days for span in _of_day(special.get(day, _usual(calendar, day)), day, zone)]
    return _merged(sorted(found))


def in_words(spans: Iterable[tuple[int, int]], timezone: str, days: Mapping[str, str]) -> tuple[str, ...]:
    """Return when each span begins, for people: "Monday 9:00". `days` may hold the weekdays' names in another language."""
    zone = ZoneInfo(timezone)
    found = (datetime.fromtimestamp(start / 1000, zone) for start, _ in spans)
    return tuple(f"{_day(moment.weekday(), days)} {moment.hour}:{moment.minute:02d}" for moment in found)


def zone_in_words(timezone: str, wording: Mapping[str, str]) -> str:
    """Return how people name a time zone: "London time" for Europe/London, the name itself where it names no place."""
    area, slash, place = timezone.rpartition("/")
    if not slash or area == "Etc":
        return timezone
    return wording.get("zone", "{place} time").replace("{place}", place.replace("_", " "))


def _day(weekday: int, days: Mapping[str, str]) -> str:
    name = WEEKDAYS[weekday]
    return days.get(f"day.{name}", name.title())


def _usual(calendar: Calendar, day: date) -> list[str]:
    if not calendar.weekly:
        return ["00:00-24:00"]
    return calendar.weekly.get(WEEKDAYS[day.weekday()], [])


def _of_day(spans: list[str], day: date, zone: ZoneInfo) -> list[tuple[int, int]]:
    parsed = filter(None, map(_parse, spans))
    return [(_ms(day, start, zone), _ms(day, end, zone)) for start, end in parsed]


def _ms(day: date, minutes: int, zone: ZoneInfo) -> int:
    days, rest = divmod(minutes, 1440)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return int(local.timestamp() * 1000)


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
