"""The conformance suite against the loop network, in the three ways in which a network can deal with doubt."""

from __future__ import annotations

from bridge.testing import Conformance
from tests.conformance.rig_loop import AskingRig, LoopRig, PlainRig


class TestLoop(Conformance):
    """Drops duplicates, replays, has everything."""

    rig = LoopRig


class TestAskingLoop(Conformance):
    """Can be asked what arrived."""

    rig = AskingRig


class TestPlainLoop(Conformance):
    """The least that a network can do."""

    rig = PlainRig
