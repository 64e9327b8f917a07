"""Hours as the core knows them: absolute openings in ms, worked out outside from time zone and holidays.

A desk is open when any library in the chain of a queue's tiers is open. A widget that says "closed" while the cooperative is
open is the field's most hated bug. A queue may have hours of its own. A library without openings is always open, and keeps
its own queues open so, never those of its partners: see `queue_service`.
"""

from __future__ import annotations

from routing.openings import is_open_at, next_start, open_until
from routing.organisation import Library
from routing.queue_service import QueueService


def is_open(library: Library, now: int) -> bool:
    """Say whether `library` is open at `now` ms."""
    return is_open_at(library.openings, now)


def chain_open(service: QueueService, now: int) -> bool:
    """Say whether any library that serves the queue is open at `now` ms."""
    return any(is_open_at(one.spans, now) for one in service.chain)


def chain_closes(service: QueueService, since: int) -> int:
    """Return when the last library of the chain closes, which is open at `since` ms or opens after it; 0 = not known."""
    at = since if chain_open(service, since) else next_opening(service, since)[0]
    while at:
        ends = [open_until(one.spans, at) for one in service.chain]
        if None in ends:
            return 0
        last = max(end for end in ends if end is not None)
        if last <= at:
            return at if at > since else 0
        at = last
    return 0


def next_opening(service: QueueService, now: int) -> tuple[int, str]:
    """Return when the first library of the chain opens after `now` and the words for it; (0, "") when open or not known."""
    at, words, _ = _next(service, now)
    return at, words


def opens_where(service: QueueService, now: int) -> tuple[int, str]:
    """Return when the first library of the chain opens after `now` and its time zone; (0, "") when open or not known."""
    at, _, zone = _next(service, now)
    return at, zone


def _next(service: QueueService, now: int) -> tuple[int, str, str]:
    found: list[tuple[int, str, str]] = []
    for one in service.chain:
        if is_open_at(one.spans, now):
            return 0, "", ""
        number = next_start(one.spans, now)
        if number >= 0 and one.spans is not None:
            words = one.words[number] if number < len(one.words) else ""
            found.append((one.spans[number][0], words, one.zone))
    return min(found, default=(0, "", ""))
