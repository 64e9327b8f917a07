"""One leadership of the core: from taking the lease until losing it, or until a commit is not known to have succeeded.

Read `in` from the cursor that is inside the log; decide input by input in memory; commit whole `in` entries as one log entry. One
commit may be under way while the next is decided. No other process sees any of it before it is committed, since all effects are in
the same call. Any error ends the leadership, and its state is dropped with it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

import structlog

from bridge.contract.message import ProcessGone, Started, Tick
from bridge.core.batch import Alert, CommitBatch
from bridge.core.clock import InputClock
from bridge.core.erasure_trim import ErasureTrim
from bridge.core.lease import Lease
from bridge.log import snapshot
from bridge.log.snapshot import Loaded, SnapshotMark, TimeSlice
from bridge.log.traces import MessageTraces
from bridge.redis.holders import holder
from bridge.redis.store import InputEntry, Stale, Store
from routing import core, wire
from routing.state import State

READ = 64  # `in` entries read at once
INPUTS = 512  # of one commit, about
IDLE_MS = 1_000  # the longest wait for an input
TICK_PAUSE_S = 0.005  # between two ticks at least
ROLL_CALL_S = 2.0
SNAPSHOT_STEPS = 30_000  # replayed in half a second; counting entries instead of steps kept the disk busy
SNAPSHOT_S = 60.0
SNAPSHOT_AGE_S = 86_400.0  # also at a quiet desk: the older snapshot and the log hold words that are deleted by now
SNAPSHOT_REST = 20  # times as long as the last one took: a large state is not written all the time
LOOK_S = 0.25  # a look costs nothing, and three of its four causes are times
FANOUT_AGE_S = 600.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CoreCounts:
    """The work of the core in this process, for metrics."""

    terms: int = 0
    inputs: int = 0
    commits: int = 0
    faults: int = 0
    snapshots: int = 0
    ticks: int = 0


class Leadership:
    """The core while this process holds `lease`."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        process: str,
        *,
        fanout: Collection[str],
        alert: Alert,
        counts: CoreCounts,
        traces: MessageTraces | None = None,
    ) -> None:
        self._store = store
        self._lease = lease
        self._process = process
        self._fanout = fanout
        self._alert = alert
        self._counts = counts
        self._traces = traces
        self._epoch = secrets.token_hex(6)
        self._at = Loaded(State.fresh())
        self._at_rest = asyncio.Lock()  # held while the state is between two log entries, or is copied
        self._committed = 0
        self._wrote = asyncio.Event()
        self._steps = 0  # decided in this leadership
        self._snapshot_steps = 0  # of these, what the newest snapshot holds
        self._snapshot_seq = 0
        self._snapshot_at = 0.0
        self._snapshot_took = 0.0
        self._newest = SnapshotMark(snapshot.FORM, "", 0, "0-0")
        self._older = self._newest
        self._erasure_trim = ErasureTrim(FANOUT_AGE_S)
        self._trail: deque[tuple[float, int]] = deque()
        self._clock = InputClock()
        self._ticked = 0.0

    @property
    def seq(self) -> int:
        """The last entry decided."""
        return self._at.seq

    @property
    def state(self) -> State:
        """The state as decided so far; others only read it."""
        return self._at.state

    async def run(self) -> None:
        """Load, then serve until an error ends the leadership. Raises StoreError; ends its tasks in any case.

        The lease is renewed while loading, too: a long log takes longer than a lease lasts.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._lease.keep())
            await self._load()
            tasks.create_task(self._report_gone_processes())
            tasks.create_task(self._write_snapshots())
            try:
                await self._serve(tasks)
            finally:
                self._at.state.dissolve()

    # ---- load

    async def _load(self) -> None:
        began = time.perf_counter()
        self._at = await snapshot.load_state(self._store)
        self._newest = SnapshotMark(snapshot.FORM, self._at.epoch, self._at.seq, self._at.last_input)
        from_seq = self._at.seq
        head = await self._store.head()
        if head.seq < from_seq:
            raise Stale("the snapshot is ahead of the log")
        await snapshot.replay(self._store, self._at, head.seq)
        self._committed = head.seq
        if self._at.owes or self._at.state.erasures:
            self._erasure_trim.begin(head.seq)
        self._snapshot_seq, self._snapshot_at = from_seq, time.monotonic()
        self._clock.sync(await self._store.now())
        await self._append(Started(process=self._process))
        took = round(time.perf_counter() - began, 3)
        away = self._lease.before.took_ms()
        _log.info(
            "core-started",
            seq=head.seq,
            replayed=head.seq - from_seq,
            seconds=took,
            epoch=self._epoch,
            takeover_ms=away,
        )
        await self._store.tell_holder(holder(self._process, away))

    async def _append(self, given: Started | Tick | ProcessGone, at: int = 0) -> None:
        await self._store.prompt(wire.encode(given), at)

    # ---- read, decide, commit

    async def _serve(self, tasks: asyncio.TaskGroup) -> None:
        """Decide and commit. A commit that fails ends the group, and with it all that is read or decided meanwhile."""
        committing: asyncio.Task[None] | None = None
        while True:
            for entries in _portions(await self._next()):
                async with self._at_rest:
                    batch = await self._decide(entries)
                    if committing is not None:
                        await committing
                    self._at.seq, self._at.epoch, self._at.last_input = self.seq + 1, self._epoch, batch.last_input
                    committing = tasks.create_task(self._write(self.seq, batch))

    async def _next(self) -> list[InputEntry]:
        """Return the next inputs, also while a commit is under way."""
        return await self._store.read_inputs(self._at.last_input, count=READ, block_ms=await self._until_deadline())

    async def _write(self, seq: int, batch: CommitBatch) -> None:
        steps = wire.encode_steps(batch.steps)
        await self._store.commit(
            self._lease.token, self._epoch, seq, batch.last_input, steps, batch.deliveries, batch.faulted
        )
        self._committed = seq
        self._wrote.set()
        self._counts.commits += 1
        if self._traces is not None:
            self._traces.committed(batch.steps)

    async def _decide(self, entries: list[InputEntry]) -> CommitBatch:
        batch, time_slice, erasures = CommitBatch(), TimeSlice(), self._at.state.erasures
        self._clock.note(entries[-1].at)
        for entry in entries:
            for n, _ in enumerate(batch.take(self._at.state, entry, self._alert)):
                if not n & 15:
                    await time_slice.draw()
        self._counts.inputs += batch.inputs
        self._counts.faults += len(batch.faulted)
        self._steps += len(batch.steps)
        if self._at.state.erasures > erasures:
            self._erasure_trim.begin(self._at.seq + 1)
        return batch

    # ---- time

    async def _until_deadline(self) -> int:
        """Return how long (ms) to wait for an input; append a Tick when a deadline has come."""
        deadline = core.next_deadline(self._at.state)
        if deadline is None:
            return IDLE_MS
        left = deadline - self._clock.now()
        if left > 0:
            return max(1, min(IDLE_MS, int(left) + 1))
        await asyncio.sleep(max(0.0, self._ticked + TICK_PAUSE_S - time.monotonic()))
        self._ticked = time.monotonic()
        self._counts.ticks += 1
        await self._append(Tick(), deadline)
        return IDLE_MS

    async def _report_gone_processes(self) -> None:
        """Append ProcessGone for web processes whose heartbeat has expired."""
        while True:
            await asyncio.sleep(ROLL_CALL_S)
            _, silent = await self._store.roll_call()
            for process in silent:
                await self._append(ProcessGone(process=process))
                await self._store.forget(process)
            self._clock.sync(await self._store.now())

    # ---- snapshots and trimming

    async def _write_snapshots(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            steps, since = self._steps - self._snapshot_steps, time.monotonic() - self._snapshot_at
            rested = since >= min(SNAPSHOT_S, SNAPSHOT_REST * self._snapshot_took)
            due = (steps >= SNAPSHOT_STEPS and rested) or (self._committed > self._snapshot_seq and since >= SNAPSHOT_S)
            if due or since >= SNAPSHOT_AGE_S:
                await self.write_snapshot()
            elif rested:
                await self._trim_erased()

    async def _trim_erased(self) -> None:
        """Do the next step of trimming after an erasure."""
        match self._erasure_trim.next(self._committed, self._older.seq):
            case "entry":
                await self._append(Tick())
            case "snapshot":
                await self.write_snapshot()
            case "trim":
                await self._trim(self._older)
                self._erasure_trim.trimmed = (await self._store.log_range())[0] > self._erasure_trim.seq
            case "fanouts":
                for channel in self._fanout:
                    await self._store.trim_out(channel, self._erasure_trim.seq + 1)
                self._erasure_trim.seq = 0
            case "nothing":
                pass

    async def write_snapshot(self) -> None:
        """Write a snapshot at the end of the present batch, once that is committed; trim what is before the older snapshot."""
        began = time.monotonic()
        async with self._at_rest:
            mark = SnapshotMark(
                snapshot.FORM, self._at.epoch, self._at.seq, self._at.last_input, self._erasure_trim.seq
            )
            steps, tables = self._steps, await snapshot.copied(self._at.state)
        while self._committed < mark.seq:
            self._wrote.clear()
            await self._wrote.wait()
        await self._store.write_snapshot(self._lease.token, mark.seq, snapshot.parts(tables, mark))
        self._snapshot_steps, self._snapshot_seq, self._snapshot_at = steps, mark.seq, time.monotonic()
        self._snapshot_took = self._snapshot_at - began
        self._counts.snapshots += 1
        self._older, self._newest = self._newest, mark
        await self._trim(self._older)

    async def _trim(self, older: SnapshotMark) -> None:
        """Drop what no reader needs any more: `in` and `log` before the older snapshot, old deliveries of fan-outs."""
        behind = min([older.seq, *(await self._store.followers()).values()])
        if older.epoch:
            await self._store.trim_inputs(older.last_input)
        await self._store.trim_log(behind)
        self._trail.append((time.monotonic(), older.seq))
        while self._trail and self._trail[0][0] < time.monotonic() - FANOUT_AGE_S:
            _, seq = self._trail.popleft()
            for channel in self._fanout:
                await self._store.trim_out(channel, seq)


def _portions(entries: list[InputEntry]) -> list[list[InputEntry]]:
    """Cut a reading into commits of about INPUTS inputs, entries whole."""
    portions: list[list[InputEntry]] = []
    room = 0
    for entry in entries:
        if room <= 0:
            portions.append([])
            room = INPUTS
        portions[-1].append(entry)
        room -= len(entry.payloads)
    return portions
