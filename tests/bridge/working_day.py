"""All that a desk asks of its store, at once and again and again: writing, deciding, following, delivering, signs.

What is Unavailable is tried again, as the daemon's parts do; any other error is a defect and ends the day.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from bridge.redis.store import OutEntry, Stale, Store, StoreUnavailable

FOREVER_MS = 3_600_000
BLOCK_MS = 3_000
RECEIPT = b"sent "


class WorkingDay:
    """Numbers 0, 1, 2… are taken in, committed, delivered and settled; `until_it_goes_on` and `ends_well` look at them."""

    def __init__(self, store: Store) -> None:
        self.acknowledged = 0  # numbers below this were taken in
        self.refusals = 0
        self.followed: list[int] = []
        self.delivered = 0
        self.heard = -1
        self._store = store
        self._closing = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def over(cls, store: Store) -> AsyncIterator[WorkingDay]:
        """Work until the end of the block. Raises what made a part stop."""
        day = cls(store)
        parts = (day._write, day._decide, day._follow, day._deliver, day._listen)
        day._tasks = [asyncio.create_task(day._again_and_again(part)) for part in parts]
        try:
            yield day
        finally:
            for task in day._tasks:
                task.cancel()
            ends = await asyncio.gather(*day._tasks, return_exceptions=True)
            for end in ends:
                if isinstance(end, Exception):
                    raise end

    async def until_it_goes_on(self, within: float) -> None:
        """Return when a dozen numbers of later than now have gone through every part."""
        mark = self.acknowledged + 10
        await self._until(
            lambda: self.acknowledged > mark and self.followed[-1:] > [mark] and self.delivered > mark < self.heard,
            within,
        )

    async def ends_well(self, within: float) -> None:
        """Stop writing; check that whatever was acknowledged is in the log, delivered and settled, once and in order."""
        self._closing.set()
        await self._until(lambda: self._tasks[0].done() and self.delivered >= self.acknowledged, within)
        await self._until(lambda: len(self.followed) >= self.acknowledged, within)
        assert self.followed == list(range(self.acknowledged))
        assert await self._store.pending("sms") == []
        payloads = [
            payload for entry in await self._store.read_inputs("0-0", count=100_000) for payload in entry.payloads
        ]
        numbers = [b"%d" % n for n in range(self.acknowledged)]
        assert [payload for payload in payloads if not payload.startswith(RECEIPT)] == numbers
        assert [payload for payload in payloads if payload.startswith(RECEIPT)] == [RECEIPT + n for n in numbers]

    async def _until(self, condition: Callable[[], bool], within: float) -> None:
        async with asyncio.timeout(within):
            while not condition():
                for task in self._tasks[1:]:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.01)

    async def _again_and_again(self, part: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await part()
            except StoreUnavailable:
                self.refusals += 1
                await asyncio.sleep(0.02)

    async def _write(self) -> None:
        while not self._closing.is_set():
            n = self.acknowledged
            assert len(await self._store.ingest([(f"n{n}", b"%d" % n)], {"sms": {"since": str(n)}})) == 1
            assert await self._store.cursor("sms") == {"since": str(n)}
            self.acknowledged += 1
            await self._store.publish(b"%d" % n)
            await asyncio.sleep(0.005)

    async def _decide(self) -> None:
        with contextlib.suppress(Stale):
            assert await self._store.take("core", FOREVER_MS, force=True)
            head = await self._store.head()
            seq, last = head.seq, head.last_input
            while True:
                for entry in await self._store.read_inputs(last, count=10, block_ms=BLOCK_MS):
                    said = [payload for payload in entry.payloads if not payload.startswith(RECEIPT)]
                    seq, last = seq + 1, entry.id
                    await self._store.commit("core", "e", seq, last, b" ".join(said), [("sms", one) for one in said])
        raise StoreUnavailable("the log is not where we thought: load afresh")

    async def _follow(self) -> None:
        seq = 0
        self.followed = []
        while True:
            for entry in await self._store.read_log(seq, count=100, block_ms=BLOCK_MS):
                self.followed += map(int, entry.steps.split())
                seq = entry.seq

    async def _deliver(self) -> None:
        await self._store.open_group("sms")
        assert await self._store.take("drain", FOREVER_MS, channel="sms", force=True)
        await self._settle(await self._store.pending("sms"))
        while True:
            await self._settle(await self._store.read_out("sms", count=10, block_ms=BLOCK_MS))

    async def _settle(self, entries: list[OutEntry]) -> None:
        for entry in entries:
            await self._store.attempt("sms", "drain", entry.id, 0)
        await self._store.settle("sms", [(e.id, e.id, RECEIPT + e.payload) for e in entries])
        for entry in entries:
            self.delivered = max(self.delivered, int(entry.payload) + 1)

    async def _listen(self) -> None:
        async for signal in self._store.subscribe():
            self.heard = int(signal)
