"""A day's work in minutes: patrons come, ask, are answered, end and leave, at one pace. Memory and descriptors stay what they were.

What is looked at is the daemon with everything that it started: the core's process and the private Redis. The first quarter warms
up; the last one is held against the second. DESKBRIDGE_SOAK_S says for how long, 1,800 for the soak that a release is given.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron

SECONDS = float(os.environ.get("DESKBRIDGE_SOAK_S", "240"))
PAIRS = 6  # patrons at a time
PACE_S = 1.0  # from one answer to the end of the talk
MOST = 1.10  # how much memory may grow from the second quarter to the last
SLACK_KB = 8_192  # what an allocator keeps or gives back as it likes
PATIENCE_S = 60.0
TIMERS = "still_there_s = 0, close_silent_s = 0, grace_s = 5, reopen_live_s = 10"


@dataclass(frozen=True)
class Look:
    """What the daemon holds at one moment: seconds since the beginning, kB of its own, open descriptors, and the kB by process."""

    at: float
    kb: int
    descriptors: int
    parts: dict[str, int]


def family(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def look(pid: int, began: float) -> Look:
    """Add up what a process and its descendants hold now."""
    parts, descriptors = dict[str, int](), 0
    for n, one in enumerate(family(pid)):
        with suppress(OSError):
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            name = f"{n} {Path(f'/proc/{one}/comm').read_text().strip()}"
            parts[name] = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
            descriptors += len(list(Path(f"/proc/{one}/fd").iterdir()))
    return Look(time.monotonic() - began, sum(parts.values()), descriptors, parts)


async def until(news: asyncio.Event, true: Callable[[], bool]) -> None:
    """Wait until `true()` holds, looking again at each news."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await news.wait()


async def talk(house: House, librarian: Librarian, number: int) -> None:
    """One patron from the first word to the last."""
    async with aiohttp.ClientSession() as web:
        patron = Patron(web, house.url)
        running = asyncio.create_task(patron.run())
        try:
            await patron.say(f"{number}: where is it?")
            row = await row_of(librarian, number)
            for path, body in (
                (f"/conversations/{row}/claim", {}),
                (f"/conversations/{row}/messages", {"text": f"{number}: on the second floor."}),
            ):
                status, said = await librarian.do(path, body)
                assert status in (200, 201, 202), said
            await until(patron.news, lambda: f"{number}: on the second floor." in patron.answers())
            await asyncio.sleep(PACE_S)
            status, said = await librarian.do(f"/conversations/{row}/close", {"code": "answered"})
            assert status in (200, 201, 202), said
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def row_of(librarian: Librarian, number: int) -> str:
    """Return the conversation whose patron wrote this number."""
    found: list[str] = []

    def there() -> bool:
        found[:] = [id for id, row in librarian.rows.items() if row["last_text"].startswith(f"{number}:")]
        return bool(found)

    await until(librarian.news, there)
    return found[0]


async def works(house: House, librarian: Librarian, numbers: Iterator[int], ends: float, done: list[int]) -> None:
    """Serve one patron after the other."""
    while time.monotonic() < ends:
        number = next(numbers)
        await talk(house, librarian, number)
        done.append(number)


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 300)
async def test_memory_and_descriptors_stay_what_they_were(tmp_path: Path) -> None:
    house = House(tmp_path, ("ana",), capacity=200)
    house.timers = TIMERS
    with house:
        await house.start()
        ana = Librarian(house.url, "ana")
        await ana.sign_in(house.codes["ana"])
        await ana.attend("north/reference")
        running = asyncio.create_task(ana.run())
        began = time.monotonic()
        numbers, done, looks = itertools.count(1), list[int](), list[Look]()
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(PAIRS):
                    tasks.create_task(works(house, ana, numbers, began + SECONDS, done))
                while time.monotonic() < began + SECONDS:
                    await asyncio.sleep(SECONDS / 200)
                    looks.append(await asyncio.to_thread(look, house.pid, began))
        finally:
            running.cancel()
            await ana.close()
    second = [each for each in looks if SECONDS / 4 <= each.at < SECONDS / 2]
    last = [each for each in looks if each.at >= SECONDS * 3 / 4]
    kb = [statistics.median(each.kb for each in part) for part in (second, last)]
    files = [statistics.median(each.descriptors for each in part) for part in (second, last)]
    held = f"{kb[0] / 1024:.1f} -> {kb[1] / 1024:.1f} MB; {files[0]:.0f} -> {files[1]:.0f} descriptors"
    ends = {name: (kb / 1024, last[-1].parts.get(name, 0) / 1024) for name, kb in second[0].parts.items()}
    parts = "; ".join(f"{name} {was:.1f} -> {now:.1f}" for name, (was, now) in ends.items())
    told = f"{len(done):,} talks in {SECONDS:.0f} s; {held} ({parts})"
    print(told)
    assert kb[1] <= kb[0] * MOST + SLACK_KB, told
    assert files[1] <= files[0] + PAIRS, told
