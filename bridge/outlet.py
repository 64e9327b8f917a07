"""Drain one out stream into one adapter: in order within a conversation, side by side between them, every outcome shown.

Rules
- One lane a conversation; its order is the log's. At most one submission of a lane is in flight.
- Retry holds its lane until it is sent or its deadline has passed; Uncertain releases it.
- What is longer than the network takes is cut; the delivery is settled after its last part.
- A delivery that nobody could send by its deadline fails, visibly.

What a network can carry is in `parts`, what is done about doubt in `submission`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import Counter

from bridge.adapter import Adapter, Asks, Capabilities, Outcome, Rejected, Retry, Sent, Uncertain
from bridge.backoff import Backoff, leaves
from bridge.bucket import Bucket
from bridge.message import Attachment, Delivery, Receipt
from bridge.parts import fit, in_parts
from bridge.settling import Settling
from bridge.store import Fenced, StoreError
from bridge.submission import Submission
from routing.wire import decode_delivery

if TYPE_CHECKING:
    from bridge.store import OutEntry, Store

PREFETCH = 1000  # deliveries on their way here, about
READ = 64  # commits in one read
BLOCK_MS = 5000
SEND_S = 90.0  # longer than any adapter's own time-outs
STOP_S = 5.0  # what is in flight may finish when the drain is told to stop
LIVE_PATIENCE_S = 3600
SLOW_PATIENCE_S = 86_400

DELIVERIES = Counter("deskbridge_deliveries", "Deliveries by channel and outcome", ["channel", "outcome"])
ESCAPED = Counter("deskbridge_send_errors", "Exceptions that escaped an adapter's send or lookup", ["channel"])

log = structlog.get_logger("bridge.outlet")


@dataclass(slots=True, eq=False)
class _Work:
    """One delivery on its way. `attempt` is what was written down before a crash, -1 = nothing."""

    entry: str
    delivery: Delivery
    attempt: int = -1


class Drain:
    """The one drain of a channel: whoever runs it holds the channel's lease `token`. Sends while `open`ed."""

    def __init__(
        self,
        store: Store,
        channel: str,
        adapter: Adapter,
        token: str,
        *,
        link: Callable[[Attachment], str] | None = None,
        stop_s: float = STOP_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._stop_s = stop_s
        self._channel = channel
        self._adapter = adapter
        self._token = token
        self._link = link
        self._now = now
        self._capabilities = adapter.capabilities
        self._bucket = Bucket(self._capabilities.rate)
        self._standing = asyncio.Event()
        self._stopping = False
        self._busy: set[asyncio.Task[Any]] = set()  # lanes with a submission in flight or an outcome not settled
        self._lanes: dict[str, deque[_Work]] = {}
        self._on_its_way: set[str] = set()
        self._room = asyncio.Event()
        self._settling = Settling(store, channel)
        self._counted = {
            outcome: DELIVERIES.labels(channel, outcome.__name__.lower())
            for outcome in (Sent, Rejected, Retry, Uncertain)
        }
        self._tasks: asyncio.TaskGroup | None = None

    def open(self) -> None:
        """The adapter's session stands: send."""
        self._standing.set()

    def close(self) -> None:
        """The adapter's session ended: begin nothing new."""
        self._standing.clear()

    async def run(self) -> None:
        """Drain until cancelled. Raises StoreError (Fenced: another process holds the channel)."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._settling.run())
                reading = self._tasks.create_task(self._read())
                try:
                    await asyncio.wait([reading])
                except asyncio.CancelledError:
                    reading.cancel()
                    await self._finish()
                    raise
        except BaseExceptionGroup as errors:
            raise next(iter(leaves(errors))) from None
        finally:
            self._tasks = None

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
                log.warning("the drain waits for the store", channel=self._channel, error=type(error).__name__)
                await asyncio.sleep(backoff.next())

    async def _resume(self) -> None:
        """Take up everything that is not settled; what is on its way here already is not taken twice."""
        on_its_way = set(self._on_its_way)
        attempts = await self._store.attempts(self._channel)
        await self._store.open_group(self._channel)
        for entry in await self._store.pending(self._channel):
            self._feed(entry, attempts, on_its_way)

    async def _next(self) -> None:
        while len(self._on_its_way) >= PREFETCH:
            self._room.clear()
            await self._room.wait()
        for entry in await self._store.read_out(self._channel, count=READ, block_ms=BLOCK_MS):
            self._feed(entry, {}, frozenset())

    def _feed(self, entry: OutEntry, attempts: Mapping[str, int], skip: Collection[str]) -> None:
        delivery = decode_delivery(entry.payload)
        if delivery.id in skip or delivery.id in self._on_its_way:
            return
        self._on_its_way.add(delivery.id)
        work = _Work(entry.id, delivery, attempts.get(delivery.id, -1))
        key = delivery.conversation or delivery.to
        if (lane := self._lanes.get(key)) is not None:
            lane.append(work)
            return
        assert self._tasks is not None
        self._lanes[key] = deque([work])
        self._tasks.create_task(self._serve(key))

    async def _serve(self, key: str) -> None:
        lane, me = self._lanes[key], _me()
        while lane and not self._stopping:
            work = lane.popleft()
            outcome = await self._deliver(work)
            self._counted[type(outcome)].inc()
            await self._settling.settle(work.entry, self._receipt(work.delivery, outcome))
            self._busy.discard(me)
            self._on_its_way.discard(work.delivery.id)
            self._room.set()
        del self._lanes[key]

    async def _finish(self) -> None:
        """Let submissions in flight come to their outcome and be settled, for a moment."""
        self._stopping = True
        if self._busy:
            await asyncio.wait(self._busy, timeout=self._stop_s)

    # -- one delivery

    async def _deliver(self, work: _Work) -> Outcome:
        fitted = fit(work.delivery, self._capabilities, self._link)
        if isinstance(fitted, Rejected):
            return fitted
        parts = in_parts(fitted, self._capabilities.max_text)
        first, doubt = max(0, work.attempt) // 2, work.attempt % 2 == 1 and work.attempt > 0
        outcome: Outcome = Sent()
        for number in range(min(first, len(parts) - 1), len(parts)):
            submission = Submission(self, parts[number], number, self._deadline(work.delivery), doubt)
            outcome = await submission.outcome()
            doubt = False
            if not isinstance(outcome, Sent):
                break
        return outcome

    def _deadline(self, delivery: Delivery) -> float:
        patience = LIVE_PATIENCE_S if self._capabilities.live else SLOW_PATIENCE_S
        return (delivery.expires_at or delivery.at + patience * 1000) / 1000

    def _receipt(self, delivery: Delivery, outcome: Outcome) -> Receipt:
        at = int(self._now() * 1000)
        match outcome:
            case Sent(network_id, stage):
                return Receipt(delivery=delivery.id, stage=stage, network_id=network_id, at=at)
            case Rejected(reason, detail):
                return Receipt(delivery=delivery.id, stage="failed", reason=reason, detail=detail[:500], at=at)
            case Retry(reason) | Uncertain(reason):
                return Receipt(delivery=delivery.id, stage="uncertain", reason=reason, at=at)

    # -- what a submission asks of its drain

    async def standing(self, until: float) -> bool:
        """Wait until the session stands; False when `until` (s since the epoch) came first. A stop ends lanes here."""
        if self._stopping:
            self._busy.discard(_me())
            raise asyncio.CancelledError
        if not self._standing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, until - self._now())):
                    await self._standing.wait()
        return self._now() < until

    async def remember(self, delivery: Delivery, mark: int) -> bool:
        """Write down an attempt; False when the store is away. Raises Fenced."""
        try:
            await self._store.attempt(self._channel, self._token, delivery.id.partition(".")[0], mark)
        except Fenced:
            raise
        except StoreError:
            return False
        return True

    async def submit(self, part: Delivery) -> Outcome:
        """Hand a part to the adapter and wait for what became of it."""
        await self._bucket.take()
        self._busy.add(_me())
        try:
            async with asyncio.timeout(SEND_S):
                outcome = await self._adapter.send(part)
        except TimeoutError:
            return Uncertain("timeout")
        except Exception:
            ESCAPED.labels(self._channel).inc()
            log.exception("an exception escaped send", channel=self._channel, delivery=part.id)
            return Uncertain("internal")
        if isinstance(outcome, Retry):
            self._busy.discard(_me())
        return outcome

    async def ask(self, part: Delivery) -> bool | None:
        """Ask the network whether a part arrived."""
        adapter: Asks = self._adapter  # type: ignore[assignment]  # plugins.faults: there, where it is declared
        try:
            async with asyncio.timeout(SEND_S):
                return await adapter.lookup(part)
        except Exception as error:
            ESCAPED.labels(self._channel).inc()
            log.warning("lookup failed", channel=self._channel, delivery=part.id, error=type(error).__name__)
            return None

    @property
    def capabilities(self) -> Capabilities:
        """What the adapter declares."""
        return self._capabilities

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now()


def _me() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


def fanout(store: Store, channel: str) -> Callable[[str], AsyncIterator[tuple[str, Delivery]]]:
    """Return the `deliveries` port of a fan-out channel: (after) -> (entry id, delivery); after "" = from now on.

    It outlives an outage of the store: it goes on after the last entry it gave.
    """

    async def deliveries(after: str) -> AsyncIterator[tuple[str, Delivery]]:
        backoff = Backoff(first=0.2, most=5.0)
        while True:
            try:
                after = after or await store.fanout_tail(channel)
                entries = await store.read_fanout(channel, after, count=READ, block_ms=BLOCK_MS)
            except StoreError as error:
                log.warning("fan-out waits for the store", channel=channel, error=type(error).__name__)
                await asyncio.sleep(backoff.next())
                continue
            backoff.reset()
            for entry in entries:
                after = entry.id
                yield entry.id, decode_delivery(entry.payload)

    return deliveries
