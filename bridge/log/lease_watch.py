"""Who runs the core and who holds each channel, as every process of a desk knows it.

Looked up each second. A desk whose core nobody runs takes in what people write, and answers nothing until a process takes over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from bridge.redis.holders import HELD, TOOK, Holder
from bridge.redis.store import Store, StoreError

LOOK_S = 1.0
SOON_S = 0.1  # while nobody runs the core
CORE = ""  # the core's lease among those of channels


class LeaseWatch:
    """The leases of one consortium; `run` looks. `process` is ours."""

    def __init__(self, store: Store, consortium: str, process: str) -> None:
        self._store = store
        self._consortium = consortium
        self._process = process
        self.holders: Mapping[str, Holder] = {}
        self.core_held = False
        self.on_look: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Look until cancelled. While the store is away what was seen last stays: that the store is away is told elsewhere."""
        while True:
            with suppress(StoreError):
                held = await self._store.lease_left() > 0
                self._show(await self._store.holders(), held)
            await asyncio.sleep(LOOK_S if self.core_held else SOON_S)

    @property
    def core_here(self) -> bool:
        """Whether this process runs the core, as far as was seen last."""
        found = self.holders.get(CORE)
        return self.core_held and found is not None and found.process == self._process

    def told(self, channel: str = CORE) -> str:
        """Say for a person where a lease is held; "" where nobody ever held it."""
        found = self.holders.get(channel)
        return found.told if found is not None else ""

    def _show(self, holders: Mapping[str, Holder], core_held: bool) -> None:
        self.holders, self.core_held = holders, core_held
        for channel, one in holders.items():
            names = self._consortium, channel or "core"
            ours = one.process == self._process and (core_held or bool(channel))
            HELD.labels(*names).set(ours)
            if ours:
                TOOK.labels(*names).set(one.took_ms / 1000)
        for each in self.on_look:
            each()
