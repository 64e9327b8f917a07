"""How late the event loop is: the time by which a short pause becomes longer. Everybody waits that long now and then."""

from __future__ import annotations

import asyncio

from bridge.runtime.metrics import TimesFamily

PAUSE_S = 0.25
LAG = TimesFamily(
    "deskbridge_loop_lag_seconds",
    "How late the event loop came back from a short pause",
    [],
    (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)


async def measure() -> None:
    """Measure four times a second, until cancelled."""
    loop, lag = asyncio.get_running_loop(), LAG.labels()
    while True:
        due = loop.time() + PAUSE_S
        await asyncio.sleep(PAUSE_S)
        lag.observe(max(0.0, loop.time() - due))
