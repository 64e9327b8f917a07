"""One conversation's deliveries on their way into one adapter: one at a time, in order, each to its outcome.

A lane is what its submissions ask (`submission.Way`). It is busy from a submission's begin until nothing more can come of it, so
that a drain that stops knows whom to wait for. How long a submission may take is looked at by the drain once a second:
a timer for each would cost as much as sending does.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from math import isnan
from typing import TYPE_CHECKING, Protocol, get_args

import msgspec
import structlog
from prometheus_client import Counter

from bridge.channels.outbound.fit import carried, unfit
from bridge.channels.outbound.submission import Submission
from bridge.contract.adapter import Adapter, Asks, Capabilities, FilesAway, Outcome, Rejected, Retry, Sent, Uncertain
from bridge.contract.message import Delivery, Stage
from bridge.contract.token_bucket import PacedCalls
from bridge.redis.store import Fenced, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.redis.store import Store

SEND_S = 90.0  # longer than any adapter's own time-outs
LIVE_PATIENCE_S = 3600
SLOW_PATIENCE_S = 86_400
NEVER = float("inf")
STAGES = get_args(Stage)
BEGUN = 1  # an attempt: the first part was begun

ESCAPED = Counter("deskbridge_send_errors", "Exceptions that escaped an adapter's send or lookup", ["channel"])

log = structlog.get_logger("bridge.channels.outbound.drain")


class Work(msgspec.Struct, frozen=True, gc=False):
    """One delivery on its way. `attempt` is what was written down before a crash, -1 = nothing.

    Where the network drops duplicates no attempt is written down: anything that an earlier drain left may have been begun, and
    is sent again; where that cannot be done in time, nobody knows.
    """

    entry: str
    delivery: Delivery
    attempt: int = -1


class Shared(Protocol):
    """What the lanes of a drain share: the adapter and its limits, the store, and how the session is."""

    name: str
    store: Store
    adapter: Adapter
    capabilities: Capabilities
    at_once: bool  # nothing is to be written down or waited for before a submission
    token: str
    bucket: PacedCalls
    standing: asyncio.Event
    stopping: bool
    now: Callable[[], float]
    resting: int  # deliveries that wait for another try, or behind one that does
    worded: Callable[[Delivery], Delivery]  # fills in what no stream may hold, the same at every try

    def makes_room(self) -> None:
        """Hear that more deliveries rest."""

    def ended(self, work: Work, outcome: Outcome) -> None:
        """Hear what became of a delivery."""


class Lane:
    """A conversation's lane: `waiting` is served by `serve`, in `task`."""

    __slots__ = ("_overdue", "_shared", "_until", "busy", "key", "resting", "task", "waiting")

    def __init__(self, shared: Shared, key: str, work: Work) -> None:
        self.key = key
        self.waiting = deque([work])
        self.task: asyncio.Task[None] | None = None
        self.busy = False
        self.resting = False
        self._shared = shared
        self._until = NEVER  # by time.monotonic
        self._overdue = False

    async def serve(self) -> None:
        """Deliver what waits, until nothing does or the drain stops. Raises Fenced."""
        waiting, shared = self.waiting, self._shared
        while waiting and not shared.stopping:
            work = waiting.popleft()
            outcome = await self._deliver(work)
            shared.ended(work, outcome)
            self.busy = False

    def look(self, now: float) -> None:
        """Give a submission up that has taken too long."""
        if self._until < now and self.task is not None:
            self._until, self._overdue = NEVER, True
            self.task.cancel()

    async def _deliver(self, work: Work) -> Outcome:
        shared, capabilities, until = self._shared, self._shared.capabilities, self._deadline(work.delivery)
        if (refused := unfit(work.delivery, capabilities)) is not None:
            return refused
        parts = carried(shared.worded(work.delivery), capabilities)
        if len(parts) > 1 or work.attempt > 0:
            return await self._in_turn(work, parts, until)
        begun = None
        if shared.at_once and shared.standing.is_set() and shared.now() < until:
            begun = await self.submit(parts[0])
            if isinstance(begun, Sent):
                return begun
        return await Submission(self, parts[0], 0, until, doubt=False).outcome(begun)

    async def _in_turn(self, work: Work, parts: Sequence[Delivery], until: float) -> Outcome:
        """Deliver part by part, from the one that an earlier drain came to."""
        first, doubt = max(0, work.attempt) // 2, work.attempt % 2 == 1 and work.attempt > 0
        outcome: Outcome = Sent()
        for number in range(min(first, len(parts) - 1), len(parts)):
            outcome = await Submission(self, parts[number], number, until, doubt).outcome()
            doubt = doubt and self.capabilities.idempotent
            if not isinstance(outcome, Sent):
                break
            if number + 1 < len(parts) and not self.capabilities.idempotent:
                await self.remember(work.delivery, 2 * (number + 1))  # known to be there, should we end before the next
        return outcome

    def _deadline(self, delivery: Delivery) -> float:
        patience = LIVE_PATIENCE_S if self.capabilities.live else SLOW_PATIENCE_S
        return (delivery.expires_at or delivery.at + patience * 1000) / 1000

    # -- what a submission asks

    @property
    def capabilities(self) -> Capabilities:
        """What the network can do."""
        return self._shared.capabilities

    def now(self) -> float:
        """Return the time, s since the epoch."""
        return self._shared.now()

    async def standing(self, until: float) -> bool:
        """Wait until the session is connected; False when `until` (s since the epoch) came first. A stop ends lanes here."""
        shared = self._shared
        self._unless_stopping()
        if not shared.standing.is_set():
            self.busy = False
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, until - self.now())):
                    await shared.standing.wait()
        return self.now() < until

    async def turn(self, until: float) -> bool:
        """Wait for what the network's rate allows; False when `until` came first. A stop ends lanes here, too."""
        try:
            async with asyncio.timeout(max(0.0, until - self.now())):
                await self._shared.bucket.take()
        except TimeoutError:
            return False
        self._unless_stopping()
        return self.now() < until

    def _unless_stopping(self) -> None:
        if self._shared.stopping:
            self.busy = False
            raise asyncio.CancelledError

    async def remember(self, delivery: Delivery, mark: int) -> bool:
        """Write down an attempt; False when the store is away. A stop waits for it, and for what follows. Raises Fenced."""
        shared = self._shared
        self.busy = True
        try:
            await shared.store.attempt(shared.name, shared.token, delivery.id.partition(".")[0], mark)
        except Fenced:
            raise
        except StoreError:
            return False
        return True

    async def submit(self, part: Delivery) -> Outcome:
        """Hand a part to the adapter and wait for what became of it."""
        shared = self._shared
        self.busy = True
        self._until = time.monotonic() + SEND_S
        try:
            return _known(await shared.adapter.send(part))
        except asyncio.CancelledError:
            if self._forgiven():
                return Uncertain("timeout")
            if self._unwanted():
                raise
            return self._escaped(part)
        except FilesAway:
            return Retry("files-away")
        except Exception:
            return self._escaped(part)
        finally:
            self._until = NEVER
            if self._overdue:
                self._forgiven()

    def _escaped(self, part: Delivery) -> Uncertain:
        """Count and log what escaped `send`."""
        ESCAPED.labels(self._shared.name).inc()
        log.exception("an exception escaped send", channel=self._shared.name, delivery=part.id)
        return Uncertain("internal")

    def _unwanted(self) -> bool:
        """Whether somebody wants the task to end: else a CancelledError is of the adapter's own making, and no end of the lane."""
        assert self.task is not None
        return self.task.cancelling() > 0

    def _forgiven(self) -> bool:
        """Take our own cancellation back; False when somebody else wants the task to end."""
        if not self._overdue:
            return False
        self._overdue = False
        assert self.task is not None
        return not self.task.uncancel()

    async def ask(self, part: Delivery) -> bool | None:
        """Ask the network whether a part arrived."""
        adapter: Asks = self._shared.adapter  # type: ignore[assignment]  # plugins.faults: there, where it is declared
        try:
            async with asyncio.timeout(SEND_S):
                return await adapter.lookup(part)
        except (Exception, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and self._unwanted():
                raise
            name = self._shared.name
            ESCAPED.labels(name).inc()
            log.warning("lookup failed", channel=name, delivery=part.id, error=type(error).__name__)
            return None

    def pauses(self) -> None:
        """Note that nothing is in flight: the next try comes later."""
        self.busy = False

    async def rest(self, seconds: float) -> None:
        """Wait for the next try; what waits here meanwhile takes no room from other lanes."""
        shared = self._shared
        self.resting = True
        shared.resting += 1 + len(self.waiting)
        shared.makes_room()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.resting = False
            shared.resting -= 1 + len(self.waiting)


def _known(outcome: Outcome) -> Outcome:
    """Return an adapter's answer if it is one: types are not checked when an adapter runs. Raises TypeError."""
    match outcome:
        case Sent(network_id=str(), stage=stage, reason=str(), detail=str()) if stage in STAGES:
            return outcome
        case Rejected(reason=str(), detail=str()) | Uncertain(reason=str()) | Retry(reason=str(), after=None):
            return outcome
        case Retry(reason=str(), after=int() | float() as after) if not isnan(after):
            return outcome
    raise TypeError(f"send answered a {type(outcome).__name__} that is no outcome, or one with a field of a wrong type")
