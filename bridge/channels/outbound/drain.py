"""Drain one out stream into one adapter: in order within a conversation, side by side between them, every outcome shown.

Rules
- One lane a conversation; its order is the log's. At most one submission of a lane is in flight.
- Retry holds its lane until it is sent or its deadline has passed, and no other; Uncertain releases it.
- What is longer than the network takes is cut; the delivery is settled after its last part.
- A delivery that nobody could send by its deadline fails, visibly.

A lane is in `lane`, what a network can carry in `parts`, what is done about doubt in `submission`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from bridge.channels.inbound.validate import clean
from bridge.channels.outbound.lane import BEGUN, Lane, Work
from bridge.channels.outbound.settle import Settler
from bridge.channels.outbound.task_pool import TaskPool
from bridge.contract.adapter import Adapter, Outcome, Rejected, Retry, Rewound, Sent, Uncertain
from bridge.contract.message import Delivery, Receipt
from bridge.contract.token_bucket import PacedCalls
from bridge.redis.store import Fenced, StoreError
from bridge.runtime.backoff import Backoff, leaves
from bridge.runtime.metrics import CountFamily, TimesFamily
from routing.wire import decode_delivery

if TYPE_CHECKING:
    from bridge.log.traces import MessageTraces
    from bridge.redis.store import OutEntry, Store

PREFETCH = 1000  # deliveries on their way here, about, without those that rest until another try
MOST = 10_000  # with them
READ = 64  # commits in one read
BLOCK_MS = 5000
STOP_S = 5.0  # what is in flight may finish when the drain is told to stop
LOOK_S = 1.0

DELIVERIES = CountFamily("deskbridge_deliveries", "Deliveries by channel and outcome", ["channel", "outcome"])

TOOK = TimesFamily(
    "deskbridge_delivery_seconds",
    "Time from the decision to send until the outcome was known, by channel and outcome",
    ["channel", "outcome"],
    (0.1, 0.5, 1, 5, 15, 60, 300, 3_600, 86_400),
)

log = structlog.get_logger("bridge.channels.outbound.drain")


class Drain:
    """The one drain of a channel: its process holds the channel's lease `token`. Sends while `open`ed."""

    def __init__(
        self,
        store: Store,
        channel: str,
        adapter: Adapter,
        token: str,
        *,
        stop_s: float = STOP_S,
        now: Callable[[], float] = time.time,
        traces: MessageTraces | None = None,
        worded: Callable[[Delivery], Delivery] = lambda delivery: delivery,
    ) -> None:
        self.name = channel
        self.worded = worded
        self.store = store
        self.adapter = adapter
        self.capabilities = adapter.capabilities
        self.at_once = adapter.capabilities.idempotent and not adapter.capabilities.rate
        self.token = token
        self.bucket = PacedCalls(adapter.capabilities.rate)
        self.standing = asyncio.Event()
        self.stopping = False
        self.resting = 0
        self.now = now
        self._stop_s = stop_s
        self._traces = traces
        self._lanes: dict[str, Lane] = {}
        self._crew = TaskPool(self._serve)
        self._on_its_way: set[str] = set()
        # the attempt of what an earlier drain left, where none was written down
        self._unknown = BEGUN if self.capabilities.idempotent else -1
        self._room = asyncio.Event()
        self._settling = Settler(store, channel, self._settled)
        outcomes = {outcome: (channel, outcome.__name__.lower()) for outcome in (Sent, Rejected, Retry, Uncertain)}
        self._counted = {outcome: DELIVERIES.labels(*names) for outcome, names in outcomes.items()}
        self._took = {outcome: TOOK.labels(*names) for outcome, names in outcomes.items()}

    def open(self) -> None:
        """The adapter's session is connected: send."""
        self.standing.set()

    def close(self) -> None:
        """The adapter's session ended: begin nothing new."""
        self.standing.clear()

    async def run(self) -> None:
        """Drain until cancelled. Raises StoreError (Fenced: another process holds the channel)."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._settling.run())
                tasks.create_task(self._look())
                self._crew.muster(tasks)
                reading = tasks.create_task(self._read())
                try:
                    await asyncio.wait([reading])
                except asyncio.CancelledError:
                    if not (reading.done() or reading.cancelling()):  # else a part failed, and the group ends all of us
                        reading.cancel()
                        await self._finish()
                    raise
        except BaseExceptionGroup as errors:
            raise next(iter(leaves(errors))) from None

    # -- reading

    async def _read(self) -> None:
        backoff = Backoff(first=0.1, most=5.0)
        while True:
            try:
                await self._resume()
                backoff.reset()
                while True:
                    await self._next()
            except Fenced:
                raise
            except StoreError as error:
                log.warning("the drain waits for the store", channel=self.name, error=type(error).__name__)
                await asyncio.sleep(backoff.next())

    async def _resume(self) -> None:
        """Take up everything that is not settled; what is on its way here already is not taken twice."""
        on_its_way = set(self._on_its_way)
        attempts = await self.store.attempts(self.name)
        await self.store.open_group(self.name)
        for entry in await self.store.pending(self.name):
            self._feed(entry, attempts, on_its_way)
        self._unknown = -1

    async def _next(self) -> None:
        while not self._has_room():
            self._room.clear()
            await self._room.wait()
        for entry in await self.store.read_out(self.name, count=READ, block_ms=BLOCK_MS):
            self._feed(entry, {}, frozenset())

    def _has_room(self) -> bool:
        held = len(self._on_its_way)
        return held - self.resting < PREFETCH and held < MOST

    def makes_room(self) -> None:
        """More deliveries rest: others may come meanwhile."""
        self._room.set()

    def _feed(self, entry: OutEntry, attempts: Mapping[str, int], skip: Collection[str]) -> None:
        delivery = decode_delivery(entry.payload)
        if delivery.id in skip or delivery.id in self._on_its_way:
            return
        self._on_its_way.add(delivery.id)
        work = Work(entry.id, delivery, attempts.get(delivery.id, self._unknown))
        key = delivery.conversation or delivery.to
        if (lane := self._lanes.get(key)) is not None:
            lane.waiting.append(work)
            self.resting += lane.resting
            return
        lane = self._lanes[key] = Lane(self, key, work)
        self._crew.call(lane)

    async def _serve(self, lane: Lane, task: asyncio.Task[None]) -> None:
        lane.task = task
        await lane.serve()
        del self._lanes[lane.key]

    async def _look(self) -> None:
        """Give up submissions that take too long."""
        while True:
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            for lane in [*self._lanes.values()]:
                lane.look(now)

    async def _finish(self) -> None:
        """Let submissions in flight come to their outcome and be settled, for a moment."""
        self.stopping = True
        self._crew.disband()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._stop_s):
                if busy := [lane.task for lane in self._lanes.values() if lane.busy and lane.task is not None]:
                    await asyncio.wait(busy)
                await self._settling.done()

    # -- outcomes

    def ended(self, work: Work, outcome: Outcome) -> None:
        """Settle a delivery whose outcome is known; its lane goes on meanwhile."""
        self._counted[type(outcome)].value += 1
        self._took[type(outcome)].observe(max(0.0, self.now() - work.delivery.at / 1000))
        if self._traces is not None:
            self._traces.sent(work.delivery, type(outcome).__name__.lower())
        self._settling.settle(work.entry, self._receipt(work.delivery, outcome))

    def _settled(self, deliveries: Iterable[str]) -> None:
        self._on_its_way.difference_update(deliveries)
        self._room.set()

    def _receipt(self, delivery: Delivery, outcome: Outcome) -> Receipt:
        """Return what is told of an outcome. A network's own words may hold bytes of no known encoding: they are made fit."""
        at = int(self.now() * 1000)
        match outcome:
            case Sent(network_id, stage, reason, detail):
                reason, detail, known = clean(reason), clean(detail)[:500], clean(network_id)
                return Receipt(delivery=delivery.id, stage=stage, reason=reason, detail=detail, network_id=known, at=at)
            case Rejected(reason, detail):
                reason, detail = clean(reason), clean(detail)[:500]
                return Receipt(delivery=delivery.id, stage="failed", reason=reason, detail=detail, at=at)
            case Retry(reason) | Uncertain(reason):
                return Receipt(delivery=delivery.id, stage="uncertain", reason=clean(reason), at=at)


def fanout(store: Store, channel: str) -> Callable[[str], AsyncIterator[tuple[str, Delivery]]]:
    """Return the `deliveries` port of a fan-out channel: (after) -> (entry id, delivery); after "" = from now on.

    It outlives an outage of the store: it goes on after the last entry it gave. Raises Rewound for a place that the log
    has not reached: after a failover that lost entries, what comes next may stand before it.
    """

    async def deliveries(after: str) -> AsyncIterator[tuple[str, Delivery]]:
        backoff = Backoff(first=0.2, most=5.0)
        sure = not after
        while True:
            try:
                after = after or await store.fanout_tail(channel)
                sure = sure or await _reached(store, after)
                if not sure:
                    await asyncio.sleep(backoff.next())  # who follows the log may not have noticed either
                    raise Rewound
                entries = await store.read_fanout(channel, after, count=READ, block_ms=BLOCK_MS)
            except StoreError as error:
                log.warning("fan-out waits for the store", channel=channel, error=type(error).__name__)
                sure = False
                await asyncio.sleep(backoff.next())
                continue
            backoff.reset()
            for entry in entries:
                after = entry.id
                yield entry.id, decode_delivery(entry.payload)

    return deliveries


async def _reached(store: Store, place: str) -> bool:
    """Whether the log has come to the commit of `place`."""
    return (await store.head()).seq >= int(place.partition("-")[0])
