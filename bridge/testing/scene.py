"""What a case sees: the rig, the ring, and the verbs that most cases begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any, TypeVar

from bridge.contract.adapter import Capabilities
from bridge.contract.message import Delivery, Message, message_id
from bridge.testing.rig import Heard, NetworkPatron, Rig, soon
from bridge.testing.ring import Ring

T = TypeVar("T")

QUIET_S = 1.5  # how long a case listens before it believes that nothing comes


class Scene:
    """One rig, one ring, the patrons who came."""

    def __init__(self, rig: Rig, ring: Ring) -> None:
        self.rig = rig
        self.ring = ring
        self.can: Capabilities = rig.capabilities
        self._patrons: list[NetworkPatron] = []
        self._numbers = count(1)

    async def begin(self, config: Any = None) -> None:
        """Start the daemon and wait until the channel works."""
        await self.ring.start(self.rig.config() if config is None else config)
        await soon("the channel up", self.ring.up())

    async def again(self, first: Callable[[], None] = lambda: None) -> None:
        """Start the daemon once more after a stop or a crash, `first` done before it runs."""
        await self.ring.start(self.rig.config())
        first()
        await self.ring.until(lambda: any(each.up for each in self.ring.statuses()), "the channel up again")

    async def patron(self, name: str) -> NetworkPatron:
        """Return a patron with a client of their own."""
        patron: NetworkPatron = await soon(f"patron {name} signs in", self.rig.patron(name))
        self._patrons.append(patron)
        return patron

    async def hello(self, patron: NetworkPatron) -> Message:
        """Have a patron write something new; return it as it came in."""
        text = f"Good morning, question {next(self._numbers)}"
        source = await soon("a patron writes", patron.say(text))
        message = await self.ring.message(text)
        assert (message.sender, message.source) == (patron.address, source)
        assert message.id == message_id(self.ring.channel, patron.address, source)
        assert message.channel == self.ring.channel
        return message

    async def heard(self, patron: NetworkPatron) -> Heard:
        """Return the next thing that a patron is shown."""
        heard: Heard = await soon("a patron is shown something", patron.hear())
        return heard

    async def hears(self, patron: NetworkPatron, *texts: str) -> list[Heard]:
        """Have a patron be shown exactly these texts next, in this order."""
        heard = [await self.heard(patron) for _ in texts]
        assert [each.text for each in heard] == list(texts)
        return heard

    async def hears_nothing(self, patron: NetworkPatron) -> None:
        """Have a patron be shown nothing for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET_S):
                heard = await patron.hear()
                raise AssertionError(f"nothing more should be shown, but was: {heard.text!r}")

    async def talk(self, patron: NetworkPatron) -> None:
        """Have a question come in and its answer go out: the channel works both ways."""
        message = await self.hello(patron)
        text = f"The answer to: {message.text}"
        await self.ring.answer(message, text)
        await self.hears(patron, text)

    async def acknowledged(self, patron: NetworkPatron, source: str, *, within: float = 30.0) -> bool:
        """Return whether a message is acknowledged by `within` seconds."""

        async def asked() -> bool:
            return await patron.acknowledged(source)

        return await eventually(asked, within)

    async def outcome(self, delivery: Delivery) -> str:
        """Return the stage at which a delivery was settled, or which the first receipt reported (fan-out)."""
        return (await self.ring.reached(delivery)).stage

    async def leave(self) -> None:
        """Sign everybody off."""
        for patron in self._patrons:
            await soon("a patron leaves", patron.close())
        self._patrons.clear()


async def eventually(asked: Callable[[], Awaitable[bool]], within: float) -> bool:
    """Ask again and again until the answer is yes, for `within` seconds; return the last answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while True:
                if await asked():
                    return True
                await asyncio.sleep(0.05)
    return False


async def persistently(do: Callable[[], Awaitable[None]], wanted: asyncio.Task[T]) -> T:
    """Do something again and again (signs may be lost) until `wanted` is done; return its result."""
    try:
        while not wanted.done():
            await do()
            await asyncio.wait([wanted], timeout=2.5)
        return wanted.result()
    finally:
        wanted.cancel()
        await asyncio.wait([wanted])
