"""A daemon where staff practise: the demonstration's libraries, fast scripted patrons on all four manners, a telephone network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from bridge.app import demo
from bridge.app.config import ChannelConfig
from bridge.app.daemon import Daemon, opened
from bridge.inbox.views.access import libraries_of
from bridge.testing.twilio import Twilio
from bridge.training.scenario import MANNERS
from tests.inbox.desk import DEADLINE, Client, Desk

FAST = 100.0


class PracticeDesk:
    """A daemon with the demo's libraries, its telephone network, and browsers of its librarians."""

    def __init__(self, house: Daemon, twilio: Twilio) -> None:
        self.house, self.twilio = house, twilio
        self.services = house.desks[0].services

    def client(self) -> Client:
        return Client(self.as_desk())

    def as_desk(self) -> Desk:
        """Return what browsers need of a desk: its address and its services."""
        return cast(Desk, SimpleNamespace(url=self.house.url, services=self.services))


@asynccontextmanager
async def practising(path: Path) -> AsyncIterator[PracticeDesk]:
    """Run such a daemon, with its data below `path`."""
    async with Twilio([demo.NUMBER]) as twilio:
        config = demo.configuration("127.0.0.1:0", path / "data", twilio)
        own = tuple(
            ChannelConfig(name=f"practice-{one}", kind=f"practice-{one}", queue="", settings={"speed": FAST})
            for one in MANNERS
        )
        changed = {"channels": (*config.channels, *own), "one_process": True}
        async with opened(
            type(config)(**{name: getattr(config, name) for name in config.__struct_fields__} | changed)
        ) as house:
            twilio.inbound = f"{house.url}/channels/text/inbound"
            await demo.furnish(house)
            made = PracticeDesk(house, twilio)
            async with asyncio.timeout(DEADLINE):
                while not libraries_of(made.services.replica.state, "ben"):
                    await asyncio.sleep(0.02)
            yield made
