"""A desk with one number, at the local server that answers like Twilio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.testing.scene import Scene
from tests.conformance.rig_sms import SmsRig
from tests.conformance.scenes import opened


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A started server and an open ring; the desk is not started yet."""
    async with opened(SmsRig, tmp_path) as found:
        yield found


@pytest.fixture
def rig(scene: Scene) -> SmsRig:
    """The scene's server side."""
    assert isinstance(scene.rig, SmsRig)
    return scene.rig
