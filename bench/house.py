"""A whole house under load: what `deskbridge run` opens, over a Redis of our own, with a desk whose conversations are claimed.

Nothing is left out or replaced: web server, inbox, archive (SQLite), replica, tail, supervisor, inlet and outlet all run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import structlog

from adapters.loop.network import Network
from bridge.app.config import ChannelConfig, Config, Http, Redis, Secret
from bridge.app.consortium import Consortium
from bridge.app.daemon import Daemon, opened
from bridge.channels.inbound.inlet import StoreInlet
from bridge.contract.message import Action, Claim, Message, message_id
from bridge.sql.people.calendar import Calendar
from routing.organisation import Librarian, Library, Queue, Team, Tier, Timers

LOOP = ChannelConfig(name="loop", kind="loop", queue="north/ask", settings={"network": "bench"})
WEB = ChannelConfig(
    name="web", kind="webchat", queue="north/ask", settings={"connections": 40_000, "form": "none", "beat": 600.0}
)
TEXT = "How do I renew a book that somebody else has asked for, please?"
ANSWER = "At the desk, or in your account: choose the book and press Renew. It works up to three times."


def quiet() -> None:
    """Let only warnings through."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))


def library(staff: int, *, live: int) -> Library:
    """Return a library where `staff` librarians may hold `live` conversations each, with no timer that goes off in a run."""
    names = [f"lib{n}" for n in range(staff)]
    return Library(
        id="north",
        revision=0,
        name="North",
        queues=(Queue(id="north/ask", name="Ask", tiers=(Tier(teams=("north/all",)),), concierge_s=0),),
        teams=(Team(id="north/all", name="All", members=tuple(names)),),
        librarians=tuple(Librarian(id=name, name=name, live=live) for name in names),
        timers=Timers(still_there_s=0, close_silent_s=0, remind_s=0, mark_s=0),
    )


async def until(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something is so, and return it. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > end:
            raise TimeoutError("the house did not come so far")
        await asyncio.sleep(0.005)
    return found


async def in_waves(calls: Sequence[Callable[[], Awaitable[Any]]], width: int = 512) -> None:
    """Make many calls, `width` at a time."""
    for start in range(0, len(calls), width):
        await asyncio.gather(*(call() for call in calls[start : start + width]))


@dataclass(slots=True)
class Talk:
    """A claimed conversation: who asks, who answers."""

    sender: str
    conversation: str
    librarian: str


class Site:
    """A running house and what a load needs of it."""

    def __init__(self, house: Daemon, staff: int) -> None:
        self.house = house
        self.desk: Consortium = house.desks[0]
        self.staff = staff
        self.talks: list[Talk] = []
        self._n = 0

    def inlet(self, channel: str) -> StoreInlet:
        """Return a channel's door in."""
        return self.desk.supervisor.runners[channel].inlet

    def message(self, sender: str, channel: str, text: str = TEXT) -> Message:
        """Return a patron's next message."""
        self._n += 1
        source = f"s{self._n}"
        return Message(id=message_id(channel, sender, source), channel=channel, sender=sender, source=source, text=text)

    def action(self, by: str, deed: Any) -> Action:
        """Return a librarian's next deed."""
        self._n += 1
        return Action(id=f"{by}-{self._n}", by=by, deed=deed)

    async def open_talks(self, count: int, channel: str) -> None:
        """Let `count` patrons ask, and each be claimed."""
        inlet = self.inlet(channel)
        senders = [f"patron{n}" for n in range(len(self.talks), len(self.talks) + count)]
        await in_waves([partial(inlet.receive, self.message(sender, channel)) for sender in senders])
        addresses = self.desk.replica
        await until(lambda: all(f"{channel}|{sender}" in addresses.state.addresses for sender in senders))
        talks = [
            Talk(sender, addresses.state.addresses[f"{channel}|{sender}"], f"lib{n % self.staff}")
            for n, sender in enumerate(senders, len(self.talks))
        ]
        claims = [self.action(talk.librarian, Claim(conversation=talk.conversation)) for talk in talks]
        for start in range(0, len(claims), 200):
            await self.desk.gathering.ingest(claims[start : start + 200])
        state = addresses.state
        await until(lambda: all(state.conversations[t.conversation].owner for t in talks))
        self.talks += talks


@asynccontextmanager
async def site(
    data: Path,
    redis_url: str = "",
    *,
    staff: int = 200,
    live: int = 100_000,
    channels: Sequence[ChannelConfig] = (LOOP,),
) -> AsyncIterator[Site]:
    """Open a house over `redis_url` (""= its own) with the library loaded and its channels up."""
    network = Network("bench")
    network.accounts["library"] = ""
    config = Config(
        path=data / "bench",
        data=data,
        redis=Redis(url=Secret(redis_url)),
        http=Http(listen="127.0.0.1:0"),
        channels=tuple(channels),
    )
    try:
        async with opened(config) as house:
            found = Site(house, staff)
            desk = found.desk
            await desk.organisation.put(library(staff, live=live), Calendar())
            await desk.tell_core()
            await until(lambda: "north" in desk.replica.state.libraries)
            await until(lambda: all(_up(desk, channel.name) for channel in channels))
            yield found
    finally:
        network.vanish()


def _up(desk: Consortium, channel: str) -> bool:
    status = desk.replica.state.channels.get(channel)
    return status is not None and status.up


def struct_size(one: msgspec.Struct) -> int:
    """Return the bytes of a Struct as it is written."""
    return len(msgspec.msgpack.encode(one))
