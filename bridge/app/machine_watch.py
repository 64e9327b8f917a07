"""Says when the machine runs out of disk, descriptors or memory, and takes nothing new in before memory is gone.

A process that grows past its limit is killed, started again, loads the same state and is killed again: nobody can work then. So
above `CROWDED` of its memory the desk refuses new work, in words, and lets what it has drain; a little below it goes on. A machine
without a limit for us is shared with others: there it refuses as late as `CROWDED_MACHINE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from bridge.redis.store import Store
from bridge.runtime import machine
from bridge.runtime.health import DaemonHealth, HealthPart
from bridge.runtime.machine import MachineUse

LOOK_S = 1.0
CROWDED, CROWDED_MACHINE = 0.9, 0.97
CALMER = 0.04
NEARLY = 0.9  # of the descriptors
LEAST_DISK = 100_000_000  # bytes, or a twentieth of a smaller disk
MB = 1_000_000

log = structlog.get_logger("bridge.app.machine_watch")


class MachineWatch:
    """Looks at what is left, for the consortia of `stores`, whose data lies in `folder`; `run` must be running."""

    def __init__(self, folder: Path, stores: Sequence[Store], health: DaemonHealth) -> None:
        self._folder = folder
        self._stores = stores
        self._disk, self._files, self._memory = (
            health.part(name, required=False) for name in ("disk", "descriptors", "memory")
        )

    async def run(self) -> None:
        """Look until cancelled. A disk that hangs delays no look at the rest."""
        async with asyncio.TaskGroup() as looks:
            looks.create_task(self._look_at_disk())
            looks.create_task(self._look_inside())

    async def _look_at_disk(self) -> None:
        while True:
            try:
                self._show_disk(await asyncio.to_thread(machine.disk, self._folder))
            except OSError as error:
                self._disk.down(f"{self._folder}: {error.strerror}")
            await asyncio.sleep(LOOK_S)

    def _show_disk(self, room: MachineUse) -> None:
        if room.left < min(LEAST_DISK, room.most // 20):
            self._disk.down(f"{self._folder}: {room.left // MB} MB are left of {room.most // MB}")
        else:
            self._disk.up()

    async def _look_inside(self) -> None:
        while True:
            files, memory = await asyncio.to_thread(machine.descriptors), await asyncio.to_thread(machine.memory)
            tell(self._files, files.share > NEARLY, f"{files.used} of {files.most} are in use; raise LimitNOFILE")
            self._show_memory(memory)
            await asyncio.sleep(LOOK_S)

    def _show_memory(self, room: MachineUse) -> None:
        before = bool(self._stores and self._stores[0].refuses)
        most = CROWDED if room.most < machine.whole_memory() else CROWDED_MACHINE
        crowded = room.share > most - (CALMER if before else 0)
        why = f"{room.used // MB} of {room.most // MB} MB are in use; new work is refused until there is more"
        for store in self._stores:
            store.refuses = "memory is nearly used up" if crowded else ""
        if crowded != before:
            log.warning("memory-crowded" if crowded else "memory-calm", used=room.used, most=room.most)
        tell(self._memory, crowded, why)


def tell(part: HealthPart, bad: bool, why: str) -> None:
    """Show a part as down, with why, or as up."""
    if bad:
        part.down(why)
    else:
        part.up()
