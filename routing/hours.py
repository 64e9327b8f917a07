"""Hours as the core knows them: absolute openings in ms, worked out outside from time zone and holidays.

A desk is open when any library in the chain of a queue's tiers is open. A widget that says "closed" while the cooperative is
open is the field's most hated bug. A library without openings is always open.
"""

from __future__ import annotations

from bisect import bisect_right

from routing.organisation import Library
from routing.roster import QueueService, Roster

FOREVER = 1 << 62


def is_open(library: Library, now: int) -> bool:
    """Say whether `library` is open at `now` ms."""
    if library.openings is None:
        return True
    at = bisect_right(library.openings, (now, FOREVER)) - 1
    return at >= 0 and library.openings[at][0] <= now < library.openings[at][1]


def chain_open(roster: Roster, service: QueueService, now: int) -> bool:
    """Say whether any library that serves the queue is open at `now` ms."""
    return any(is_open(roster.library(name), now) for name in service.libraries)


def chain_closes(roster: Roster, service: QueueService, since: int) -> int:
    """Return when the last library of the chain closes, which is open at `since` ms or opens after it; 0 = not known."""
    at = since if chain_open(roster, service, since) else next_opening(roster, service, since)[0]
    while at:
        ends = [_closes(roster.library(name), at) for name in service.libraries]
        if None in ends:
            return 0
        last = max(end for end in ends if end is not None)
        if last <= at:
            return at if at > since else 0
        at = last
    return 0


def _closes(library: Library, at: int) -> int | None:
    """Return when the span ends in which `library` is open at `at` ms, 0 when it is closed then, None when it never closes."""
    if library.openings is None:
        return None
    found = bisect_right(library.openings, (at, FOREVER)) - 1
    return library.openings[found][1] if found >= 0 and at < library.openings[found][1] else 0


def next_opening(roster: Roster, service: QueueService, now: int) -> tuple[int, str]:
    """Return when the first library of the chain opens after `now` and the words for it; (0, "") when open or not known."""
    at, words, _ = _next(roster, service, now)
    return at, words


def opens_where(roster: Roster, service: QueueService, now: int) -> tuple[int, str]:
    """Return when the first library of the chain opens after `now` and its time zone; (0, "") when open or not known."""
    at, _, zone = _next(roster, service, now)
    return at, zone


def _next(roster: Roster, service: QueueService, now: int) -> tuple[int, str, str]:
    found: list[tuple[int, str, str]] = []
    for name in service.libraries:
        library = roster.library(name)
        if is_open(library, now):
            return 0, "", ""
        openings = library.openings or ()
        at = bisect_right(openings, (now, FOREVER))
        if at < len(openings):
            words = library.opening_words[at] if at < len(library.opening_words) else ""
            found.append((openings[at][0], words, library.timezone))
    return min(found, default=(0, "", ""))
