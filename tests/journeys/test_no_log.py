"""A log that cannot be written stops nothing: a stopped journal, a full disk, a closed pipe."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.house import House
from tests.journeys.patron import Patron
from tests.journeys.test_apart import cores, until


@contextmanager
def where(what: str) -> Iterator[int]:
    """A descriptor that takes no line: `frozen` blocks whoever writes to it, as a journal does that was stopped."""
    read, write = os.pipe()
    full = os.open("/dev/full", os.O_WRONLY)
    if what == "frozen":
        os.set_blocking(write, False)
        for size in (65_536, 1):
            try:
                while True:
                    os.write(write, b"x" * size)
            except BlockingIOError:
                continue
        os.set_blocking(write, True)
    if what == "closed":
        os.close(read)
    try:
        yield full if what == "full" else write
    finally:
        for number in (write, full, *(() if what == "closed" else (read,))):
            os.close(number)


@pytest.mark.parametrize("what", ["closed", "full", "frozen"])
async def test_redis_and_the_core_are_started_again_whatever_the_log_does(what: str, tmp_path: Path) -> None:
    with where(what) as log, House(tmp_path / "house") as house:
        house.log_to = log
        await house.start()
        async with aiohttp.ClientSession() as web:
            patron = Patron(web, house.url)
            running = asyncio.create_task(patron.run())
            try:
                await patron.say("Before.")
                (core,) = await until(lambda: cores(house.pid), "a core runs")
                redis = house.redis_pid()
                os.kill(core, signal.SIGKILL)
                os.kill(redis, signal.SIGKILL)
                await patron.say("While both were dead.")
                assert await until(lambda: [pid for pid in cores(house.pid) if pid != core], "another core runs")
                assert await until(lambda: house.redis_pid() not in (0, redis), "another Redis runs")
                await patron.say("Afterwards.")
            finally:
                running.cancel()
                await asyncio.wait([running])
        assert house.stop() == 0
