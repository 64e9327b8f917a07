"""One channel's life in one process: its lease, its sessions one after another, its drain, and what the core knows of it.

Who holds what
    exclusive        session and drain, both under the channel's lease, in one process
    neither          a session in every process (webhooks), the drain in the one that holds the lease
    fanout           a session in every process, no drain: the adapter reads `deliveries` itself

A stop lets the drain finish what is in flight before the session ends under it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import Counter, Gauge

from bridge.channels.inbound.inlet import IngestBatcher, StoreInlet
from bridge.channels.outbound.drain import Drain, fanout
from bridge.channels.session_end import State, verdict, weightiest
from bridge.contract.adapter import Adapter, Busy, Capabilities, Misconfigured, Ports, Replays, Throttled
from bridge.contract.message import ChannelStatus, Delivery
from bridge.redis.holders import LastSign, holder
from bridge.redis.store import Fenced, Store, StoreError
from bridge.runtime.backoff import Backoff

if TYPE_CHECKING:
    from bridge.contract.adapter import Inlet

LEASE_MS = 20_000
ASK_S = 1.0  # between asking for a lease that another process holds
GOODBYE_S = 2.0
SOUND_S = 10.0  # a session that was connected for this long: the next wait is short again

Deliveries = Callable[[str], AsyncIterator[tuple[str, Delivery]]]

SESSIONS = Counter("deskbridge_sessions", "Sessions of adapters by how they ended", ["channel", "end"])
UP = Gauge("deskbridge_channel_up", "Whether the channel's session stands", ["channel"])

log = structlog.get_logger("bridge.channels.supervisor")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredChannel:
    """A configured channel, ready to be run: `config` is an instance of `adapter.Config`."""

    name: str
    kind: str
    queue: str
    adapter: type[Adapter]
    config: Any

    @property
    def status(self) -> ChannelStatus:
        """Return what the core is told of it, as down."""
        can: Capabilities = self.adapter.capabilities
        return ChannelStatus(
            channel=self.name,
            kind=self.kind,
            queue=self.queue,
            up=False,
            live=can.live,
            marks=can.marks,
            calls=can.calls,
            staff=can.staff,
            threads=can.threads,
            transcripts=can.transcripts,
            label=can.label,
            icon=can.icon,
            private=can.private,
            answers=can.answers,
            partners=can.partners,
            cc=can.cc,
            own_data=can.own_data,
            practice=can.practice,
        )


MakePorts = Callable[[ConfiguredChannel, "Inlet", Deliveries | None], Ports]


@dataclass(slots=True)
class ChannelHealth:
    """How a channel is: `reason` is a word, `failures` how many sessions in a row never connected, `bugs` all that ended by one."""

    state: State = "starting"
    reason: str = ""
    since: float = field(default_factory=time.time)
    failures: int = 0
    bugs: int = 0


class ChannelRunner:
    """One channel's life in this process."""

    def __init__(
        self,
        store: Store,
        gathering: IngestBatcher,
        *,
        channel: ConfiguredChannel,
        ports: MakePorts,
        find: Callable[[Sequence[str]], Awaitable[str]] | None,
        sole: bool,
        process: str,
        stop_s: float,
        backoff: Callable[[], Backoff],
        worded: Callable[[Delivery], Delivery],
    ) -> None:
        self.channel = channel
        self.health = ChannelHealth()
        self.on_health: Callable[[ChannelHealth], None] = lambda health: None
        self._store = store
        self._sole = sole
        self._stop_s = stop_s
        self._backoff = backoff
        self._worded = worded
        self._can: Capabilities = channel.adapter.capabilities
        self._gathering = gathering
        self.inlet = StoreInlet(
            gathering, channel.status, self._can, read_cursor=store.cursor, find=find, on_up=self._stands
        )
        if sole:
            self.inlet.hold()  # webhooks are served before the lease is taken, which nobody else can have
        deliveries = fanout(store, channel.name) if self._can.fanout else None
        self.adapter = _constructed(channel, ports(channel, self.inlet, deliveries))
        self._process = process
        self._last_sign = LastSign()
        self._drain: Drain | None = None
        self.session: asyncio.TaskGroup | None = None  # of the session that runs now
        self._replaying = asyncio.Lock()
        self._replays: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Live until cancelled."""
        try:
            if self._can.fanout:
                await self._sessions()
            elif self._can.exclusive:
                await self._leased(self._both)
            else:
                await _until_cancelled(self._leased(self._draining), self._sessions())
        finally:
            self._show("stopped")

    # -- the lease

    async def _leased(self, work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        """Do `work` whenever this process holds the channel's lease."""
        backoff = Backoff(most=10.0)
        while True:
            token = secrets.token_hex(16)
            try:
                await self._acquire(token)
                backoff.reset()
                await self._say_taken()
                await self._holding(token, work)
            except Fenced:
                log.warning("the channel's lease is lost", channel=self.channel.name)
            except StoreError as error:
                log.warning("the store is away", channel=self.channel.name, error=type(error).__name__)
            except Exception:
                log.exception("the channel's drain failed", channel=self.channel.name)
            finally:
                await self._let_go(token)
            await asyncio.sleep(backoff.next())

    async def _acquire(self, token: str) -> None:
        while not await self._store.take(token, LEASE_MS, channel=self.channel.name, force=self._sole):
            if self._can.exclusive:
                self._show("standby")
            self._last_sign.of_another(LEASE_MS, await self._store.lease_left(self.channel.name))
            await asyncio.sleep(ASK_S)

    async def _say_taken(self) -> None:
        """Tell people that this process holds the channel, and how long after the holder before it."""
        took = self._last_sign.took_ms()
        log.info("the channel's lease is taken", channel=self.channel.name, takeover_ms=took)
        await self._store.tell_holder(holder(self._process, took), self.channel.name)
        self._last_sign.ours(asyncio.get_running_loop().time())

    async def _holding(self, token: str, work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        working = asyncio.create_task(work(token))
        renewing = asyncio.create_task(self._renew(token))
        try:
            await asyncio.wait((working, renewing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(working)
            if self._can.exclusive and not renewing.done():
                await self._goodbye(None if working.cancelled() else working.exception())
            await _cancelled(renewing)
        _raise_first((renewing, working))

    async def _goodbye(self, end: BaseException | None) -> None:
        """Tell the core that the channel is down, before another process can hold it and say that it is up."""
        if isinstance(end, Fenced):
            return  # one does already
        reason = verdict(end)[1] if isinstance(end, Exception) else "stopped"
        with suppress(Busy, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._tell(up=False, reason=reason)

    async def _renew(self, token: str) -> None:
        """Renew until the lease is lost. While the store is away nobody else can take it either."""
        while True:
            await asyncio.sleep(LEASE_MS / 4000)
            asked = asyncio.get_running_loop().time()
            try:
                await self._store.renew(token, LEASE_MS, channel=self.channel.name)
                self._last_sign.ours(asked)
            except Fenced:
                raise
            except StoreError as error:
                log.warning("the lease cannot be renewed now", channel=self.channel.name, error=type(error).__name__)

    async def _let_go(self, token: str) -> None:
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._store.release(token, channel=self.channel.name)

    async def _both(self, token: str) -> None:
        self.inlet.said = None  # another process may have spoken since
        await _until_cancelled(self._draining(token), self._sessions())

    async def _draining(self, token: str) -> None:
        self._drain = Drain(
            self._store,
            self.channel.name,
            self.adapter,
            token,
            stop_s=self._stop_s,
            traces=self._gathering.traces,
            worded=self._worded,
        )
        if self.session is not None and self.health.state == "up":
            self._drain.open()
        try:
            await self._drain.run()
        finally:
            self._drain = None

    # -- sessions

    async def _sessions(self) -> None:
        backoff = self._backoff()
        self.inlet.hold()  # not sooner: beside the process that holds the lease, nothing is owed here
        if not self._can.fanout:
            with suppress(Busy):
                await self._tell(up=False, reason="starting")
        while True:
            began = time.monotonic()
            end = await self._one_session()
            if self.health.state == "up" and time.monotonic() - began > SOUND_S:
                backoff.reset()
            self._ended(end)
            least = end.AFTER_S if isinstance(end, Throttled) else 0.0
            wait = None if self.health.state == "blocked" else max(least, backoff.next())
            self.health.failures = backoff.failures
            await self._rest(wait)

    async def _one_session(self) -> Exception | None:
        """Run one session; return why it ended.

        In a task of its own: a TaskGroup whose tasks fail while it is cancelled forgets that it was (Python before 3.13).
        """
        session = asyncio.create_task(self._grouped(), name=f"session {self.channel.name}")
        try:
            await asyncio.wait([session])
        finally:
            await _cancelled(session)
            self.session = None
            self.inlet.ended()
            if self._drain is not None:
                self._drain.close()
        error = None if session.cancelled() else session.exception()
        return weightiest(error) if error is not None else None

    async def _grouped(self) -> None:
        async with asyncio.TaskGroup() as self.session:
            running = self.session.create_task(self.adapter.run(), name=f"adapter {self.channel.name}")
            running.add_done_callback(lambda _: self._end_replays())

    def _stands(self) -> None:
        """The adapter says `up`."""
        if self.session is None:
            return
        self._show("up")
        if self._drain is not None:
            self._drain.open()
        if self._can.replay:
            replay = self.session.create_task(self._replay(), name=f"replay {self.channel.name}")
            self._replays.add(replay)
            replay.add_done_callback(self._replayed)

    async def _replay(self) -> None:
        adapter: Replays = self.adapter  # type: ignore[assignment]  # plugins.faults: there, where it is declared
        async with self._replaying:
            try:
                await adapter.replay(await self.inlet.cursor(), self.inlet.missed)
            except asyncio.CancelledError as error:
                if (task := asyncio.current_task()) is None or task.cancelling():
                    raise
                raise RuntimeError("replay let out a cancellation of its own making") from error

    def _replayed(self, replay: asyncio.Task[None]) -> None:
        """Let live messages in; not when the replay broke off, for their cursor would go past what was missed."""
        self._replays.discard(replay)
        if replay.cancelled() or replay.exception() is not None:
            self.inlet.refuse()
        elif not self._replays:
            self.inlet.release()

    def _end_replays(self) -> None:
        for replay in self._replays:
            replay.cancel()

    def _ended(self, end: Exception | None) -> None:
        """Show and log how a session ended."""
        name = self.channel.name
        state, reason = verdict(end)
        SESSIONS.labels(name, reason).inc()
        if reason == "internal":
            self.health.bugs += 1
            log.error("the adapter failed", channel=name, exc_info=end)
        else:
            log.warning("the session ended", channel=name, reason=reason, why=str(end) if end else "")
        self._show(state, reason)

    async def _rest(self, seconds: float | None) -> None:
        """Wait before the next session (None: for ever), and tell the core that the channel is down."""
        telling = asyncio.create_task(self._tell_until_heard(self.health.reason))
        try:
            await (asyncio.Event().wait() if seconds is None else asyncio.sleep(seconds))
        finally:
            await _cancelled(telling)

    async def _tell_until_heard(self, reason: str) -> None:
        while True:
            with suppress(Busy):
                return await self._tell(up=False, reason=reason)
            await asyncio.sleep(ASK_S)

    async def _tell(self, *, up: bool, reason: str) -> None:
        if self.inlet.said != (up, reason):
            await self.inlet.say(up=up, reason=reason)

    def _show(self, state: State, reason: str = "") -> None:
        if (state, reason) != (self.health.state, self.health.reason):
            self.health.state, self.health.reason, self.health.since = state, reason, time.time()
            UP.labels(self.channel.name).set(state == "up")
            self.on_health(self.health)


def _constructed(channel: ConfiguredChannel, ports: Ports) -> Adapter:
    try:
        return channel.adapter(channel.config, ports)
    except Misconfigured:
        raise
    except Exception as error:
        raise Misconfigured(f"channel {channel.name}: {type(error).__name__}: {error}") from error


async def _cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is gone; its exception stays with it, and counts as seen."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()


async def _until_cancelled(first: Coroutine[Any, Any, None], second: Coroutine[Any, Any, None]) -> None:
    """Run both until one fails or we are cancelled; the first is stopped, wholly, before the second."""
    tasks = asyncio.create_task(first), asyncio.create_task(second)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            await _cancelled(task)
    _raise_first(tasks)


def _raise_first(tasks: Iterable[asyncio.Task[None]]) -> None:
    errors = [error for task in tasks if not task.cancelled() and (error := task.exception())]
    if errors:
        raise errors[0]
