"""A desk with one number, at the local server that answers like Twilio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.ring import Ring
from bridge.testing.scene import Scene
from tests.conformance.rig_sms import SmsRig


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A started server and an open ring; the desk is not started yet."""
    folder = tmp_path / "rig"
    folder.mkdir()
    rig = SmsRig(folder)
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
def rig(scene: Scene) -> SmsRig:
    """The scene's server side."""
    assert isinstance(scene.rig, SmsRig)
    return scene.rig
