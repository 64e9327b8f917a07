"""The ring under a case: a real store, the real supervisor, inlet and outlet, and the case in the place of the core.

The case reads what the adapter handed in from the `in` stream, and puts deliveries on the out stream as a core does. So a
case says exactly what happened and waits for nothing else; the store's server is a private process that can be frozen.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.memory import StoreMemory
from bridge.channels.revocations import StoreRevocations
from bridge.channels.signals import ChannelSignals, SignalBoard
from bridge.channels.supervisor import ChannelHealth, ChannelRunner, ConfiguredChannel, Deliveries, Supervisor
from bridge.contract.adapter import (
    Adapter,
    Busy,
    ChannelDesk,
    HistoryLine,
    Inlet,
    MessageIntake,
    Ports,
    Signal,
    Unavailable,
)
from bridge.contract.answer_notices import AnswerNotices
from bridge.contract.message import ChannelStatus, Delivery, Message, Rating, derive
from bridge.files.blobs import FileBlobs
from bridge.redis.address import server_at
from bridge.redis.connection import RedisConnection
from bridge.redis.embedded import EmbeddedRedis
from bridge.redis.store import Store, StoreError
from bridge.runtime.backoff import Backoff
from bridge.testing.held import HeldStore
from bridge.testing.partner_desk import SuitePartnerDesk
from bridge.testing.record import InputRecord
from bridge.testing.timeline import Timeline, conversation
from routing.wire import decode_input, encode

T = TypeVar("T")
TOKEN = "the-suite"
ORDER = {"uncertain": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}


class Ring(InputRecord):
    """One channel in a daemon of its own. `start` and `stop` are the daemon's; `open` and `close` are the test's."""

    channel = "here"
    consortium = "suite"

    def __init__(self, adapter: type[Adapter], folder: Path) -> None:
        super().__init__()
        self.adapter = adapter
        self.folder = folder
        self.deliveries: list[Delivery] = []
        self._timeline = Timeline()
        self.meet: Callable[[Ring], Awaitable[None]] | None = None  # called when the HTTP side listens
        self.archived: dict[str, str] = {}  # message id -> conversation: what the archive would know
        self.unreadable = False  # history is refused, as by a daemon whose transcripts cannot be read yet
        self.url = ""
        self.supervisor: Supervisor | None = None
        self.board: SignalBoard | None = None
        self.partners: SuitePartnerDesk | None = None
        self.answer_notices: AnswerNotices | None = None
        self._redis = EmbeddedRedis(folder / "redis", maxmemory=64 << 20)
        self._store: HeldStore | None = None  # the daemon's
        self._own: Store | None = None  # the suite's
        self._seq = 0
        self._port = 0
        self._desk = ChannelDesk(open=True, online=True, library="Central")
        self._desks: set[asyncio.Queue[ChannelDesk]] = set()
        self._reading: asyncio.Task[None] | None = None
        self._running: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self._frozen = False
        self._earlier = 0  # inputs before the session that runs now
        self.former = folder / "channel"  # the folder of the channel on this host: what an earlier version kept
        self._hosts = 1

    # -- the test's

    async def open(self) -> None:
        """Start the store's server and take the core's place."""
        await self._redis.start()
        if self.adapter.capabilities.partners:
            self.partners = await SuitePartnerDesk.open(self, self.folder / "partners.sqlite")
        self._own = await Store.open(self._redis.url, self.consortium, patience=5.0)
        assert await self._own.take(TOKEN, 3_600_000)
        self._reading = asyncio.create_task(self._read(), name="suite-core")

    async def close(self) -> None:
        """Stop everything."""
        if self._frozen:
            self.thaw()
        await self.stop()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        if self._own is not None:
            await self._own.close()
        if self.partners is not None:
            await self.partners.close()
        await self._redis.stop()

    def beside(self) -> Ring:
        """Return another process of the same daemon, to be started and stopped: its store and its core are this one's."""
        other = Ring(self.adapter, self.folder)
        other.partners = self.partners
        other.answer_notices = self.answer_notices
        other._redis, other._own, other._timeline = self._redis, self._own, self._timeline
        return other

    def elsewhere(self) -> None:
        """From the next start on, the daemon runs on another host, over the same store: nothing was ever kept on its disk."""
        self._hosts += 1
        self.former = self.folder / f"channel on host {self._hosts}"

    @property
    def memory(self) -> StoreMemory:
        """What the adapter remembers, as another process sees it."""
        assert self._own is not None
        return StoreMemory(self._own, self.channel, self.adapter.capabilities.remembers)

    def erase(self) -> None:
        """Have history tell nothing of what was said so far."""
        self._timeline = Timeline()

    def statuses(self) -> list[ChannelStatus]:
        """Return what the session that runs now said about the channel so far: what an earlier one said is over."""
        return [each for each in self.inputs[self._earlier :] if isinstance(each, ChannelStatus)]

    # -- the daemon's

    def status(self, config: Any) -> ChannelStatus:
        """Return what the core is told of the channel before it runs."""
        return self._configured(config).status

    def _configured(self, config: Any) -> ConfiguredChannel:
        return ConfiguredChannel(
            name=self.channel, kind=self.adapter.name, queue="central/desk", adapter=self.adapter, config=config
        )

    def construct(self, config: Any) -> web.Application:
        """Construct the daemon's parts, the adapter among them; nothing runs yet. Raises Misconfigured."""
        self._store = store = HeldStore(self._redis.url, self.consortium, patience=2.0)
        self.board = SignalBoard(store)
        channel = self._configured(config)
        app, routes = web.Application(), web.Application()
        app.router.add_get("/faq/channels/{channel}/titles.json", _no_titles)

        def ports(channel: ConfiguredChannel, inlet: Inlet, deliveries: Deliveries | None) -> Ports:
            return self._ports(inlet, deliveries, routes)

        self.supervisor = Supervisor(
            store,
            IngestBatcher(store),
            [channel],
            ports,
            find=self.find,
            sole=True,
            stop_s=0.5,
            backoff=lambda: Backoff(first=0.05, most=0.5),
        )
        app.add_subapp(f"/channels/{self.channel}/", routes)
        return app

    async def start(self, config: Any) -> None:
        """Construct the adapter and run its channel, HTTP side included. Raises Misconfigured."""
        sock = self._socket()
        try:
            self._runner = web.AppRunner(self.construct(config), shutdown_timeout=0.5, access_log=None)
            await self._runner.setup()
            await web.SockSite(self._runner, sock).start()
            if self.meet is not None:
                await self.meet(self)
        except BaseException:
            sock.close()
            await self.stop()
            raise
        await self._catch_up()
        assert self.board is not None
        assert self.supervisor is not None
        self._running = [
            asyncio.create_task(self.board.run(), name="suite-board"),
            asyncio.create_task(self.supervisor.run(), name="suite-supervisor"),
        ]

    async def stop(self) -> None:
        """Stop the daemon in good order."""
        for task in reversed(self._running):
            task.cancel()
            await asyncio.wait([task])
        if self._runner is not None:
            await self._runner.cleanup()
        if self._store is not None:
            await self._store.close()
        self._running, self._runner, self._store, self.supervisor = [], None, None, None

    async def crash(self) -> None:
        """Stop as a killed daemon does: nothing is settled or said any more."""
        assert self._store is not None
        self.hold_settling()
        await self._store.close()
        await self.stop()

    def hold_settling(self) -> None:
        """From now on nothing is settled: submissions end and their outcome is not written down."""
        assert self._store is not None
        self._store.held = asyncio.Event()

    def release_settling(self) -> None:
        """Settle what was held back, and all that comes."""
        assert self._store is not None
        assert self._store.held is not None
        self._store.held.set()
        self._store.held = None

    async def break_session(self) -> None:
        """Have the session fail by a bug, and wait until that is counted."""
        before = len(self.statuses())
        session = self.runner().session
        assert session is not None
        session.create_task(_bug())
        await self.until(lambda: any(each.up for each in self.statuses()[before:]), "the channel up again")

    def break_replay(self, when: asyncio.Event) -> None:
        """Have the next replay break off `when` that is set, before it has handed in anything; the one after it is whole."""
        adapter: Any = self.runner().adapter
        whole = adapter.replay

        async def broken(cursor: Mapping[str, str], missed: MessageIntake) -> None:
            adapter.replay = whole
            await when.wait()
            raise Unavailable("the replay broke off")

        adapter.replay = broken

    # -- the store's server

    def freeze(self) -> None:
        """Stop the store's server at once: nothing can become durable."""
        os.kill(self._redis.pid, signal.SIGSTOP)
        self._frozen = True

    async def fill(self) -> None:
        """Make the store's server say that its memory is used up."""
        await self._admin("CONFIG", "SET", "maxmemory", "1")

    async def relieve(self) -> None:
        """Give the store's server its memory back."""
        await self._admin("CONFIG", "SET", "maxmemory", "64mb")

    async def _admin(self, *command: str) -> None:
        link = await RedisConnection.connect(server_at(self._redis.url), patience=5, within=5)
        try:
            await link.call(*command)
        finally:
            link.close()

    async def rewind(self) -> None:
        """Have the store lose what was committed, as a failover to a replica that lacks it does; its connections go with it."""
        assert self._own is not None
        keys = self._own.keys
        await self._admin("DEL", keys.log, keys.head, keys.out(self.channel), keys.left(self.channel))
        self._seq = 0
        await self._admin("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def thaw(self) -> None:
        """Let the store's server go on."""
        os.kill(self._redis.pid, signal.SIGCONT)
        self._frozen = False

    def health(self) -> ChannelHealth:
        """Return how the channel is, as the daemon sees it."""
        assert self.supervisor is not None
        return self.supervisor.runners[self.channel].health

    def runner(self) -> ChannelRunner:
        """Return what runs the channel: it holds the adapter and its inlet."""
        assert self.supervisor is not None
        return self.supervisor.runners[self.channel]

    async def kept(self, words: str) -> list[str]:
        """Return the kinds of rows that hold these words in a key or a value, and the files of the channel's folder that do."""
        memory, found = self.memory, []
        for kind in self.adapter.capabilities.remembers:
            rows = await memory.rows(kind)
            found += [kind.name for row in rows if words in row.key or words.encode() in row.value][:1]
        files = (file for file in self.former.rglob("*") if file.is_file())
        return found + sorted(file.name for file in files if words.encode() in file.read_bytes())

    # -- what goes out

    async def answer(self, to: Message, text: str, **fields: Any) -> Delivery:
        """Put an answer to a patron's message on the out stream, as the core does when a librarian speaks."""
        return (await self.answers(to, [text], **fields))[0]

    async def answers(self, to: Message, texts: Sequence[str], **fields: Any) -> list[Delivery]:
        """Put several answers on the out stream in one commit."""
        base: dict[str, Any] = {
            "channel": self.channel,
            "conversation": conversation(to.sender),
            "to": to.sender,
            "kind": "text",
            "at": int(time.time() * 1000),
            "reply": to.reply,
            "author": "Ada Librarian",
            "language": to.language,
        } | fields
        number = len(self.deliveries)
        made = [Delivery(id=derive("suite", str(number + n)), text=text, **base) for n, text in enumerate(texts)]
        await self.put(made)
        return made

    async def begins(self, address: str, *texts: str, **fields: Any) -> list[Delivery]:
        """Put what a librarian writes first to an address on the out stream, as the core does."""
        base: dict[str, Any] = {
            "channel": self.channel,
            "conversation": conversation(address),
            "to": address,
            "kind": "text",
            "at": int(time.time() * 1000),
            "author": "Ada Librarian",
        } | fields
        number = len(self.deliveries)
        made = [Delivery(id=derive("suite", str(number + n)), text=text, **base) for n, text in enumerate(texts)]
        await self.put(made)
        return made

    async def put(self, deliveries: Sequence[Delivery]) -> None:
        """Commit deliveries."""
        assert self._own is not None
        self._seq += 1
        payloads = [(each.channel, encode(each)) for each in deliveries]
        self.deliveries += deliveries
        for each in deliveries:
            self._timeline.add(each)
        await self._own.commit(TOKEN, "suite", self._seq, "0-0", b"", payloads)

    async def unsettled(self) -> list[str]:
        """Return the ids of deliveries that are still pending."""
        assert self._own is not None
        held = await self._own.pending(self.channel)
        known = {encode(delivery): delivery.id for delivery in self.deliveries}
        return [known[entry.payload] for entry in held]

    async def cursor(self) -> dict[str, str]:
        """Return the cursor as it is saved."""
        assert self._own is not None
        return await self._own.cursor(self.channel)

    def show(self, desk: ChannelDesk) -> None:
        """Change what channels may tell of the desk."""
        self._desk = desk
        for queue in self._desks:
            queue.put_nowait(desk)

    def tell(self, message: Message) -> None:
        """Let history tell a patron's message that came in by another way than the adapter."""
        self._timeline.add(message)

    async def sign(self, signal_: Signal) -> None:
        """Signal as a librarian's browser does."""
        assert self.board is not None
        await self.board.tell(signal_)

    def signals(self) -> ChannelSignals:
        """Return the adapter's port of signs."""
        assert self.board is not None
        return ChannelSignals(self.board, self.channel, typing=self.adapter.capabilities.typing)

    @property
    def desk(self) -> ChannelDesk:
        """Return what channels may tell of the desk."""
        return self._desk

    async def find(self, ids: Sequence[str]) -> str:
        """Answer as the archive does."""
        known = {message.id: conversation(message.sender) for message in self.messages()}
        known |= {delivery.id: delivery.conversation for delivery in self.deliveries}
        return next((found for id in ids if (found := known.get(id) or self.archived.get(id, ""))), "")

    # -- inside

    def _ports(self, inlet: Inlet, deliveries: Deliveries | None, routes: web.Application) -> Ports:
        assert self._store is not None
        self.former.mkdir(exist_ok=True)
        return Ports(
            channel=self.channel,
            inlet=inlet,
            history=self._history,
            desk=self._desk_stream,
            find=self.find,
            signals=self.signals(),
            blobs=self.blobs,
            routes=routes.router,
            memory=StoreMemory(self._store, self.channel, self.adapter.capabilities.remembers, self.former),
            public_url=self.url,
            secret=b"s" * 32,
            deliveries=deliveries,
            process="suite",
            own_data=self._own_data if self.adapter.capabilities.own_data else None,
            transcript=self._transcript if self.adapter.capabilities.transcripts else None,
            revocations=StoreRevocations(self._store, self.channel),
            partners=self.partners,
            answer_notices=self.answer_notices,
        )

    async def _history(self, sender: str, after: str) -> Sequence[HistoryLine]:
        if self.unreadable:
            raise Busy("the transcripts cannot be read, for the suite's sake")
        return await self._timeline.after(sender, after)

    async def _own_data(self, sender: str, language: str) -> AsyncIterator[bytes]:
        for line in await self._history(sender, ""):
            yield f"{line.text}\n".encode()

    async def _transcript(self, delivery: Delivery) -> str:
        lines = await self._timeline.after(delivery.about.partition("|")[2], "")
        return "\n".join(line.text for line in lines)

    @property
    def blobs(self) -> FileBlobs:
        """The files of this ring."""
        return FileBlobs(self.folder / "blobs")

    def _socket(self) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self._port))
        self._port = sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        return sock

    async def _desk_stream(self, sender: str) -> AsyncIterator[ChannelDesk]:
        queue: asyncio.Queue[ChannelDesk] = asyncio.Queue()
        queue.put_nowait(self._desk)
        self._desks.add(queue)
        try:
            while True:
                desk = await queue.get()
                yield desk if sender else msgspec.structs.replace(desk, place=0)  # a place is somebody's
        finally:
            self._desks.discard(queue)

    async def _catch_up(self) -> None:
        """Wait until all that was handed in before is written down: a session begins. A store that is away has said nothing."""
        assert self._own is not None
        with suppress(StoreError):
            if self._reading is not None and (ahead := await self._own.read_inputs(self.position, count=10_000)):
                await self.until(lambda: self.position == ahead[-1].id, "what was handed in before")
        self._earlier = len(self.inputs)

    async def _read(self) -> None:
        assert self._own is not None
        while True:
            with suppress(StoreError):
                for entry in await self._own.read_inputs(self.position, count=100, block_ms=1000):
                    came = [decode_input(payload) for payload in entry.payloads]
                    for each in came:
                        if isinstance(each, Message | Rating):
                            self._timeline.add(each)
                    await self.add(came, entry.id)


async def _bug() -> None:
    raise RuntimeError("a bug, for the suite's sake")


async def _no_titles(request: web.Request) -> web.Response:
    """Answer as the daemon does for a library whose FAQ has no entry yet."""
    return web.json_response({"version": "", "entries": []})
