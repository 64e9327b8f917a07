"""XMPP keeps the adapter contract: on two servers that share no code."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_xmpp import AccountRig


class TestAccountOnProsody(Conformance):
    rig = AccountRig
