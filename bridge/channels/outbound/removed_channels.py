"""Channels that are configured no more: what is meant for one fails, visibly, instead of waiting for ever.

Nobody sends any of it, so no lease is needed; but nobody else may serve the channel either, which only the one process over a
private Redis knows. What an earlier daemon had begun to send is in doubt here as everywhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import structlog
from msgspec.structs import replace

from bridge.contract.message import REMOVED, ChannelStatus, Receipt
from bridge.redis.store import StoreError
from bridge.runtime.backoff import Backoff
from routing.wire import decode_delivery, encode

if TYPE_CHECKING:
    from bridge.redis.store import OutEntry, Store

READ = 64
BLOCK_MS = 5000

log = structlog.get_logger("bridge.channels.outbound.drain")


def removed(status: ChannelStatus) -> ChannelStatus:
    """Return the status of a channel that is configured no more: down, and no answer can be promised by it."""
    return replace(status, up=False, reason=REMOVED, answers=(), transcripts=False, cc=False)


async def refuse(store: Store, channel: str) -> None:
    """Settle as failed all that is put out for `channel`, until cancelled; a store that is away is waited for."""
    backoff = Backoff(first=0.2, most=5.0)
    while True:
        try:
            attempts = await store.attempts(channel)
            await store.open_group(channel)
            await _settle(store, channel, await store.pending(channel), attempts)
            backoff.reset()
            while True:
                await _settle(store, channel, await store.read_out(channel, count=READ, block_ms=BLOCK_MS), {})
        except StoreError as error:
            log.warning("refusing waits for the store", channel=channel, error=type(error).__name__)
            await asyncio.sleep(backoff.next())


async def _settle(store: Store, channel: str, entries: Sequence[OutEntry], attempts: Mapping[str, int]) -> None:
    if not entries:
        return
    rows = []
    for entry in entries:
        id = decode_delivery(entry.payload).id
        receipt = _receipt(id, begun=attempts.get(id, 0) % 2 == 1)
        rows.append((entry.id, id, encode(receipt)))
    await store.settle(channel, rows)
    log.error("deliveries of a channel that is configured no more have failed", channel=channel, deliveries=len(rows))


def _receipt(delivery: str, *, begun: bool) -> Receipt:
    at = time.time_ns() // 1_000_000
    if begun:
        return Receipt(delivery=delivery, stage="uncertain", reason="interrupted", at=at)
    return Receipt(delivery=delivery, stage="failed", reason="channel-down", detail="configured no more", at=at)
