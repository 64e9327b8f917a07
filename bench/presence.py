"""(k) A sign-on with 500 librarians signed in: what all their pages together are sent, and what it costs the web process.

Each page is fetched as our page fetches and then listens. A librarian comes to the desk, and a library's hours change. Beside what
the sockets carry it's counted what the pages fetch anew, since a page that is told to start again fetches everything.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
import uvloop
from yarl import URL

from bench.figures import QUICK, REPEATS, Sheet, most, say
from bench.house import LOOP, Site, library, quiet, site, until
from bench.throughput import server
from bench.websocket import Socket
from bridge.contract.message import SetAvailability
from bridge.sql.people.calendar import WEEKDAYS, Calendar

STAFF = 500
FEW = 50
FRAMES = most(STAFF * 400)
QUIET_S = 1.5  # counts are told once a second at most


class Told(msgspec.Struct):
    """What is read of a message to a page."""

    t: str
    as_of: str = ""


_told = msgspec.json.Decoder(Told).decode


class Pages:
    """The pages of many librarians, and what they were sent."""

    def __init__(self, here: Site) -> None:
        self._here = here
        self._port = URL(here.house.url).port or 0
        self.sockets: list[Socket] = []
        self.cookies: list[str] = []
        self.bytes = 0
        self.frames = 0
        self.resets = 0
        self.known: set[Socket] = set()

    async def open(self, count: int) -> None:
        """Sign in and open so many pages."""
        accounts = self._here.house.archive.accounts
        for n in range(len(self.sockets), count):
            await accounts.add(f"lib{n}", f"lib{n}", "north")
            token, _ = await accounts.open_session(f"lib{n}")
            position = str(self._here.desk.replica.position)
            path = f"/api/v1/live?after={position}"
            self.cookies.append(token)
            self.sockets.append(await Socket.connect(self._port, path, self._hear, cookie=token))
        await asyncio.sleep(QUIET_S)

    def _hear(self, socket: Socket, text: bytes) -> None:
        told = _told(text)
        if told.t == "ping":
            socket.send(json.dumps({"t": "pong", "at": 1}).encode())
            return
        self.bytes += len(text)
        self.frames += 1
        self.resets += told.t == "reset"
        if told.t in ("organisation", "reset"):
            self.known.add(socket)

    async def told_of(self, change: object) -> tuple[float, float]:
        """Return the bytes and the ms of processor time of the web process until every page knows of a change."""
        self.bytes, self.frames, self.resets, self.known = 0, 0, 0, set()
        began = time.process_time()
        await change  # type: ignore[misc]  # a coroutine
        await until(lambda: len(self.known) == len(self.sockets))
        await asyncio.sleep(QUIET_S)
        fetched = await self._fetched() if self.resets else 0
        return self.bytes + fetched, (time.process_time() - began) * 1000

    async def _fetched(self) -> int:
        """Fetch for each page that was told to start again what it then fetches; return the bytes."""
        found = 0
        paths = ["/organisation", *(f"/conversations?view={view}" for view in ("waiting", "mine", "open"))]
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            for cookie in self.cookies[: self.resets]:
                for path in paths:
                    url = f"http://127.0.0.1:{self._port}/api/v1{path}"
                    async with session.get(url, headers={"Cookie": f"deskbridge={cookie}"}) as answer:
                        found += len(await answer.read())
        return found


async def sign_on(here: Site, name: str, here_now: bool) -> None:
    """Let a librarian come to the desk, or leave it."""
    queues = ("north/ask",) if here_now else ()
    await here.desk.gathering.ingest([here.action(name, SetAvailability(queues=queues))])


async def change_hours(here: Site, turn: int) -> None:
    """Let the library open at another hour."""
    hours = Calendar(weekly={day: [f"{8 + turn % 8:02d}:00-18:00"] for day in WEEKDAYS})
    kept = (await here.desk.organisation.entries())[0].library
    await here.desk.gathering.ingest([await here.desk.organisation.put(kept, hours)])


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    found: dict[str, list[tuple[float, float]]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp")))
        url = await stack.enter_async_context(server(folder, "everysec"))
        here = await stack.enter_async_context(site(folder / "house", url, staff=STAFF, channels=(LOOP,)))
        assert len(library(STAFF, live=1).librarians) == STAFF
        await here.open_talks(50, "loop")
        await change_hours(here, 7)
        await until(lambda: here.desk.replica.state.libraries["north"].openings)
        pages = Pages(here)
        for count in (FEW, STAFF):
            say(f"opening pages of {count} librarians")
            await pages.open(count)
            for turn in range(REPEATS):
                signed = [await pages.told_of(sign_on(here, f"lib{turn}", on)) for on in (True, False)]
                found.setdefault(f"presence {count}", []).append(signed[0])
            if not QUICK or count == STAFF:
                found.setdefault(f"hours {count}", []).append(await pages.told_of(change_hours(here, REPEATS)))
    _put_down(sheet, found)


def _put_down(sheet: Sheet, found: dict[str, list[tuple[float, float]]]) -> None:
    large, small = found[f"presence {STAFF}"], found[f"presence {FEW}"]
    each = f"{STAFF} pages; one librarian comes to the desk"
    sheet.add(
        f"presence_fanout_bytes_{STAFF}", [one for one, _ in large], "bytes", most(STAFF * 400, STAFF * 300), each
    )
    sheet.add(
        f"presence_fanout_ms_{STAFF}",
        [ms for _, ms in large],
        "ms",
        most(500, 250),
        "of the web process, clients included",
    )
    ratios = [(ms / STAFF) / (few / FEW) for (_, ms), (_, few) in zip(large, small, strict=True)]
    sheet.add("presence_fanout_ratio", ratios, "x", most(2), f"a page's share with {STAFF} pages, to that with {FEW}")
    hours = found[f"hours {STAFF}"]
    sheet.add(
        f"hours_fanout_bytes_{STAFF}",
        [one for one, _ in hours],
        "bytes",
        most(STAFF * 400, STAFF * 300),
        "a library's hours change",
    )
    sheet.add(f"hours_fanout_ms_{STAFF}", [ms for _, ms in hours], "ms", most(600, 300))


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
