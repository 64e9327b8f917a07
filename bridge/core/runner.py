"""One consortium's core in this process: take the lease, lead until it is lost, and begin again.

Restart and failover take the same path: a new leader loads the newest snapshot and the log after it. Every process runs one of
these; the one that holds the lease decides, the others wait. Each daemon beats every few seconds (`keep_beating`). So the core
notices when a web process is gone, and with it the connections that it held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog

from bridge.core.batch import Alert
from bridge.core.leadership import CoreCounts, Leadership
from bridge.core.lease import Lease
from bridge.log.snapshot import Unrecoverable
from bridge.log.traces import MessageTraces
from bridge.redis.holders import LastSign
from bridge.redis.store import Store, StoreError
from routing.events import Faulted

BEAT_S = 5.0
ALIVE_MS = 15_000
_log = structlog.get_logger(__name__)


def report(fault: Faulted) -> None:
    """Log that an input could not be decided, which is a bug. The input itself is kept in `dead`."""
    _log.error("input-faulted", input=fault.input, error=fault.error)


class CoreRunner:
    """Runs a consortium's core as process `process`. `sole`: no other process can be there (embedded Redis).
    `fanout`: channels whose deliveries are never settled and are trimmed by age."""

    def __init__(
        self,
        store: Store,
        process: str,
        *,
        sole: bool = False,
        fanout: Collection[str] = (),
        alert: Alert = report,
        traces: MessageTraces | None = None,
    ) -> None:
        self._store = store
        self._process = process
        self._sole = sole
        self._fanout = fanout
        self._alert = alert
        self._traces = traces
        self.counts = CoreCounts()
        self.term: Leadership | None = None
        self._last_sign = LastSign()

    @property
    def leading(self) -> bool:
        """Whether this process runs the core now."""
        return self.term is not None

    async def run(self) -> None:
        """Run until cancelled; wait for a store that is away. Raises Unrecoverable when the log has a hole."""
        while True:
            await self._serve()

    async def _serve(self) -> None:
        """Hold the lease for one term."""
        lease = Lease(self._store, sole=self._sole, last_sign=self._last_sign)
        await lease.acquire()
        try:
            self.counts.terms += 1
            self.term = Leadership(
                self._store,
                lease,
                self._process,
                fanout=self._fanout,
                alert=self._alert,
                counts=self.counts,
                traces=self._traces,
            )
            await self.term.run()
        except* StoreError as errors:
            first = _first(errors)
            _log.warning("core-stopped", error=type(first).__name__, detail=str(first))
        finally:
            self.term = None
            await lease.release()
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError  # a task group that failed while it was cancelled told only of the failure
        await asyncio.sleep(0.02)


async def keep_beating(store: Store, process: str) -> None:
    """Say every few seconds that a process lives, until cancelled. When it falls silent, its connections count as lost."""
    while True:
        try:
            await store.beat(process, ALIVE_MS)
        except StoreError as error:
            _log.warning("heartbeat-not-told", error=type(error).__name__)
        await asyncio.sleep(BEAT_S)


def _first(errors: BaseExceptionGroup[StoreError]) -> BaseException:
    """Return the first plain exception of a group."""
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


__all__ = ["CoreRunner", "Unrecoverable", "keep_beating", "report"]
