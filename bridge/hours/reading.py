"""Reading a calendar in a process of its own: off the event loop, and with an end.

A calendar may be built so that working out its repetitions takes days, or all memory. A thread could not be stopped. So a child
reads it, with limits of its own for processor time and memory, and is killed when it takes too long.

    python -m bridge.hours.reading 2026-11-30 62 5      the body on stdin, the events as JSON on stdout
"""

from __future__ import annotations

import asyncio
import itertools
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta

import msgspec

from bridge.hours.problems import CalendarProblem
from bridge.sql.people.calendar_events import CalendarEvent

MOST_EVENTS = 5_000
MOST_CPU_S = 5
MOST_MEMORY = 512 * 1024 * 1024
WITHIN_S = 30.0  # on a busy machine, too
NO_CALENDAR, TOO_MANY = 3, 4  # exit codes

_decode = msgspec.json.Decoder(list[CalendarEvent]).decode


async def events_of(body: bytes, first: date, days: int, *, cpu_s: int = MOST_CPU_S) -> list[CalendarEvent]:
    """Return a calendar's events of so many days from `first` on, by their beginning. Raises CalendarProblem."""
    command = [sys.executable, "-m", "bridge.hours.reading", first.isoformat(), str(days), str(cpu_s)]
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=null)
    try:
        async with asyncio.timeout(WITHIN_S):
            answer, _ = await child.communicate(body)
    except TimeoutError:
        raise CalendarProblem("too-much-work") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == NO_CALENDAR:
        raise CalendarProblem("not-a-calendar")
    if child.returncode != 0:  # killed by a limit, or out of memory
        raise CalendarProblem("too-much-work")
    return _decode(answer)


def _read(body: bytes, first: date, last: date) -> Iterator[CalendarEvent]:
    if body.lstrip().startswith((b"BEGIN:", b"\xef\xbb\xbfBEGIN:")):
        from bridge.hours import icalendar_events

        return icalendar_events.read(body.removeprefix(b"\xef\xbb\xbf"), first, last)
    from bridge.hours import libcal_events

    return libcal_events.read(body, first, last)


def main(first: str, days: str, cpu_s: str) -> int:
    """Read what comes on stdin; return the exit code."""
    for kind, most in ((resource.RLIMIT_CPU, int(cpu_s)), (resource.RLIMIT_AS, MOST_MEMORY)):
        with suppress(OSError, ValueError):  # where no limit may be set, the parent's patience ends it
            resource.setrlimit(kind, (most, most))
    begin = date.fromisoformat(first)
    try:
        events = _read(sys.stdin.buffer.read(), begin, begin + timedelta(days=int(days)))
        found = list(itertools.islice(events, MOST_EVENTS + 1))
    except MemoryError:
        return TOO_MANY
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
    ):  # whatever a strange calendar makes of them
        return NO_CALENDAR
    if len(found) > MOST_EVENTS:
        return TOO_MANY
    found.sort(key=lambda event: (event.begins, event.ends, event.title))
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
