"""The hours of a library's desk: the next seven days in words, and as a calendar that other programs read.

Times are those of the library's zone. What crosses midnight belongs to the day on which it begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from icalendar import Calendar, Event

Openings = Sequence[tuple[int, int]]  # [start, end) in ms, sorted
DAYS = 7
NAME = "-//Deskbridge//desk hours//EN"


class DayHours(NamedTuple):
    """One day: its weekday, its date ("1 December"), when the desk is open ("9:00-17:00"), and the same for machines."""

    day: date
    weekday: str
    date: str
    spans: tuple[str, ...]
    moments: tuple[tuple[datetime, datetime], ...]


def week(openings: Openings, timezone: str, now: int, locale: Locale) -> list[DayHours]:
    """Return today and the six days after it; `openings` are [start, end) in ms, sorted, `now` is in ms."""
    zone = ZoneInfo(timezone)
    today = _local(now, zone).date()
    by_day: dict[date, list[tuple[datetime, datetime]]] = {}
    last = today + timedelta(days=DAYS)
    for start, end in openings:
        first = _local(start, zone)
        if first.date() >= last:
            break
        by_day.setdefault(first.date(), []).append((first, _local(end, zone)))
    return [_day(today + timedelta(days=n), by_day, locale) for n in range(DAYS)]


def _day(day: date, by_day: dict[date, list[tuple[datetime, datetime]]], locale: Locale) -> DayHours:
    moments = by_day.get(day, [])
    words = tuple(f"{_time(start, locale)}\N{EN DASH}{_time(end, locale)}" for start, end in moments)
    return DayHours(day, _weekday(day, locale), _date(day, locale), words, tuple(moments))


def _local(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment / 1000, zone)


def _weekday(day: date, locale: Locale) -> str:
    return str(format_date(day, "EEEE", locale=locale))


def _date(day: date, locale: Locale) -> str:
    return str(format_skeleton("MMMMd", datetime(day.year, day.month, day.day), locale=locale))


def _time(moment: datetime, locale: Locale) -> str:
    return str(format_time(moment.time(), "short", locale=locale))


def moment_in_words(moment: int, timezone: str, now: int, locale: Locale) -> str:
    """Return a moment (ms) for people: the time alone today, else with its weekday, and with the date after a week."""
    zone = ZoneInfo(timezone)
    at, today = _local(moment, zone), _local(now, zone).date()
    time = _time(at, locale)
    if at.date() == today:
        return time
    weekday = _weekday(at.date(), locale)
    return (
        f"{weekday} {time}"
        if at.date() - today < timedelta(days=DAYS)
        else f"{weekday}, {_date(at.date(), locale)}, {time}"
    )


def zone_name(timezone: str, locale: Locale) -> str:
    """Return the place whose time it is: "London"."""
    return str(get_timezone_location(timezone, locale=locale, return_city=True))


def calendar(openings: Openings, library: str, name: str, timezone: str, now: int) -> bytes:
    """Return the hours as iCalendar (RFC 5545): an event for each opening that has not ended."""
    found = Calendar()
    found.add("prodid", NAME)
    found.add("version", "2.0")
    found.add("x-wr-calname", name)
    for event in _events(openings, library, name, ZoneInfo(timezone), now):
        found.add_component(event)
    return bytes(found.to_ical())


def _events(openings: Openings, library: str, name: str, zone: ZoneInfo, now: int) -> Iterator[Event]:
    for start, end in openings:
        if end <= now:
            continue
        event = Event()
        event.add("uid", f"{start}@{library}.desk-hours")
        event.add("summary", name)
        event.add("dtstart", _local(start, zone))
        event.add("dtend", _local(end, zone))
        event.add("dtstamp", datetime.fromtimestamp(now / 1000, ZoneInfo("UTC")))
        event.add("transp", "TRANSPARENT")
        yield event
