"""Who holds a lease, and how long a take-over took.

A lease in Redis is a token that runs out. Beside it stands a record for people: which process on which host took it, when, and how
long after the last sign of the holder before. A take-over is counted from that sign until the new holder works.
"""

from __future__ import annotations

import asyncio
import socket
import time
from datetime import UTC, datetime

import msgspec
from prometheus_client import Gauge

HOST = socket.gethostname()

HELD = Gauge("deskbridge_lease_held", "Whether this process holds a lease", ["consortium", "lease"])
TOOK = Gauge(
    "deskbridge_lease_takeover_seconds",
    "Time from the last sign of a lease's holder until the next one worked, at the last take-over",
    ["consortium", "lease"],
)


class Holder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A lease's holder. `since` is a Unix time in ms; `took_ms` the take-over, 0 where no holder was seen before."""

    process: str
    host: str = HOST
    since: int = 0
    took_ms: int = 0

    @property
    def told(self) -> str:
        """One line for a person."""
        when = datetime.fromtimestamp(self.since / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        took = f", {self.took_ms / 1000:.1f} s after the last sign of the holder before" if self.took_ms else ""
        return f"on {self.host} since {when}{took}"


class LastSign:
    """When a holder of a lease was last seen alive, on this process's clock: by us, or as another holder."""

    def __init__(self) -> None:
        self._at: float | None = None

    def ours(self, at: float) -> None:
        """We held it at `at` (the loop's time)."""
        self._at = at

    def of_another(self, ttl_ms: int, left_ms: int) -> None:
        """Another process holds it, with so much left of the time that each renewal gives."""
        if left_ms > 0:
            at = asyncio.get_running_loop().time() - max(0, ttl_ms - left_ms) / 1000
            self._at = at if self._at is None else max(self._at, at)

    def as_it_is(self) -> LastSign:
        """Return a copy that later signs leave alone."""
        copy = LastSign()
        copy._at = self._at
        return copy

    def took_ms(self) -> int:
        """Return how long ago it was; 0 where no holder was ever seen."""
        return 0 if self._at is None else max(1, round((asyncio.get_running_loop().time() - self._at) * 1000))


def holder(process: str, took_ms: int) -> Holder:
    """Return the record of a lease that was taken now."""
    return Holder(process=process, since=time.time_ns() // 1_000_000, took_ms=took_ms)
