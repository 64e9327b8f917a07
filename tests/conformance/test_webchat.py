"""Web chat keeps the adapter contract."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_webchat import WebchatRig


class TestWebchat(Conformance):
    rig = WebchatRig
