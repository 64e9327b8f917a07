"""A real server with a channel of ours on it, as the conformance suite has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest_asyncio

from bridge.testing.ring import Ring
from bridge.testing.scene import Scene
from tests.conformance.rig_xmpp import AccountRig
from tests.conformance.rig_xmpp_component import ComponentRig


@asynccontextmanager
async def scene_of(rig_class: type[AccountRig], folder: Path) -> AsyncIterator[Scene]:
    """Run the peer and an open ring; the daemon is not started yet."""
    (folder / "rig").mkdir()
    rig = rig_class(folder / "rig")
    ring = Ring(rig.adapter, folder)
    ring.meet = rig.meet
    scene = Scene(rig, ring)
    try:
        await ring.open()
        await rig.start()
        yield scene
    finally:
        await scene.leave()
        await ring.close()
        await rig.stop()


@pytest_asyncio.fixture
async def account(tmp_path: Path) -> AsyncIterator[Scene]:
    """An account on Prosody."""
    async with scene_of(AccountRig, tmp_path) as scene:
        yield scene


@pytest_asyncio.fixture
async def component(tmp_path: Path) -> AsyncIterator[Scene]:
    """A component of Prosody."""
    async with scene_of(ComponentRig, tmp_path) as scene:
        yield scene
