"""A desk with one bot, at the local server that answers like Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.ring import Ring
from bridge.testing.scene import Scene
from tests.conformance.rig_telegram import TelegramRig


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A server that runs and an open ring; the desk is not started yet."""
    folder = tmp_path / "rig"
    folder.mkdir()
    rig = TelegramRig(folder)
    ring = Ring(rig.adapter, tmp_path)
    ring.meet = rig.meet
    scene = Scene(rig, ring)
    try:
        await ring.open()
        await rig.start()
        yield scene
    finally:
        await ring.close()
        await rig.stop()


@pytest.fixture
def rig(scene: Scene) -> TelegramRig:
    """The scene's network."""
    assert isinstance(scene.rig, TelegramRig)
    return scene.rig
