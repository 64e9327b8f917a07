"""A desk with one bot, at the local server that answers like Telegram."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.scene import Scene
from tests.conformance.rig_telegram import TelegramRig
from tests.conformance.scenes import opened


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A server that runs and an open ring; the desk is not started yet."""
    async with opened(TelegramRig, tmp_path) as found:
        yield found


@pytest.fixture
def rig(scene: Scene) -> TelegramRig:
    """The scene's network."""
    assert isinstance(scene.rig, TelegramRig)
    return scene.rig
