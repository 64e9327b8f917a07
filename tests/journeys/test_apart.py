"""The core in its own process: it dies alone and comes back, and never outlives the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron


def cores(parent: int) -> list[int]:
    """Return the processes below `parent` that run a core."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(child) for child in children if b"bridge.core.process" in Path(f"/proc/{child}/cmdline").read_bytes()]


async def until(true: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, f"did not come true: {what}"
        await asyncio.sleep(0.02)
    return found


async def test_a_core_that_dies_comes_back_and_nothing_is_lost(house: House) -> None:
    ana = Librarian(house.url, "ana")
    await ana.sign_in(house.codes["ana"])
    async with aiohttp.ClientSession() as web:
        patron = Patron(web, house.url)
        running = [asyncio.create_task(ana.run()), asyncio.create_task(patron.run())]
        try:
            await ana.connected.wait()
            await ana.attend("north/reference")
            (core,) = await until(lambda: cores(house.pid), "a core runs")
            await patron.say("Before it died.")
            os.kill(core, signal.SIGKILL)
            await patron.say("While it was dead.")
            await ana.until(lambda: any(row["last_text"] == "While it was dead." for row in ana.rows.values()))
            assert await until(lambda: [pid for pid in cores(house.pid) if pid != core], "another core runs")
            talk = next(iter(ana.rows))
            words = [line["text"] for line in await ana.transcript(talk) if line["who"] == "patron"]
            assert words == ["Before it died.", "While it was dead."]
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            await ana.close()
    assert "the core's process ended" in house.log


async def test_it_never_outlives_the_daemon_and_small_machines_keep_it_inside(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.configure()
    try:
        for end in (house.kill, house.stop):
            await house.start()
            (core,) = await until(lambda: cores(house.pid), "a core runs")
            end()
            await until(lambda: not Path(f"/proc/{core}").exists(), "the core is gone")  # noqa: B023  # awaited at once
        config = tmp_path / "deskbridge.toml"
        config.write_text(config.read_text().replace("[deskbridge]\n", "[deskbridge]\none_process = true\n"))
        begun = house.log.count("core-started")
        await house.start()
        await until(lambda: house.log.count("core-started") > begun, "a core runs")
        assert cores(house.pid) == []
    finally:
        house.__exit__(None, None, None)
