"""A rig and an open ring for tests of one channel, outside the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.testing.rig import Rig
from bridge.testing.ring import Ring
from bridge.testing.scene import Scene


@asynccontextmanager
async def opened(kind: type[Rig], folder: Path) -> AsyncIterator[Scene]:
    """Start the network of a rig and open a ring below `folder`; the desk is not started yet."""
    (folder / "rig").mkdir()
    rig = kind(folder / "rig")
    ring = Ring(rig.adapter, folder)
    ring.meet = rig.meet
    try:
        await ring.open()
        await rig.start()
        yield Scene(rig, ring)
    finally:
        await ring.close()
        await rig.stop()
