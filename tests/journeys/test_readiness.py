"""`/readyz` tells the truth: 503 with the part's name within five seconds when Redis, SQL or the core is away or frozen, and 200
when it is back; both sides of the desk are told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron
from tests.peers.postgresql import PostgreSQL, missing

TOLD_S = 5.0
MARGIN = 4  # these tests share two processors with others; what is promised is TOLD_S


async def parts(web: aiohttp.ClientSession, house: House) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return what /readyz says."""
    async with web.get(f"{house.url}/readyz") as answer:
        return answer.status, {part["name"]: part for part in await answer.json()}


async def ready(
    web: aiohttp.ClientSession, house: House, true: Callable[[int, dict[str, dict[str, Any]]], bool]
) -> None:
    """Wait until /readyz says what is wanted."""
    async with asyncio.timeout(TOLD_S * MARGIN):
        while not true(*await parts(web, house)):
            await asyncio.sleep(0.1)


def core_pid(house: House) -> int:
    """Return the process id of the core."""
    for child in Path(f"/proc/{house.pid}/task/{house.pid}/children").read_text().split():
        if b"bridge.core.process" in Path(f"/proc/{child}/cmdline").read_bytes():
            return int(child)
    raise AssertionError("no core")


@pytest.mark.timeout(300)
async def test_a_frozen_redis_and_a_frozen_core_are_told_and_what_was_written_goes_on(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        await house.start()
        ana = Librarian(house.url, "ana")
        await ana.sign_in(house.codes["ana"])
        live = asyncio.create_task(ana.run())
        async with aiohttp.ClientSession() as web:
            await ana.connected.wait()
            pat = Patron(web, house.url)
            chat = asyncio.create_task(pat.run())
            await pat.say("hello")
            await ana.until(lambda: len(ana.rows) == 1)
            status, told = await parts(web, house)
            assert status == 200, told
            assert told["channel web"] == {"name": "channel web", "ready": True, "required": False, "why": ""}

            redis = house.redis_pid()
            os.kill(redis, signal.SIGSTOP)
            try:
                await pat.say("while it is frozen")
                await ready(web, house, lambda status, told: status == 503 and not told["redis main"]["ready"])
                await ana.until(lambda: ana.stands[-1:] == ["down"], TOLD_S * MARGIN)
                await pat.until(lambda: pat.desk.get("down") is True, TOLD_S * MARGIN)
            finally:
                os.kill(redis, signal.SIGCONT)
            await ready(web, house, lambda status, told: status == 200)
            await ana.until(lambda: ana.stands[-1:] == ["up"], TOLD_S * MARGIN)
            await pat.until(lambda: not pat.desk.get("down") and not pat.unsent())

            core = core_pid(house)
            os.kill(core, signal.SIGSTOP)
            try:
                await ready(web, house, lambda status, told: status == 503 and not told["core main"]["ready"])
                await ana.until(lambda: ana.stands[-1:] == ["down"], TOLD_S * MARGIN)
                await pat.until(lambda: pat.desk.get("behind") is True, TOLD_S * MARGIN)
                await pat.say("while nobody decides")
            finally:
                os.kill(core, signal.SIGCONT)
            await ready(web, house, lambda status, told: status == 200)
            await ana.until(lambda: ana.stands[-1:] == ["up"], TOLD_S * MARGIN)
            await pat.until(lambda: not pat.desk.get("behind"), TOLD_S * MARGIN)
            row = next(iter(ana.rows.values()))
            await ana.watch(row["id"])
            await ana.until(lambda: ana.said(row["id"]) == ["hello", "while it is frozen", "while nobody decides"])
            chat.cancel()
        live.cancel()
        await ana.close()


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.timeout(300)
async def test_a_frozen_database_and_one_that_is_gone_are_told(tmp_path: Path) -> None:
    with PostgreSQL() as server, House(tmp_path, more=f'[archive]\nurl = "{server.fresh()}"\n') as house:
        await house.start()
        ana = Librarian(house.url, "ana")
        await ana.sign_in(house.codes["ana"])
        live = asyncio.create_task(ana.run())
        async with aiohttp.ClientSession() as web:
            await ana.connected.wait()
            for break_it, mend_it in ((server.freeze, server.thaw), (server.stop, server.start)):
                break_it()
                try:
                    await ready(web, house, lambda status, told: status == 503 and not told["archive"]["ready"])
                    await ana.until(lambda: ana.stands[-1:] == ["down"], TOLD_S * MARGIN)
                finally:
                    await asyncio.to_thread(mend_it)
                await ready(web, house, lambda status, told: status == 200)
                await ana.until(lambda: ana.stands[-1:] == ["up"], TOLD_S * MARGIN)
        live.cancel()
        await ana.close()
