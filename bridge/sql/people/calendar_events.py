"""What the events of a library's calendar mean for its hours.

    an event with times            the library is open then
    a whole day                    closed on that day, whatever else its calendar says of it
    a title that says "closed"     closed: the whole day, or for the time of the event

A library may name a word ("Chat"). Then only events with that word in the title count, and whole days that say "closed".
An event belongs to the day on which it begins, also past midnight. One that lasts longer than a day is cut at midnights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

Span = tuple[int, int]  # [start, end) in ms

# Closed, in the languages of the desk's libraries: English counts everywhere, since calendars are often kept in it.
_CLOSED = {
    "en": ("closed", "closure", "no service"),
    "de": ("geschlossen", "schließtag", "schliesstag", "schließung", "schliessung"),
    "fr": ("fermé", "fermée", "fermeture"),
    "es": ("cerrado", "cerrada", "cierre"),
    "it": ("chiuso", "chiusa", "chiusura"),
    "nl": ("gesloten", "sluiting"),
    "pt": ("fechado", "fechada", "encerrado", "encerrada"),
    "sv": ("stängt", "stängd"),
    "da": ("lukket",),
    "nb": ("stengt",),
    "fi": ("suljettu", "kiinni"),
    "pl": ("zamknięte", "zamknięta", "nieczynne", "nieczynna"),
    "cs": ("zavřeno", "uzavřeno"),
}
_DAY_MS = 86_400_000


class CalendarEvent(msgspec.Struct, frozen=True, array_like=True):
    """One event of a calendar, by ISO 8601: moments with an offset, or by the library's clock without; dates for whole days.

    `ends` is not part of it: a holiday of one day ends on the next.
    """

    title: str
    begins: str
    ends: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a calendar says: the openings of each day it speaks of, and times in which it closes."""

    days: dict[date, list[Span]] = field(default_factory=dict)
    cuts: list[Span] = field(default_factory=list)


def closed_words(language: str) -> tuple[str, ...]:
    """Return the words that say closed in a library's language, and in English."""
    return _CLOSED["en"] + _CLOSED.get(language.split("-")[0].lower(), ())


def meaning(events: Sequence[CalendarEvent], zone: ZoneInfo, only: str = "", closed: Iterable[str] = ()) -> Meaning:
    """Return what these events say of a library whose clock is `zone`. `only`: the word that counts; `closed`: words for closed."""
    found, shut = Meaning(), set[date]()
    says_closed = re.compile(rf"\b({'|'.join(map(re.escape, closed or _CLOSED['en']))})\b", re.IGNORECASE)
    for event in events:
        closes = says_closed.search(event.title) is not None
        whole = len(event.begins) == len("2026-12-25")
        if only.casefold() not in event.title.casefold() and not (whole and closes):
            continue
        if whole:
            shut.update(_dates(event))
        elif closes:
            found.cuts.append((_ms(event.begins, zone), _ms(event.ends, zone)))
        else:
            for day, span in _pieces(_ms(event.begins, zone), _ms(event.ends, zone), zone):
                found.days.setdefault(day, []).append(span)
    for day in shut:
        found.days[day] = []
    return found


def _dates(event: CalendarEvent) -> Iterable[date]:
    first, last = date.fromisoformat(event.begins), date.fromisoformat(event.ends)
    return (first + timedelta(days=n) for n in range(max((last - first).days, 1)))


def _pieces(start: int, end: int, zone: ZoneInfo) -> Iterable[tuple[date, Span]]:
    """Yield an opening by the day it belongs to: at most a day long each."""
    while start < end:
        day = datetime.fromtimestamp(start / 1000, zone).date()
        midnight = local_ms(day, 1440, zone)
        piece = end if end - start <= _DAY_MS else midnight
        yield day, (start, piece)
        start = piece


def _ms(moment: str, zone: ZoneInfo) -> int:
    found = datetime.fromisoformat(moment)
    return int((found if found.tzinfo is not None else found.replace(tzinfo=zone)).timestamp() * 1000)


def local_ms(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return the ms at which `zone` reads so many minutes after midnight of `day`."""
    days, rest = divmod(minutes, 1440)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return int(local.timestamp() * 1000)


def without(spans: Iterable[Span], cuts: Sequence[Span]) -> list[Span]:
    """Return what is left of spans when the cuts are taken out."""
    left = list(spans)
    for begin, end in cuts:
        left = [
            part
            for start, stop in left
            for part in ((start, min(stop, begin)), (max(start, end), stop))
            if part[0] < part[1]
        ]
    return left
