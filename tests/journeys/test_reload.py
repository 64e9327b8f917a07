"""The configuration is read again under way: channels that changed begin again, the others keep their sockets."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.house import House
from tests.journeys.patron import Patron

SIDE = '[[channel]]\nname = "side"\nkind = "webchat"\nqueue = "north/second"\nmax_text = {longest}\n'
THIRD = '[[channel]]\nname = "third"\nkind = "webchat"\nqueue = "north/second"\n'


async def reload(house: House, more: str, wanted: str) -> None:
    """Have the daemon read a configuration, and wait until it says so."""
    before = house.log.count(wanted)
    house.more = more
    house.configure()
    os.kill(house.pid, signal.SIGHUP)
    async with asyncio.timeout(30):
        while house.log.count(wanted) == before:
            await asyncio.sleep(0.05)


async def status(web: aiohttp.ClientSession, house: House, channel: str) -> int:
    """Return how a channel's page answers."""
    async with web.get(f"{house.url}/channels/{channel}/chat") as answer:
        return answer.status


@pytest.mark.timeout(120)
async def test_channels_change_and_the_others_keep_their_sockets(tmp_path: Path) -> None:
    with House(tmp_path, ("ana",), more=SIDE.format(longest=900)) as house:
        await house.start()
        async with aiohttp.ClientSession() as web:
            stays, moves = Patron(web, house.url), Patron(web, house.url, "side")
            running = [asyncio.create_task(patron.run()) for patron in (stays, moves)]
            for patron in (stays, moves):
                await patron.say("first")
                await patron.until(lambda patron=patron: not patron.unsent())  # type: ignore[misc]  # mypy cannot infer the type of a lambda with a default
            socket, other = stays.socket, moves.socket
            assert socket is not None

            await reload(house, SIDE.format(longest=901) + THIRD, '"the configuration was read again"')
            assert stays.socket is socket
            assert not socket.closed
            assert [await status(web, house, name) for name in ("web", "side", "third")] == [200, 200, 200]
            await moves.say("second")
            await moves.until(lambda: not moves.unsent() and moves.socket is not other)

            await reload(house, 'roles = ["none"]\n[[channel]]\nname = "?"\n', "nothing is changed")
            assert await status(web, house, "side") == 200

            await reload(house, "[hours]\nallow = ['calendar.example.org']\n", "waits for a restart")
            assert [await status(web, house, name) for name in ("web", "side", "third")] == [200, 404, 404]
            assert stays.socket is socket
            await stays.say("last")
            await stays.until(lambda: not stays.unsent())
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        assert house.stop() == 0
