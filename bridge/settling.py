"""The end of deliveries, in batches: one call in flight, the next gathers, tried again until the store has it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from bridge.backoff import Backoff
from bridge.message import Receipt
from bridge.store import StoreError
from routing.wire import encode, source_key

if TYPE_CHECKING:
    from bridge.store import Store

log = structlog.get_logger("bridge.outlet")


class Settling:
    """Settles in batches: one call in flight, the next gathers; tried again until the store has it."""

    def __init__(self, store: Store, channel: str) -> None:
        self._store = store
        self._channel = channel
        self._waiting: list[tuple[str, Receipt, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    async def settle(self, entry: str, receipt: Receipt) -> None:
        """Return once the delivery is settled and its receipt durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, receipt, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        """Settle what comes, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if batch := self._waiting:
                self._waiting = []
                await self._batch(batch)

    async def _batch(self, batch: Sequence[tuple[str, Receipt, asyncio.Future[None]]]) -> None:
        rows = [(entry, receipt.delivery, encode(receipt), source_key(receipt)) for entry, receipt, _ in batch]
        backoff = Backoff(first=0.1, most=5.0)
        while True:
            try:
                await self._store.settle(self._channel, rows)
                break
            except StoreError as error:
                log.warning("settle failed", channel=self._channel, deliveries=len(rows), error=type(error).__name__)
                await asyncio.sleep(backoff.next())
        for _, _, done in batch:
            if not done.done():
                done.set_result(None)
