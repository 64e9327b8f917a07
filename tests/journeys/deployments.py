"""Two deployments that are partners: two houses with their own Redis and SQL, and a wire to each that can be hurt."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from msgspec.structs import replace

from bridge.app.config import load
from bridge.app.daemon import archive_url
from bridge.sql.archive import Archive
from bridge.testing.proxy import Proxy
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron

CHANNEL = """
[[channel]]
name = "partners"
kind = "partner"
queue = "north/reference"
title = "{title}"
address = "http://127.0.0.1:{port}/channels/partners/"
allow_private = true
beat_s = 0.5
silent_s = 3.0
look_s = 0.2
sweep_s = 1.0
patience_s = 3.0
"""


class Deployment:
    """One of the two: its house, the wire that leads to it, and the administrator, who also answers there."""

    def __init__(self, house: House, wire: Proxy, name: str) -> None:
        self.house = house
        self.wire = wire
        self.boss = Librarian(house.url, name)
        self._running: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, folder: Path, title: str, name: str) -> Deployment:
        """Start a house with one administrator."""
        house = House(folder, (name,), capacity=5)
        wire = await Proxy("127.0.0.1", house.port).open()
        house.more = CHANNEL.format(title=title, port=wire.port)
        house.__enter__()
        await _appoint(house, name)
        await house.start()
        made = cls(house, wire, name)
        await made.boss.sign_in(house.codes[name])
        made._running = asyncio.create_task(made.boss.run())
        await made.boss.connected.wait()
        return made

    async def close(self) -> None:
        """Stop it."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        await self.boss.close()
        self.house.__exit__(None, None, None)
        await self.wire.close()

    async def restart(self) -> None:
        """Kill the daemon at once and start it again."""
        self.house.kill()
        await self.house.start()

    async def partner(self) -> dict[str, Any]:
        """Return the newest partnership as the inbox shows it."""
        found: dict[str, Any] = (await self.boss.get("/partners"))["partners"][0]
        return found

    async def until_partner(self, true: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Wait until the newest partnership is so."""
        async with asyncio.timeout(40):
            with contextlib.suppress(TimeoutError):
                while not true(found := await self.partner()):
                    await asyncio.sleep(0.1)
                return found
        raise AssertionError(f"did not happen: {what}; {await self.partner()}")

    def row(self, text: str) -> dict[str, Any]:
        """Return the conversation whose last words these are."""
        return next(row for row in self.boss.rows.values() if row["last_text"] == text)

    async def until_row(self, text: str) -> str:
        """Wait for a conversation with these last words; return its id."""
        await self.boss.until(lambda: any(row["last_text"] == text for row in self.boss.rows.values()), 40)
        return str(self.row(text)["id"])

    async def say(self, talk: str, text: str) -> None:
        """Answer the patron."""
        status, said = await self.boss.do(f"/conversations/{talk}/messages", {"text": text})
        assert status == 200, said

    async def spoken(self, talk: str) -> list[str]:
        """Return what patron and librarians said, in order."""
        lines = await self.boss.transcript(talk)
        return [line["text"] for line in lines if line["who"] in ("patron", "librarian")]


async def _appoint(house: House, name: str) -> None:
    archive = await Archive.open(archive_url(load(house.folder / "deskbridge.toml")))
    try:
        organisation = archive.organisation("main")
        [entry] = await organisation.entries()
        people = tuple(replace(one, role="administrator") for one in entry.library.librarians)
        await organisation.put(replace(entry.library, librarians=people), entry.calendar)
    finally:
        await archive.close()


async def become_partners(home: Deployment, night: Deployment) -> str:
    """Invite, accept, compare, confirm on both sides; then home asks night in its second tier. Return the partnership's id."""
    status, made = await night.boss.do("/partners/invite", {"channel": "partners", "library": "law"})
    assert status == 200, made
    asked = {"channel": "partners", "library": "night", "invitation": made["invitation"]}
    status, said = await home.boss.do("/partners/accept", asked)
    assert status == 200, said
    ours = await home.until_partner(lambda one: one["state"] == "unconfirmed", "home knows night's key")
    theirs = await night.until_partner(lambda one: one["state"] == "unconfirmed", "night knows home's key")
    assert (ours["ours"], ours["theirs"]) == (theirs["theirs"], theirs["ours"])
    for each in (home, night):
        status, said = await each.boss.do(f"/partners/{ours['id']}/confirm")
        assert status == 200, said
    await home.until_partner(lambda one: bool(one["works"]), "it works at home")
    await ask_in_second_tier(home)
    return str(ours["id"])


async def ask_in_second_tier(home: Deployment) -> None:
    """Have home's queue ask the partner after its own team, without a wait."""
    document = await home.boss.get("/organisation/north")
    queue = document["library"]["queues"][0]
    queue["tiers"] = [{"teams": ["north/desk"], "after_s": 0}, {"teams": ["night/desk"], "after_s": 40}]
    status, said = await home.boss.do("/organisation/north", document, method="PUT")
    assert status == 200, said


@asynccontextmanager
async def two_deployments(folder: Path) -> AsyncIterator[tuple[Deployment, Deployment]]:
    """Home with Ana, and the night service with Bob; not yet partners."""
    home, night = await asyncio.gather(
        Deployment.open(folder / "home", "Law Library", "ana"),
        Deployment.open(folder / "night", "Night Service", "bob"),
    )
    try:
        yield home, night
    finally:
        await asyncio.gather(home.close(), night.close())


@asynccontextmanager
async def patron_at(home: Deployment) -> AsyncIterator[Patron]:
    """A patron in home's chat."""
    async with aiohttp.ClientSession() as web:
        patron = Patron(web, home.house.url)
        running = asyncio.create_task(patron.run())
        try:
            yield patron
        finally:
            running.cancel()
            await asyncio.wait([running])
