"""Half-open networks: what one side says arrives and what it should hear does not, or the other way round, and neither end
is told by TCP. Both ends notice by their own heartbeats, the house's idea of who is there follows, and nothing is lost
or doubled once the wire is well.
"""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from bridge.contract.message import Say
from bridge.testing.proxy import Proxy, Way
from tests.journeys.indoors import Indoors, browsing, indoors, until
from tests.webchat.browserless import Browserless

PATIENCE = 60.0


async def heard(pat: Browserless, many: int) -> list[str]:
    """Return the next answers of librarians that a patron hears."""
    found: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < many:
            line = await pat.hear()
            if line.kind == "text":
                found.append(line.text)
    return found


def here(house: Indoors) -> bool:
    """Whether the core believes that Ana has her inbox open."""
    return bool(house.state.staff["ana"].connections)


@pytest.mark.parametrize("way", ["up", "down"])
async def test_one_way_of_the_wire_is_lost_on_both_sides(way: Way, tmp_path: Path) -> None:
    async with indoors(tmp_path, beat=0.5) as house, Proxy("127.0.0.1", int(house.url.rpartition(":")[2])) as wire:
        for name, value in (("ping_s", 0.5), ("dead_s", 2.0)):
            object.__setattr__(house.desk.services, name, value)
        near = f"http://127.0.0.1:{wire.port}"
        ana = await house.librarian("ana", near)
        pat = Browserless(f"{near}/channels/web/", seed=secrets.token_hex(16))
        try:
            async with browsing(ana):
                await ana.connected.wait()
                pat.say("can you hear me?")
                talk = str(await until(lambda: next(iter(house.state.conversations), ""), "he is heard"))
                assert (await ana.do(f"/conversations/{talk}/claim"))[0] == 200
                await ana.watch(talk)
                assert (await ana.do(f"/conversations/{talk}/messages", {"text": "I can"}))[0] == 200
                assert await heard(pat, 1) == ["I can"]
                sockets = pat.sockets

                wire.lose(way)
                pat.say("and now?")
                await house.hand_in(house.deed("ana", Say(conversation=talk, text="said into the void")))
                await until(lambda: not here(house), "the house notices that Ana's page is gone")
                await until(lambda: not ana.connected.is_set(), "Ana's page notices")
                assert "said into the void" not in ana.said(talk, "librarian") or way == "up"

                await wire.heal()
                assert await heard(pat, 1) == ["said into the void"]
                await until(lambda: here(house) and ana.connected.is_set(), "Ana is back")
                await ana.until(lambda: ana.said(talk) == ["can you hear me?", "and now?"], PATIENCE)
                await ana.until(lambda: ana.said(talk, "librarian") == ["I can", "said into the void"], PATIENCE)
                assert pat.sockets > sockets, "the patron's page made a new line"
                assert pat.lines.empty()
        finally:
            await pat.close()
