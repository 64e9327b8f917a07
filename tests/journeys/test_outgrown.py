"""When one process is outgrown: two daemons over one Redis and one PostgreSQL, and either may die.

The patron is at one of them and the librarian at the other, so every word crosses; whichever runs the core is killed, and the
other goes on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bridge.redis.holders import HOST
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron
from tests.peers.postgresql import PostgreSQL, missing
from tests.peers.redis import RedisServer


async def told(house: House) -> dict[str, dict[str, Any]]:
    """Return the parts of /readyz."""
    async with aiohttp.ClientSession() as web, web.get(f"{house.url}/readyz") as answer:
        return {part["name"]: part for part in await answer.json()}


async def types(patron: Patron, ana: Librarian, talk: str) -> None:
    """Have the patron type until the librarian, who is at another host, sees it: signs may be lost."""
    async with asyncio.timeout(20):
        while not any(one["kind"] == "typing" and one["conversation"] == talk for one in ana.signals):
            for on in (True, False):
                await patron.type(on)
            await asyncio.sleep(0.1)


@pytest_asyncio.fixture
async def hosts(tmp_path: Path) -> AsyncIterator[tuple[House, House, House]]:
    """Two running daemons of one installation: one does everything, one has the web alone. A third is ready to start."""
    if reason := missing():
        pytest.skip(reason)
    durable = {"appendonly": "yes", "appendfsync": "always", "maxmemory_policy": "noeviction"}
    with RedisServer(tcp=True, **durable) as redis, PostgreSQL() as sql:
        more = f'[redis]\nurl = "{redis.url}"\n[archive]\nurl = "{sql.fresh()}"\n'
        with House(tmp_path / "one", more=more) as one:
            other = House(tmp_path / "other", more=more)
            third = House(tmp_path / "third", more=more)
            for each in (other, third):
                each.configure()
            other.words = ("--roles", "web")
            await one.start()
            await other.start()
            try:
                yield one, other, third
            finally:
                other.__exit__(None, None, None)
                third.__exit__(None, None, None)


async def test_patron_and_librarian_at_different_daemons_and_the_core_dies(hosts: tuple[House, House, House]) -> None:
    one, other, third = hosts
    ana = Librarian(other.url, "ana")
    await ana.sign_in(one.codes["ana"])
    async with aiohttp.ClientSession() as web:
        patron = Patron(web, one.url)
        running = [asyncio.create_task(ana.run()), asyncio.create_task(patron.run())]
        try:
            await ana.connected.wait()
            await ana.attend("north/reference")
            await patron.say("Across the house?")
            await ana.until(lambda: any(row["last_text"] == "Across the house?" for row in ana.rows.values()))
            talk = next(iter(ana.rows))
            assert (await ana.do(f"/conversations/{talk}/claim"))[0] == 200
            await ana.watch(talk)
            assert (await ana.do(f"/conversations/{talk}/messages", {"text": "Across it."}))[0] == 200
            await patron.until(lambda: patron.answers() == ["Across it."])
            await types(patron, ana, talk)
            assert "core-started" in one.log
            one.kill()  # it ran the core, and the other has only the web
            async with asyncio.timeout(20):  # it is silent first, until its lease has ended
                while "no process runs it" not in (core := (await told(other))["core main"])["why"]:
                    await asyncio.sleep(0.1)
            assert not core["ready"]
            third.words = ("--roles", "core")
            await third.start()
            said = await ana.do(f"/conversations/{talk}/messages", {"text": "Still here."})
            assert said[0] == 200, said
            async with asyncio.timeout(20):
                while not (core := (await told(other))["core main"])["ready"]:
                    await asyncio.sleep(0.1)
            assert core["why"].startswith(f"on {HOST} since ")
            async with web.get(f"{third.url}/inbox") as answer:
                assert answer.status == 404
            assert (await told(third)).keys().isdisjoint({"channel web"})
            await one.start()
            await patron.say("Me too.")
            await patron.until(lambda: patron.answers() == ["Across it.", "Still here."])
            await ana.until(lambda: ana.said(talk) == ["Across the house?", "Me too."])
            lines = [line["text"] for line in await ana.transcript(talk) if line["who"] in ("patron", "librarian")]
            assert sorted(lines) == sorted(["Across the house?", "Across it.", "Still here.", "Me too."])
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            await ana.close()
    assert (other.stop(), one.stop(), third.stop()) == (0, 0, 0)
