"""The conformance suite against the loop network, where a network drops repeats, and where it can be asked.

One that can do neither is what `deskbridge adapter new` writes: test_adapter_kit.py."""

from __future__ import annotations

from bridge.testing import Conformance
from tests.conformance.rig_loop import AskingRig, LoopRig


class TestLoop(Conformance):
    """Drops duplicates, replays, has everything."""

    rig = LoopRig


class TestAskingLoop(Conformance):
    """Can be asked what arrived."""

    rig = AskingRig
