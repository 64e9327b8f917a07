"""Seeing to it that what a patron asked to be forgotten is gone everywhere, and soon.

The archive's tables are blanked in the transaction that reads the erasure from the log. The other places follow here, from the
rows of `bridge.sql.privacy.erasures`. A row is kept until all is done, so a crash only delays it:

    within seconds   files that nothing shows any more; what lies in SQLite's own files; what each web process remembers of the
                     log; what a channel keeps by address (texts that no number took); inputs that could not be decided
    some seconds     snapshots, log and `in` (bridge/core/erasure_trim.py); what was still to be sent,
                     unless its channel is at it already
    eleven minutes   the streams of web chat; then the private Redis writes its file again

An external Redis and PostgreSQL write their own files again as their operators have set it. An operator's order
(`deskbridge forget`) is a row, too: it is handed to the core from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

import msgspec
import structlog

from bridge.channels.inbound.inlet import IngestBatcher
from bridge.contract.adapter import Adapter, Busy, Remembers
from bridge.contract.message import Erase, Receipt, derive
from bridge.log.follower import Follower
from bridge.log.replica import Replica
from bridge.log.tail import Tail
from bridge.redis.store import Store, StoreError
from bridge.sql.privacy.erasures import Erasure, Erasures
from bridge.sql.privacy.retention import Retention
from bridge.sql.transcripts.writer import Writer
from routing.erasure import refusal
from routing.wire import decode_delivery, encode

LOOK_S = 3.0
READ = 64

_log = structlog.get_logger("bridge.privacy.erasure_worker")
_pack = msgspec.msgpack.Encoder().encode

Channels = Callable[[], Iterable[tuple[str, str, Adapter]]]  # name, kind, adapter


class ErasureWorker:
    """One consortium's erasures, as this process carries them further. `sole`: the Redis is ours alone."""

    def __init__(
        self,
        erasures: Erasures,
        store: Store,
        gathering: IngestBatcher,
        *,
        replica: Replica,
        follower: Follower,
        writer: Writer,
        tail: Tail,
        retention: Retention,
        channels: Channels,
        fanouts: Collection[str],
        sole: bool,
    ) -> None:
        self._erasures = erasures
        self._store = store
        self._gathering = gathering
        self._replica = replica
        self._follower = follower
        self._writer = writer
        self._tail = tail
        self._retention = retention
        self._channels = channels
        self._fanouts = fanouts
        self._sole = sole
        self._gone_here: set[Erasure] = set()

    async def run(self) -> None:
        """Carry on until cancelled."""
        await self._replica.ready.wait()
        while True:
            await self._look()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        standing = await self._erasures.standing()
        self._gone_here &= set(standing)
        for one in standing:
            try:
                await self._further(one)
            except (Busy, StoreError) as error:
                _log.warning("not-forgotten-yet", conversation=one.conversation, error=type(error).__name__)
        if any(one.state == "refused" for one in standing):
            await self._erasures.clear()

    async def _further(self, one: Erasure) -> None:
        """Do what comes next for one conversation."""
        if one.state == "asked":
            await self._hand_in(one)
        elif one.state == "erased" and one not in self._gone_here:
            if self._read_up_to(one.position.seq):
                await self._let_go(one)
                self._gone_here.add(one)
        elif one.state == "erased" and not await self._store.holds(one.position.seq, self._fanouts):
            if self._sole:
                await self._store.rewrite_file()
            await self._erasures.done(one.conversation)
            await self._retention.remove((), one.at)  # the row held the addresses
            _log.info("forgotten-everywhere", conversation=one.conversation)

    async def _hand_in(self, one: Erasure) -> None:
        order = Erase(
            id=derive("erase", one.conversation, str(one.at)),
            conversation=one.conversation,
            places=one.places,
            follow_up=one.follow_up,
        )
        if why := refusal(self._replica.state, order):
            await self._erasures.refuse(one.conversation, why)
        else:
            await self._gathering.ingest([order])

    def _read_up_to(self, seq: int) -> bool:
        """Whether everybody in this process has read the log that far."""
        return min(self._replica.position.seq, self._tail.position.seq, self._writer.position.seq) >= seq

    async def _let_go(self, one: Erasure) -> None:
        """Delete what is kept here: in files, by channels, in memory."""
        await self._retention.remove(one.files, one.at)
        await self._follower.forget({one.conversation}, one.position.seq)
        places = [place.partition("|") for place in one.places]
        kinds = {name: kind for name, kind, _ in self._channels()}
        for _, kind, adapter in self._channels():
            addresses = {address for channel, _, address in places if kinds.get(channel) == kind}
            if addresses and adapter.capabilities.forget:
                keeper: Remembers = adapter  # type: ignore[assignment]  # plugins.faults: there, where it is declared
                await keeper.forget(addresses)
        for channel in {*kinds, *(channel for channel, _, _ in places)} - set(self._fanouts):
            await self._withdraw(
                channel, one.conversation
            )  # what was mailed to an address that is no place of theirs, too
        words = [one.conversation, *(address for _, _, address in places)]
        await self._store.forget_dead([_pack(word) for word in words if word])

    async def _withdraw(self, channel: str, conversation: str) -> None:
        """Send nothing more of it: end what is still in a channel's stream."""
        after = "0-0"
        while entries := await self._store.read_fanout(channel, after, count=READ):
            after, ends = entries[-1].id, []
            for entry in entries:
                delivery = decode_delivery(entry.payload)
                if delivery.conversation == conversation:
                    receipt = Receipt(delivery=delivery.id, stage="failed", reason="forgotten")
                    ends.append((entry.id, delivery.id, encode(receipt)))
            if ends:
                await self._store.settle(channel, ends)
