"""A real store for tests of the runtime: a private server, and the tests in the place of the core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from bridge.contract.adapter import Capabilities, Outcome, Ports, Sent
from bridge.contract.message import Delivery, Message, Receipt, derive, message_id
from bridge.redis.embedded import EmbeddedRedis
from bridge.redis.store import Store
from routing.events import Input
from routing.wire import decode_input, encode

CORE = "core"
CHANNEL = "here"


class Harbour:
    """A store and what a core does with it."""

    def __init__(self, store: Store, server: EmbeddedRedis) -> None:
        self.store = store
        self.server = server
        self.seq = 0

    async def inputs(self) -> list[Input]:
        """Return everything that came in so far."""
        entries = await self.store.read_inputs("0-0", count=10_000)
        return [decode_input(payload) for entry in entries for payload in entry.payloads]

    async def messages(self) -> list[Message]:
        """Return the messages that came in so far."""
        return [each for each in await self.inputs() if isinstance(each, Message)]

    async def receipts(self) -> list[Receipt]:
        """Return the receipts that came in so far."""
        return [each for each in await self.inputs() if isinstance(each, Receipt)]

    async def settled(self, count: int, within: float = 30.0) -> list[Receipt]:
        """Return the receipts once there are `count`."""
        async with asyncio.timeout(within):
            while len(receipts := await self.receipts()) < count:
                await asyncio.sleep(0.01)
        return receipts

    async def put(self, *deliveries: Delivery) -> None:
        """Commit deliveries as a core does."""
        self.seq += 1
        payloads = [(each.channel, encode(each)) for each in deliveries]
        await self.store.commit(CORE, "epoch", self.seq, "0-0", b"", payloads)

    async def lease(self, token: str = "drain") -> str:
        """Hold the channel's lease."""
        assert await self.store.take(token, 600_000, channel=CHANNEL, force=True)
        return token


@asynccontextmanager
async def harbour(folder: Path) -> AsyncIterator[Harbour]:
    """Open a harbour; everything is gone afterwards."""
    server = EmbeddedRedis(folder / "redis", maxmemory=64 << 20)
    try:
        store = await Store.open(await server.start(), "tests", patience=5.0)
        assert await store.take(CORE, 600_000)
        try:
            yield Harbour(store, server)
        finally:
            await store.close()
    finally:
        await server.stop()


def message(text: str, source: str, sender: str = "ada@loop", **fields: Any) -> Message:
    """Return a patron's message with the right id."""
    id = message_id(CHANNEL, sender, source)
    return Message(id=id, channel=CHANNEL, sender=sender, source=source, text=text, **fields)


def delivery(number: int, conversation: str = "c1", text: str = "", **fields: Any) -> Delivery:
    """Return an answer."""
    given: dict[str, Any] = {
        "id": derive("test", str(number)),
        "channel": CHANNEL,
        "conversation": conversation,
        "to": conversation,
        "kind": "text",
        "at": int(time.time() * 1000),
        "text": text or f"text {number}",
    }
    return Delivery(**given | fields)


class Pen:
    """An adapter that writes down what it was given and answers as it is told. `answers` go first, then Sent."""

    name: ClassVar[str] = "pen"
    Config: ClassVar[type[Any]] = object
    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, config: Any = None, ports: Ports | None = None) -> None:
        self.sent: list[Delivery] = []
        self.asked: list[str] = []
        self.answers: list[Outcome | BaseException] = []
        self.found: list[bool | BaseException | None] = []
        self.hold: dict[str, asyncio.Event] = {}
        self.changed = asyncio.Event()

    async def run(self) -> None:
        """Do nothing for ever."""
        await asyncio.Event().wait()

    async def send(self, delivery: Delivery) -> Outcome:
        """Write down and answer."""
        self.sent.append(delivery)
        self.changed.set()
        if (gate := self.hold.get(delivery.conversation)) is not None:
            await gate.wait()
        answer = self.answers.pop(0) if self.answers else Sent()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def lookup(self, delivery: Delivery) -> bool | None:
        """Answer as told."""
        self.asked.append(delivery.id)
        found = self.found.pop(0) if self.found else None
        if isinstance(found, BaseException):
            raise found
        return found

    async def has(self, count: int, within: float = 30.0) -> Sequence[Delivery]:
        """Return what was given once it is `count`."""
        async with asyncio.timeout(within):
            while len(self.sent) < count:
                self.changed.clear()
                await self.changed.wait()
        return self.sent


def writing(**can: Any) -> Pen:
    """Return a pen that can what is said."""
    kind: type[Pen] = type("AblePen", (Pen,), {"capabilities": Capabilities(**can)})
    return kind()
