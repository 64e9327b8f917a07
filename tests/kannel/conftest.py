"""A desk with one number behind a Kannel of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.scene import Scene
from tests.conformance.rig_kannel import KannelRig
from tests.conformance.scenes import opened
from tests.peers.kannel import Kannel


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A Kannel that runs and an open ring; the desk is not started yet."""
    if Kannel.missing():
        pytest.skip(Kannel.missing())
    async with opened(KannelRig, tmp_path) as found:
        yield found


@pytest.fixture
def rig(scene: Scene) -> KannelRig:
    """The scene's network."""
    assert isinstance(scene.rig, KannelRig)
    return scene.rig
