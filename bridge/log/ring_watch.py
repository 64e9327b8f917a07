"""Looks once a second whether the core decides and whether this process hears of it, so that all are told within five seconds.

It asks the store alone, so it makes no difference which host runs the core. There are three ways to stand still:

    core         its lease ran out or is not renewed, or inputs wait and it commits nothing
    log          it commits, and the replica here does not follow: librarians and patrons see old things
    transcripts  the archive does not answer, does not write, or is far behind: search and old transcripts are missing

A lag is the time since the log had an entry that the follower has not. One clock of this process measures it, so a clock that is
set changes nothing. While the store itself is away, nothing is known of the core: `StoreWatch` tells of that.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Literal

import structlog

from bridge.log.store_watch import StoreWatch
from bridge.redis.store import Pulse, Store, StoreError

Trouble = Literal["core", "log", "transcripts"]

LOOK_S = 1.0
SILENT_S = 3.5  # with the pause between two looks, less than five seconds
BEHIND_S = 30.0  # the archive writes in large transactions, and chats do not wait for it
AGAIN_S = 3.0  # how long the end of a core is told: one that ends again and again is never well
MOST_SAMPLES = 3_600
MEASURE_S = 5.0
FACTS = ("used_memory", "maxmemory", "connected_slaves")

log = structlog.get_logger("bridge.log.ring_watch")


class RingWatch:
    """What stands still, as `troubles`; `run` must be running. `on_change` is called when they are others.

    `lease_ms`: what a renewed lease has. `followers`: how far each has come, by name ("replica", "tail", "archive").
    `writing` returns why the archive could not write the last time, "" when it could.
    """

    def __init__(
        self,
        store: Store,
        store_watch: StoreWatch,
        lease_ms: int,
        followers: Mapping[str, Callable[[], int]],
        writing: Callable[[], str] = lambda: "",
    ) -> None:
        self._store, self._store_watch = store, store_watch
        self._lease_s = lease_ms / 1000
        self._followers, self._writing = followers, writing
        self.troubles: dict[Trouble, str] = {}
        self.lag_s: dict[str, float] = dict.fromkeys(followers, 0.0)
        self.pulse: Pulse | None = None
        self.depths: dict[str, int] = {}  # entries of each stream
        self.server: dict[str, int] = {}  # facts of Redis, by INFO's names
        self.on_change: list[Callable[[], None]] = []
        self._archive_away = ""
        self._ended_at = float("-inf")
        self._samples: deque[tuple[float, int]] = deque(maxlen=MOST_SAMPLES)  # when the log had reached which entry
        self._begin_again()

    def _begin_again(self) -> None:
        self._renewed = self._moved = time.monotonic()

    async def run(self) -> None:
        """Look until cancelled."""
        self._begin_again()
        while True:
            try:
                if self._store_watch.up:
                    self._note(await self._store.pulse())
                else:
                    self._begin_again()
            except (StoreError, OSError):
                self._begin_again()
            self._judge()
            await asyncio.sleep(LOOK_S)

    async def measure(self, channels: Callable[[], Collection[str]]) -> None:
        """Measure the streams and the server every few seconds, until cancelled."""
        while True:
            with suppress(StoreError, OSError):
                if self._store_watch.up:
                    self.depths = await self._store.depths(channels())
                    facts = await self._store.settings()
                    self.server = {name: int(facts[name]) for name in FACTS if facts.get(name, "").isdecimal()}
            await asyncio.sleep(MEASURE_S)

    def core_ended(self) -> None:
        """Note that the only process that can decide has ended; it is started again."""
        self._ended_at = time.monotonic()
        self._judge()

    def archive_found(self, why: str) -> None:
        """Note that the database does not answer, or ("") that it does."""
        self._archive_away = why
        self._judge()

    # ---- what was seen

    def _note(self, pulse: Pulse) -> None:
        now, before = time.monotonic(), self.pulse
        self.pulse = pulse
        if pulse.lease_ms:
            self._renewed = max(self._renewed, now - max(0.0, self._lease_s - pulse.lease_ms / 1000))
        if before is None or not pulse.waits or (pulse.seq, pulse.epoch) != (before.seq, before.epoch):
            self._moved = now
        if before is not None and pulse.seq < before.seq:  # another master, which has less
            self._samples.clear()
        if not self._samples or self._samples[-1][1] != pulse.seq:
            self._samples.append((now, pulse.seq))
        for name, position in self._followers.items():
            self.lag_s[name] = self._lag(now, position())
        reached = min((position() for position in self._followers.values()), default=pulse.seq)
        while len(self._samples) > 1 and self._samples[0][1] <= reached:
            self._samples.popleft()

    def _lag(self, now: float, seq: int) -> float:
        return next((now - at for at, reached in self._samples if reached > seq), 0.0)

    # ---- what it means

    def _judge(self) -> None:
        troubles: dict[Trouble, str] = {}
        if why := self._core():
            troubles["core"] = why
        if (lag := self.lag_s.get("replica", 0.0)) > SILENT_S:
            troubles["log"] = f"is read here {lag:.0f} s late"
        if why := self._transcripts():
            troubles["transcripts"] = why
        if troubles != self.troubles:
            if troubles.keys() != self.troubles.keys():
                log.warning("ring-stands" if troubles else "ring-moves", **troubles)
            self.troubles = troubles
            for tell in self.on_change:
                tell()

    def _core(self) -> str:
        now = time.monotonic()
        if now - self._ended_at < AGAIN_S:
            return "ended and is started again"
        if self.pulse is None or not self._store_watch.up:
            return ""
        if now - self._renewed > SILENT_S:
            return "is silent" if self.pulse.lease_ms else "is not running on any host"
        if now - self._moved > SILENT_S:
            return f"decides nothing; the oldest input waits for {self.pulse.waiting_ms / 1000:.0f} s"
        return ""

    def _transcripts(self) -> str:
        if why := self._archive_away or self._writing():
            return why
        lag = max(self.lag_s.get("archive", 0.0), self.lag_s.get("tail", 0.0))
        return f"are {lag:.0f} s behind" if lag > BEHIND_S else ""
