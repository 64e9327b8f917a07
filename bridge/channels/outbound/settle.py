"""The end of deliveries, in batches: one call in flight, the next gathers, tried again until the store has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import structlog

from bridge.contract.message import Receipt
from bridge.redis.store import StoreError
from bridge.runtime.backoff import Backoff
from routing.wire import encode

if TYPE_CHECKING:
    from bridge.redis.store import Store

log = structlog.get_logger("bridge.channels.outbound.drain")


class Settler:
    """Settles in batches: one call in flight, the next gathers; tried again until the store has it, then `told` of which."""

    def __init__(self, store: Store, channel: str, told: Callable[[Iterable[str]], None]) -> None:
        self._store = store
        self._channel = channel
        self._told = told
        self._waiting: list[tuple[str, Receipt]] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def settle(self, entry: str, receipt: Receipt) -> None:
        """See that the delivery at `entry` is settled, and its receipt durable."""
        if not self._waiting:
            self._wake.set()
            self._idle.clear()
        self._waiting.append((entry, receipt))

    async def done(self) -> None:
        """Wait until everything is settled."""
        await self._idle.wait()

    async def run(self) -> None:
        """Settle what comes, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while batch := self._waiting:
                self._waiting = []
                await self._batch(batch)
            self._idle.set()

    async def _batch(self, batch: Sequence[tuple[str, Receipt]]) -> None:
        rows = [(entry, receipt.delivery, encode(receipt)) for entry, receipt in batch]
        backoff = Backoff(first=0.1, most=5.0)
        while True:
            try:
                await self._store.settle(self._channel, rows)
                break
            except StoreError as error:
                log.warning("settle failed", channel=self._channel, deliveries=len(rows), error=type(error).__name__)
                await asyncio.sleep(backoff.next())
        self._told([receipt.delivery for _, receipt in batch])
