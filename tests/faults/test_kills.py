"""kill -9 of the daemon and of its Redis at random moments, under load from both sides.

Every acknowledged message must be there exactly once and in order: at the librarian's, at the patron's, and in the archive.
The clients do what the pages do: they send again, under the same id, whatever was not acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron

NAMES = ("ana", "ben", "carla", "dora", "emil", "finn", "gwen")
UNANSWERED = 10
PATIENCE = 240.0


@dataclass(frozen=True)
class Load:
    """How much: `patrons` write `messages` each, each is answered; `kills` happen meanwhile."""

    patrons: int
    messages: int
    kills: int
    librarians: int


SHORT = Load(patrons=8, messages=40, kills=4, librarians=2)
LONG = Load(patrons=100, messages=100, kills=50, librarians=7)


class Attendant:
    """A librarian who claims what is meant for him and answers each message, one after the other."""

    def __init__(self, librarian: Librarian, number: int, of: int) -> None:
        self.librarian = librarian
        self._mine = (number, of)
        self.talks: dict[int, str] = {}

    async def serve(self) -> None:
        """Claim and answer until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for talk, patron in self._new():
                    self.talks[patron] = talk
                    tasks.create_task(self._answer(talk))
                self.librarian.news.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await self.librarian.news.wait()

    def _new(self) -> list[tuple[str, int]]:
        number, of = self._mine
        found = []
        for row in list(self.librarian.rows.values()):
            word, _, rest = row["last_text"].partition(":")
            open_ = row["state"] in ("waiting", "offered") and rest and word.isdigit()
            if open_ and int(word) % of == number and int(word) not in self.talks:
                found.append((row["id"], int(word)))
        return found

    async def _answer(self, talk: str) -> None:
        status, said = await self.librarian.do(f"/conversations/{talk}/claim")
        assert status == 200, said
        await self.librarian.watch(talk)
        done: list[str] = []
        while True:
            await self.librarian.until(lambda: len(self.librarian.said(talk)) > len(done), PATIENCE)
            done.append(self.librarian.said(talk)[len(done)])
            status, said = await self.librarian.do(f"/conversations/{talk}/messages", {"text": f"re {done[-1]}"})
            assert status == 200, said


async def write(patron: Patron, number: int, load: Load) -> None:
    """Write every message, never more than a few ahead of the answers."""
    written: list[str] = []
    while len(written) < load.messages:
        await patron.until(lambda: len(written) - len(patron.answers()) < UNANSWERED, PATIENCE)
        written.append(await patron.say(f"{number}:{len(written)}"))
    await patron.until(lambda: len(patron.answers()) >= load.messages and not patron.unsent(), PATIENCE)


async def kill_at_random(house: House, kills: int, chance: random.Random, progress: asyncio.Event) -> int:
    """Kill the daemon, or Redis under it, at random moments; return how often."""
    for n in range(kills):
        progress.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(20):
                await progress.wait()
        await asyncio.sleep(chance.uniform(0.05, 1.5))
        redis = house.redis_pid() if n % 2 else 0
        if redis:
            os.kill(redis, signal.SIGKILL)
        else:
            house.kill()
            await house.start()
    return kills


async def hold_all(load: Load, patrons: list[Patron], attendants: list[Attendant]) -> None:
    """Everything is there, once and in order, on both sides and in the archive."""
    for number, patron in enumerate(patrons):
        asked = [f"{number}:{n}" for n in range(load.messages)]
        answered = [f"re {text}" for text in asked]
        attendant = attendants[number % len(attendants)]
        talk = attendant.talks[number]
        archived = [(line["who"], line["text"]) for line in await attendant.librarian.transcript(talk)]
        assert len(patron.acked) == load.messages
        assert patron.answers() == answered
        assert attendant.librarian.said(talk) == asked
        assert [text for who, text in archived if who == "patron"] == asked
        assert [text for who, text in archived if who == "librarian"] == answered


@pytest.mark.timeout(1500)
async def test_nothing_is_lost_doubled_or_out_of_order_whatever_is_killed(tmp_path: Path, long: bool) -> None:
    load = LONG if long else SHORT
    chance = random.Random(20_26)
    with House(tmp_path / "house", NAMES[: load.librarians], capacity=100) as house:
        await house.start()
        librarians = [Librarian(house.url, name) for name in house.librarians]
        attendants = [Attendant(one, n, load.librarians) for n, one in enumerate(librarians)]
        running: list[asyncio.Task[None]] = []
        try:
            for one in librarians:
                await one.sign_in(house.codes[one.name])
                running.append(asyncio.create_task(one.run()))
                await one.connected.wait()
                await one.attend("north/reference")
            running += [asyncio.create_task(each.serve()) for each in attendants]
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as web:
                patrons = [Patron(web, house.url) for _ in range(load.patrons)]
                running += [asyncio.create_task(patron.run()) for patron in patrons]
                killing = kill_at_random(house, load.kills, chance, patrons[0].news)
                async with asyncio.TaskGroup() as stage:
                    deaths = stage.create_task(killing)
                    for number, patron in enumerate(patrons):
                        stage.create_task(write(patron, number, load))
                assert deaths.result() == load.kills
                await hold_all(load, patrons, attendants)
                assert not [task for task in running if task.done()]
        finally:
            ended = [task for task in running if task.done()]
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            for one in librarians:
                await one.close()
            assert [task.exception() for task in ended] == []
