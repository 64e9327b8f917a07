"""Spans of time in which something is open: [start, end) in ms, sorted, some weeks ahead; None = always open."""

from __future__ import annotations

from bisect import bisect_right

Spans = tuple[tuple[int, int], ...] | None

FOREVER = 1 << 62


def is_open_at(spans: Spans, now: int) -> bool:
    """Say whether it is open at `now` ms."""
    if spans is None:
        return True
    at = bisect_right(spans, (now, FOREVER)) - 1
    return at >= 0 and now < spans[at][1]


def open_until(spans: Spans, at: int) -> int | None:
    """Return when the span ends in which it is open at `at` ms, 0 when it is closed then, None when it never closes."""
    if spans is None:
        return None
    found = bisect_right(spans, (at, FOREVER)) - 1
    return spans[found][1] if found >= 0 and at < spans[found][1] else 0


def next_start(spans: Spans, now: int) -> int:
    """Return the number of the first span that begins after `now` ms, -1 when none is known."""
    at = bisect_right(spans, (now, FOREVER)) if spans is not None else 0
    return at if spans is not None and at < len(spans) else -1


def next_border(spans: Spans, now: int) -> int:
    """Return when it opens or closes next after `now` ms, `FOREVER` when that is not known."""
    until = open_until(spans, now)
    if until is None:
        return FOREVER
    if until:
        return until
    start = next_start(spans, now)
    return spans[start][0] if spans is not None and start >= 0 else FOREVER
