"""A whole house inside the test's process, over a Redis of the test's own: for what must be turned by hand, such as the moment
of a snapshot, or a Redis that refuses to write.

Nothing is left out: it is what `deskbridge run` opens. A test hands in what other processes would, through the same inlet.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from bridge.app.config import ChannelConfig, Config, Http, Redis, Secret
from bridge.app.consortium import Consortium
from bridge.app.daemon import Daemon, opened
from bridge.contract.message import Action, Deed, Message, message_id
from bridge.core.runner import CoreRunner
from bridge.sql.people.calendar import Calendar
from routing.organisation import Librarian as Person
from routing.organisation import Library, Queue, Team, Tier, Timers
from tests.journeys.librarian import Librarian
from tests.peers.redis import RedisServer

DEADLINE = 30.0
PEOPLE = ("ana", "ben")

LIBRARY = Library(
    id="north",
    revision=0,
    name="North Library",
    queues=(
        Queue(id="north/reference", name="Reference", tiers=(Tier(teams=("north/desk",)),)),
        Queue(id="north/law", name="Law", tiers=(Tier(teams=("north/desk",)),)),
        Queue(id="north/turn", name="In turn", policy="longest_idle", tiers=(Tier(teams=("north/desk",)),)),
    ),
    teams=(Team(id="north/desk", name="Desk", members=PEOPLE),),
    librarians=tuple(
        Person(id=name, name=f"{name.title()} Librarian", shown=name.title(), live=500) for name in PEOPLE
    ),
    timers=Timers(still_there_s=0, close_silent_s=0),
)


class Indoors:
    """A running house and what a test turns of it."""

    def __init__(self, house: Daemon, server: RedisServer, data: Path) -> None:
        self.house = house
        self.server = server
        self.data = data
        self.url = house.server.url
        self.desk: Consortium = house.desks[0]
        self._people: list[Librarian] = []
        self._n = 0

    @property
    def state(self) -> Any:
        """The desk as this process knows it."""
        return self.desk.replica.state

    async def hand_in(self, *inputs: Any) -> None:
        """Take inputs in, as any process of the house does."""
        await self.desk.gathering.ingest(list(inputs))

    def words(self, sender: str, text: str, channel: str = "web") -> Message:
        """Return a patron's next message."""
        self._n += 1
        source = f"s{self._n}"
        return Message(id=message_id(channel, sender, source), channel=channel, sender=sender, source=source, text=text)

    def deed(self, by: str, deed: Deed) -> Action:
        """Return a librarian's next deed."""
        self._n += 1
        return Action(id=f"{by}-{self._n}-{secrets.token_hex(4)}", by=by, deed=deed)

    def talk(self, sender: str, channel: str = "web") -> str:
        """Return a patron's conversation, "" when there is none yet."""
        return str(self.state.addresses.get(f"{channel}|{sender}", ""))

    async def quiet(self) -> None:
        """Wait until the archive has all that was decided."""
        replica, writer = self.desk.replica, self.desk.writer
        head = await self.desk.store.head()
        await until(lambda: replica.position.seq >= head.seq and writer.position.seq >= head.seq, "archive and replica")

    async def snapshot(self) -> None:
        """Write a snapshot now, and trim behind the one before it."""
        core = self.desk.core
        assert isinstance(core, CoreRunner)
        term = await until(lambda: core.term, "a core leads")
        async with asyncio.timeout(DEADLINE):
            await term.write_snapshot()

    async def librarian(self, name: str, url: str = "") -> Librarian:
        """Return a librarian who is signed in, at the address given (a proxy's, perhaps)."""
        found = Librarian(url or self.url, name)
        self._people.append(found)
        found.come(*await self.house.archive.accounts.open_session(name))
        return found

    async def close(self) -> None:
        """Close all browsers."""
        for one in self._people:
            await one.close()


async def until(true: Callable[[], Any], what: str) -> Any:
    """Wait until something is so, and return it."""
    end = time.monotonic() + DEADLINE
    while not (found := true()):
        assert time.monotonic() < end, f"did not come true: {what}"
        await asyncio.sleep(0.02)
    return found


@asynccontextmanager
async def indoors(data: Path, **settings: Any) -> AsyncIterator[Indoors]:
    """Open a house with a desk of two librarians and a web chat; `settings` are the channel's own keys."""
    web = ChannelConfig(
        name="web", kind="webchat", queue="north/reference", settings={"connections": 5_000, **settings}
    )
    turn = msgspec.structs.replace(web, name="turn", queue="north/turn")
    async with AsyncExitStack() as stack:
        server = stack.enter_context(RedisServer(tcp=True))
        config = Config(
            path=data / "deskbridge.toml",
            data=data,
            one_process=True,
            redis=Redis(url=Secret(server.url)),
            http=Http(listen="127.0.0.1:0"),
            channels=(web, turn),
        )
        house = await stack.enter_async_context(opened(config))
        found = Indoors(house, server, data)
        stack.push_async_callback(found.close)
        await _furnish(found)
        yield found


async def _furnish(found: Indoors) -> None:
    await found.desk.organisation.put(LIBRARY, Calendar())
    await found.desk.tell_core()
    for name in PEOPLE:
        await found.house.archive.accounts.add(name, name, "north")
    await until(lambda: "north" in found.state.libraries, "the library is known")
    await until(
        lambda: len(found.state.channels) == 2 and all(c.up for c in found.state.channels.values()), "channels up"
    )


@asynccontextmanager
async def browsing(*running: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """Keep `run` of librarians and patrons going until the end of the block."""
    tasks = [asyncio.create_task(each.run()) for each in running]
    try:
        async with aiohttp.ClientSession() as web:
            yield web
        assert not [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
