"""The openings of a library and its queues, put into the library that the core is told of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bridge.sql.people.calendar import Calendar, OpeningHours, in_words, openings, zone_in_words
from bridge.sql.people.calendar_events import CalendarEvent, Span, closed_words
from routing.organisation import Library, Queue

ReadCalendars = Mapping[str, Sequence[CalendarEvent]]  # by their address, as they were read last


def with_openings(library: Library, calendar: Calendar, now: int, read: ReadCalendars) -> Library:
    """Return a library with its openings from `now` (ms) on, and those of queues that have their own hours."""
    spans, words = _opening(library, calendar, now, read)
    queues = tuple(_queue(library, queue, calendar.queues.get(queue.id), now, read) for queue in library.queues)
    return msgspec.structs.replace(library, openings=spans, opening_words=words, queues=queues)


def without_openings(library: Library) -> Library:
    """Return a library as it is kept: its openings are worked out again whenever it is told."""
    queues = tuple(msgspec.structs.replace(queue, openings=None, opening_words=()) for queue in library.queues)
    return msgspec.structs.replace(library, openings=None, opening_words=(), queues=queues)


def _queue(library: Library, queue: Queue, hours: OpeningHours | None, now: int, read: ReadCalendars) -> Queue:
    if hours is None or not hours.given:
        return queue
    spans, words = _opening(library, hours, now, read)
    return msgspec.structs.replace(queue, openings=spans, opening_words=words)


def _opening(
    library: Library, hours: OpeningHours, now: int, read: ReadCalendars
) -> tuple[tuple[Span, ...] | None, tuple[str, ...]]:
    spans = openings(hours, library.timezone, now, read.get(hours.url), closed_words(library.language))
    zone = zone_in_words(library.timezone, library.wording)
    words = in_words(spans or (), library.timezone, library.wording)
    return spans, tuple(f"{word} ({zone})" for word in words)


def lags(known: Library, told: Library, now: int) -> bool:
    """Whether the core, which holds `known`, should hear of the openings in `told`: later ones, or other ones from `now` on."""
    before = {queue.id: queue.openings for queue in known.queues}
    pairs = [(known.openings, told.openings), *((before.get(queue.id), queue.openings) for queue in told.queues)]
    return any(_differ(held, found, now) for held, found in pairs)


def _differ(held: Sequence[Span] | None, found: Sequence[Span] | None, now: int) -> bool:
    if held is None or found is None:
        return held is not found
    horizon = held[-1][1] if held else now
    return _between(held, now, horizon) != _between(found, now, horizon) or any(end > horizon for _, end in found)


def _between(spans: Sequence[Span], begin: int, end: int) -> list[Span]:
    return [(max(start, begin), min(stop, end)) for start, stop in spans if start < end and stop > begin]
