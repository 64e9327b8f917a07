"""Is the daemon alive, is it ready, and does systemd know?

The rule: *alive* means that the event loop turns; *ready* means that every part is up without which we can take nothing in. A
channel that is down makes the daemon degraded, never unready. The other channels go on: to take the web pages away because a mail
server is down would lose more than it saves. Readiness comes and goes, liveness does not.

Sources: sd_notify(3), sd_watchdog_enabled(3).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Mapping

import msgspec


class PartReport(msgspec.Struct, frozen=True):
    """One part as /readyz shows it. `why` says what it waits for, what is broken, or where it works; it holds no secret."""

    name: str
    ready: bool
    required: bool
    why: str


class HealthPart:
    """One part's own word on whether the daemon is ready."""

    def __init__(self, name: str, *, required: bool, changed: Callable[[], None]) -> None:
        self.name = name
        self.required = required
        self.ready = False
        self.why = "starting"
        self._changed = changed

    def up(self, where: str = "") -> None:
        """Say that this part works, and where if another host may do it."""
        self._become(True, where)

    def down(self, why: str) -> None:
        """Say that this part does not work, in words for the person who runs the daemon."""
        self._become(False, why)

    def _become(self, ready: bool, why: str) -> None:
        if (self.ready, self.why) != (ready, why):
            self.ready, self.why = ready, why
            self._changed()


class DaemonHealth:
    """Every part's state, told to systemd as it changes."""

    def __init__(self, notifier: Notifier | None = None) -> None:
        self._parts: dict[str, HealthPart] = {}
        self._notifier = notifier or Notifier.from_env()
        self._announced = False
        self._stopping = False

    def part(self, name: str, *, required: bool = True) -> HealthPart:
        """Register a part; it counts as not ready until it says `up`. The same name gives the same part."""
        if name not in self._parts:
            self._parts[name] = HealthPart(name, required=required, changed=self._tell)
        return self._parts[name]

    def drop(self, name: str) -> None:
        """Know a part no longer."""
        if self._parts.pop(name, None) is not None:
            self._tell()

    @property
    def ready(self) -> bool:
        """Whether all required parts work and the daemon is not stopping."""
        return bool(self._parts) and not self._stopping and all(p.ready for p in self._parts.values() if p.required)

    def report(self) -> list[PartReport]:
        """Every part, in the order of registration."""
        return [PartReport(p.name, p.ready, p.required, p.why) for p in self._parts.values()]

    def status(self) -> str:
        """One line for `systemctl status`."""
        if self._stopping:
            return "closing"
        down = [f"{p.name}: {p.why}" for p in self._parts.values() if not p.ready]
        return "all parts work" if not down else "; ".join(down)

    def stopping(self) -> None:
        """Say that the daemon stops: it is not ready any more, and systemd is told."""
        self._stopping = True
        self._notifier.send("STOPPING=1", f"STATUS={self.status()}")

    def reloading(self) -> None:
        """Tell systemd that the configuration is read again (sd_notify(3))."""
        self._notifier.send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def reloaded(self) -> None:
        """Tell systemd that the configuration was read again."""
        self._notifier.send("READY=1", f"STATUS={self.status()}")

    def _tell(self) -> None:
        lines = [f"STATUS={self.status()}"]
        if self.ready and not self._announced:
            self._announced = True
            lines.insert(0, "READY=1")
        self._notifier.send(*lines)

    async def watch(self) -> None:
        """Tell systemd's watchdog twice an interval that the event loop turns; return at once when there is none."""
        while self._notifier.watchdog_s:
            self._notifier.send("WATCHDOG=1")
            await asyncio.sleep(self._notifier.watchdog_s / 2)


class Notifier:
    """The datagram socket to systemd, if there is one. Never raises and never waits: if systemd hangs, we go on."""

    def __init__(self, address: str = "", watchdog_s: float = 0) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = watchdog_s

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Notifier:
        """Return the socket and watchdog that systemd's environment names. A watchdog for another process is not ours."""
        address = env.get("NOTIFY_SOCKET", "")
        for_us = env.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period = env.get("WATCHDOG_USEC", "")
        return cls(address, int(period) / 1e6 if address and for_us and period.isdecimal() else 0)

    def send(self, *lines: str) -> bool:
        """Send one datagram of assignments; False when it could not be sent. A line break inside one becomes a space."""
        if not self._address:
            return False
        payload = "\n".join(" ".join(line.splitlines()) for line in lines).encode()
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
                notify.setblocking(False)
                notify.sendto(payload, self._address)
        except OSError:
            return False
        return True
