"""When one process is outgrown: two daemons over one Redis and one PostgreSQL, and either may die.

The patron is at one of them and the librarian at the other, so every word crosses; whichever runs the core is killed, and the
other goes on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron
from tests.peers.postgresql import PostgreSQL, missing
from tests.peers.redis import RedisServer


@pytest_asyncio.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[House, House]]:
    """Two running daemons of one installation."""
    if reason := missing():
        pytest.skip(reason)
    durable = {"appendonly": "yes", "appendfsync": "always", "maxmemory_policy": "noeviction"}
    with RedisServer(tcp=True, **durable) as redis, PostgreSQL() as sql:
        more = f'[redis]\nurl = "{redis.url}"\n[archive]\nurl = "{sql.fresh()}"\n'
        with House(tmp_path / "one", more=more) as one:
            other = House(tmp_path / "other", more=more)
            other.configure()
            await one.start()
            await other.start()
            try:
                yield one, other
            finally:
                other.__exit__(None, None, None)


async def test_patron_and_librarian_at_different_daemons_and_the_core_dies(pair: tuple[House, House]) -> None:
    one, other = pair
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
            assert "core-started" in one.log
            one.kill()  # it ran the core, since it came first
            said = await ana.do(f"/conversations/{talk}/messages", {"text": "Still here."})
            assert said[0] == 200, said
            assert "core-started" in other.log
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
    assert (other.stop(), one.stop()) == (0, 0)
