"""Opening hours as people write them, and as the core needs them.

A library opens by local time, with daylight saving and holidays; the core knows only intervals in ms. So hours are worked out
here for some weeks ahead and handed over with the library, again every day.

The hours of a day come from the first of these that speaks of that day:

    1. a date by hand
    2. the calendar at `url` (bridge/sql/people/calendar_events.py says what its events mean)
    3. the week by hand; where there is none, the day is closed once the calendar was read

Until a calendar was read for the first time, it's as if there were none. A library without any hours is always open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bridge.sql.people.calendar_events import CalendarEvent, Meaning, Span, local_ms, meaning, without
from bridge.sql.people.field_fault import FieldFault

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_AHEAD = 60
UPLOADED = "file:"  # begins the `url` of a calendar that was handed in as a file

_SPAN = re.compile(r"^\s*([01]?\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)\s*$")
_LONGEST_URL, _LONGEST_WORD = 2000, 100

Source = Literal["date", "calendar", "week", "always"]


class OpeningHours(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a library or a queue is open.

    `weekly`: weekday -> spans like "09:00-18:00"; `dates`: "2026-12-25" -> spans ([] = closed). `url`: the address of a calendar,
    or `file:` and the id of an uploaded one; `only`: take only its events whose title has this word.
    """

    weekly: dict[str, list[str]] = {}
    dates: dict[str, list[str]] = {}
    url: str = ""
    only: str = ""

    @property
    def given(self) -> bool:
        """Whether anything is said about hours at all."""
        return bool(self.weekly or self.dates or self.url)


class Calendar(OpeningHours, frozen=True, kw_only=True, omit_defaults=True):
    """A library's hours, and those of queues that have their own (`library/name` -> hours). Others keep the library's."""

    queues: dict[str, OpeningHours] = {}

    def addresses(self) -> set[str]:
        """Return the addresses of all calendars that it names."""
        return {hours.url for hours in (self, *self.queues.values()) if hours.url}


class Day(msgspec.Struct, frozen=True):
    """One day's openings, by where they come from."""

    day: date
    spans: list[Span]
    source: Source


def faults(calendar: Calendar, timezone: str) -> list[FieldFault]:
    """Return what is wrong with it; [] when nothing is."""
    found = [fault for where, hours in _parts(calendar) for fault in _faults(hours, where)]
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name too long for a file
        found.append(FieldFault("timezone", f"there is no time zone {timezone!r}"))
    return found


def _parts(calendar: Calendar) -> Iterator[tuple[str, OpeningHours]]:
    """Yield the library's hours and those of queues, each with its field."""
    yield "hours", calendar
    yield from ((f"hours.queues.{queue}", hours) for queue, hours in calendar.queues.items())


def _faults(hours: OpeningHours, where: str) -> Iterator[FieldFault]:
    for day in hours.weekly:
        if day not in WEEKDAYS:
            yield FieldFault(f"{where}.weekly.{day}", f"{day!r} is no weekday")
    for field, spans in _days(hours, where):
        for n, span in enumerate(spans, 1):
            if _parse(span) is None:
                yield FieldFault(f"{field}[{n}]", f"{span!r} is not a span like 09:00-18:00")
    for day in hours.dates:
        try:
            date.fromisoformat(day)
        except ValueError:
            yield FieldFault(f"{where}.dates.{day}", f"{day!r} is not a date like 2026-12-25")
    if hours.url and not _is_address(hours.url):
        yield FieldFault(f"{where}.url", "an address like https://calendar.example.org/hours.ics is needed")
    if len(hours.only) > _LONGEST_WORD:
        yield FieldFault(f"{where}.only", f"it is longer than {_LONGEST_WORD} characters")


def overlaps(calendar: Calendar) -> list[FieldFault]:
    """Return the spans that begin before an earlier one of the same day has ended.

    Apart from `faults`, since hours that an earlier release took are worked out all the same: such spans count as one.
    """
    found: list[FieldFault] = []
    for field, spans in (day for where, hours in _parts(calendar) for day in _days(hours, where)):
        parsed = sorted((times, n) for n, span in enumerate(spans, 1) if (times := _parse(span)) is not None)
        for (earlier, _), (later, n) in pairwise(parsed):
            if later[0] < earlier[1]:
                found.append(FieldFault(f"{field}[{n}]", f"{spans[n - 1]} overlaps other hours of the day"))
    return found


def _days(hours: OpeningHours, where: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each day that has hours of its own, as a field."""
    yield from ((f"{where}.weekly.{day}", spans) for day, spans in hours.weekly.items())
    yield from ((f"{where}.dates.{day}", spans) for day, spans in hours.dates.items())


def _is_address(url: str) -> bool:
    """Whether it is a web address without a password in it, or that of a file."""
    if len(url) > _LONGEST_URL or not url.isprintable() or " " in url:
        return False
    if url.startswith(UPLOADED):
        return url.removeprefix(UPLOADED).isalnum()
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:  # half an IPv6 address, a port that is no number
        return False


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


def openings(
    hours: OpeningHours,
    timezone: str,
    now: int,
    events: Sequence[CalendarEvent] | None = None,
    closed: Iterable[str] = (),
) -> tuple[Span, ...] | None:
    """Return [start, end) in ms from yesterday on for `DAYS_AHEAD` days, sorted and merged; None = always open.

    `events` is what the calendar at `hours.url` holds, None when it was never read; `closed` are more words for closed.
    """
    if not hours.weekly and not hours.dates and (not hours.url or events is None):
        return None
    return _merged(sorted(span for each in days(hours, timezone, now, events, closed) for span in each.spans))


def days(
    hours: OpeningHours,
    timezone: str,
    now: int,
    events: Sequence[CalendarEvent] | None = None,
    closed: Iterable[str] = (),
) -> list[Day]:
    """Return each day from yesterday on with its openings and where they come from; parameters as for `openings`."""
    zone = ZoneInfo(timezone)
    first = datetime.fromtimestamp(now / 1000, zone).date() - timedelta(days=1)
    read = events is not None and bool(hours.url)
    said = meaning(events or (), zone, hours.only, closed) if read else Meaning()
    special = {
        date.fromisoformat(day): spans for day, spans in hours.dates.items()
    }  # ISO 8601 spells a day in several ways
    found = []
    for n in range(DAYS_AHEAD + 2):
        day = first + timedelta(days=n)
        if day in special:
            found.append(Day(day, _of_day(special[day], day, zone), "date"))
        elif day in said.days:
            found.append(Day(day, without(said.days[day], said.cuts), "calendar"))
        elif hours.weekly:
            usual = _of_day(hours.weekly.get(WEEKDAYS[day.weekday()], []), day, zone)
            found.append(Day(day, without(usual, said.cuts), "week"))
        elif read:
            found.append(Day(day, [], "calendar"))
        else:
            found.append(Day(day, _of_day(["00:00-24:00"], day, zone), "always"))
    return found


def in_words(spans: Iterable[Span], timezone: str, days: Mapping[str, str]) -> tuple[str, ...]:
    """Return when each span begins, for people: "Monday 9:00". `days` may hold the weekdays' names in another language."""
    zone = ZoneInfo(timezone)
    found = (datetime.fromtimestamp(start / 1000, zone) for start, _ in spans)
    return tuple(f"{_day(moment.weekday(), days)} {moment.hour}:{moment.minute:02d}" for moment in found)


def moment_in_words(at: int, timezone: str, wording: Mapping[str, str]) -> str:
    """Return a moment (ms) for people, with its time zone: "Monday 9:00 (London time)"."""
    (found,) = in_words([(at, at)], timezone, wording)
    return f"{found} ({zone_in_words(timezone, wording)})"


def zone_in_words(timezone: str, wording: Mapping[str, str]) -> str:
    """Return how people name a time zone: "London time" for Europe/London, the name itself where it names no place."""
    area, slash, place = timezone.rpartition("/")
    if not slash or area == "Etc":
        return timezone
    return wording.get("zone", "{place} time").replace("{place}", place.replace("_", " "))


def _day(weekday: int, days: Mapping[str, str]) -> str:
    name = WEEKDAYS[weekday]
    return days.get(f"day.{name}", name.title())


def _of_day(spans: list[str], day: date, zone: ZoneInfo) -> list[Span]:
    """Return a day's spans in ms; one that lies whole in the hour that the clocks skip is none."""
    parsed = filter(None, map(_parse, spans))
    found = ((local_ms(day, start, zone), local_ms(day, end, zone)) for start, end in parsed)
    return [(start, end) for start, end in found if start < end]


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
