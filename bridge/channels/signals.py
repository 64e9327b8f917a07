"""Ephemeral signs (typing, viewing) by publish and subscribe: never stored, never waited for, lost without harm.

One subscription a process feeds everybody who listens. A sign that is told again within `REPEAT_S` is dropped, so a key held
down costs one sign and not fifty; a changed one goes out at once. A listener that does not keep up loses the oldest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import structlog

from bridge.contract.adapter import Signal, Undeclared
from bridge.redis.store import StoreError
from bridge.runtime.backoff import Backoff

if TYPE_CHECKING:
    from bridge.redis.store import Store

REPEAT_S = 2.0
MAX_SIGN = 4096  # bytes; a longer draft is not told
MAX_CALL_WORD = 128 * 1024
HELD = 256  # signs a slow listener may be behind
STAFF, PATRONS = ("typing", "paused"), ("gone", "wrote")  # what a channel hears of either side
FRESH = 10_000  # remembered for throttling

log = structlog.get_logger("bridge.channels.signals")

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Signal)


class Throttle:
    """Which signs are worth telling: the first, a changed one, or the same after `REPEAT_S`."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: dict[
            tuple[str, str, str, str], tuple[float, str, int]
        ] = {}  # what patrons type is compared, not kept

    def passes(self, signal: Signal) -> bool:
        """Return whether to tell `signal` now."""
        who = (signal.conversation, signal.channel, signal.address, signal.librarian)
        now, text = self._now(), hash(signal.text)
        before = self._last.pop(who, None)
        if before and before[1:] == (signal.kind, text) and now - before[0] < REPEAT_S:
            self._last[who] = before
            return False
        self._last[who] = (now, signal.kind, text)
        while len(self._last) > FRESH:
            del self._last[next(iter(self._last))]
        return True


class SignalBoard:
    """All signs of one consortium in this process. `run` holds the subscription."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._throttle = Throttle(now)
        self._ears: set[asyncio.Queue[Signal]] = set()

    async def run(self) -> None:
        """Hand what is published to everybody who listens here, until cancelled; comes back after an outage."""
        backoff = Backoff(most=10.0)
        while True:
            with suppress(StoreError):
                async for raw in self._store.subscribe():
                    backoff.reset()
                    self._hand_out(raw)
            await asyncio.sleep(backoff.next())

    async def tell(self, signal: Signal) -> None:
        """Publish a sign, best effort: an outage or a repeat drops it."""
        call = signal.kind == "call"  # each of its words counts, and none is like another
        most = MAX_CALL_WORD if call else MAX_SIGN
        if (call or self._throttle.passes(signal)) and len(raw := _encoder.encode(signal)) <= most:
            with suppress(StoreError):
                await self._store.publish(raw)

    async def listen(self) -> AsyncIterator[Signal]:
        """Iterate over all signs from now on."""
        ear: asyncio.Queue[Signal] = asyncio.Queue(HELD)
        self._ears.add(ear)
        try:
            while True:
                yield await ear.get()
        finally:
            self._ears.discard(ear)

    def _hand_out(self, raw: bytes) -> None:
        try:
            signal = _decoder.decode(raw)
        except msgspec.MsgspecError:
            log.warning("a sign could not be read", size=len(raw))
            return
        for ear in self._ears:
            if ear.full():
                ear.get_nowait()
            ear.put_nowait(signal)


class ChannelSignals:
    """`bridge.contract.adapter.Signals` of one channel.

    Patrons' signs go to librarians; librarians' signs go to this channel's patrons. That a patron is gone goes to all processes
    that serve the channel, since they may be connected to another one.
    """

    def __init__(self, board: SignalBoard, channel: str, *, typing: bool) -> None:
        self._board = board
        self._channel = channel
        self._typing = typing

    async def tell(self, signal: Signal) -> None:
        """Tell librarians. Raises Undeclared for an adapter that does not declare typing."""
        if not self._typing:
            raise Undeclared(f"{self._channel}: tells signs but does not declare typing")
        await self._board.tell(msgspec.structs.replace(signal, channel=self._channel, librarian=""))

    async def listen(self, channel: str) -> AsyncIterator[Signal]:
        """Iterate over what librarians signal to patrons of this channel, and over its patrons who are gone from one process
        or wrote by another way.
        Raises Undeclared where typing is not declared."""
        if not self._typing or channel != self._channel:
            raise Undeclared(f"{self._channel}: listens for signs of {channel!r} but may not")
        async for signal in self._board.listen():
            if signal.channel == channel and signal.kind in (STAFF if signal.librarian else PATRONS):
                yield signal
